WITH ranked AS (
    SELECT l_suppkey, sum(l_extendedprice * (1 - l_discount)) AS total, rank() OVER (ORDER BY total DESC) AS place
    FROM lineitem WHERE year(l_shipdate) = 1996 AND quarter(l_shipdate) = 1 GROUP BY l_suppkey)
SELECT s_suppkey, s_name, s_address, s_phone, total
FROM ranked JOIN supplier ON s_suppkey = l_suppkey WHERE place = 1 ORDER BY s_suppkey
