SELECT n_name, year(o_orderdate) AS y,
       sum(l_extendedprice * (1 - l_discount)) - sum(ps_supplycost * l_quantity)
FROM lineitem
JOIN part ON p_partkey = l_partkey AND contains(p_name, 'green')
JOIN partsupp ON ps_partkey = l_partkey AND ps_suppkey = l_suppkey
JOIN supplier ON s_suppkey = l_suppkey
JOIN nation ON n_nationkey = s_nationkey
JOIN orders ON o_orderkey = l_orderkey
GROUP BY ALL ORDER BY n_name, y DESC
