WITH sold AS (
    SELECT year(o_orderdate) AS y, l_extendedprice * (1 - l_discount) AS volume,
           s_nationkey = (SELECT n_nationkey FROM nation WHERE n_name = 'BRAZIL') AS brazilian
    FROM lineitem
    JOIN part ON p_partkey = l_partkey AND p_type = 'ECONOMY ANODIZED STEEL'
    JOIN supplier ON s_suppkey = l_suppkey
    JOIN orders ON o_orderkey = l_orderkey AND year(o_orderdate) IN (1995, 1996)
    JOIN customer ON c_custkey = o_custkey
    JOIN nation ON n_nationkey = c_nationkey
    JOIN region ON r_regionkey = n_regionkey AND r_name = 'AMERICA')
SELECT y, (coalesce(sum(volume * 10000) FILTER (brazilian), 0)::HUGEINT * 10000
           // sum(volume * 10000)::HUGEINT) / 10000
FROM sold GROUP BY y ORDER BY y
