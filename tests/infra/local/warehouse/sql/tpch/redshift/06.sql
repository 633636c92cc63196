SELECT sum(l_extendedprice * l_discount) AS revenue
FROM lineitem
WHERE date_part(year, l_shipdate) = 1994
  AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01
  AND l_quantity < 24;
