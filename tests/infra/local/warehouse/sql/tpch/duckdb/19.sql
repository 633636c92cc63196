WITH wanted (brand, package, least, largest) AS (
    VALUES ('Brand#12', 'SM ', 1, 5), ('Brand#23', 'MED ', 10, 10), ('Brand#34', 'LG ', 20, 15))
SELECT sum(l_extendedprice * (1 - l_discount))
FROM lineitem JOIN part ON p_partkey = l_partkey JOIN wanted ON p_brand = brand
WHERE starts_with(p_container, package) AND l_quantity BETWEEN least AND least + 10
  AND p_size BETWEEN 1 AND largest AND l_shipmode IN ('AIR', 'AIR REG')
  AND l_shipinstruct = 'DELIVER IN PERSON'
