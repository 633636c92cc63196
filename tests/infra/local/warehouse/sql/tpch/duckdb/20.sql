WITH shipped AS (
    SELECT l_partkey, l_suppkey, sum(l_quantity) AS pieces FROM lineitem
    WHERE year(l_shipdate) = 1994 GROUP BY ALL)
SELECT DISTINCT s_name, s_address
FROM partsupp
JOIN part ON p_partkey = ps_partkey AND starts_with(p_name, 'forest')
JOIN shipped ON l_partkey = ps_partkey AND l_suppkey = ps_suppkey AND ps_availqty * 2 > pieces
JOIN supplier ON s_suppkey = ps_suppkey
JOIN nation ON n_nationkey = s_nationkey AND n_name = 'CANADA'
ORDER BY s_name
