WITH averaged AS (
    SELECT *, sum(l_quantity) OVER (PARTITION BY l_partkey) AS total, count(*) OVER (PARTITION BY l_partkey) AS lines
    FROM lineitem)
SELECT (sum(l_extendedprice * 100)::HUGEINT * 100 // 7) / 10000
FROM averaged JOIN part ON p_partkey = l_partkey
WHERE p_brand = 'Brand#23' AND p_container = 'MED BOX'
  AND l_quantity * 500 < (total * 100)::HUGEINT // lines
