WITH open AS (
    SELECT * FROM orders SEMI JOIN (FROM customer WHERE c_mktsegment = 'BUILDING') ON o_custkey = c_custkey
    WHERE o_orderdate < DATE '1995-03-15')
SELECT o_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority
FROM open JOIN lineitem ON l_orderkey = o_orderkey AND l_shipdate > DATE '1995-03-15'
GROUP BY ALL ORDER BY revenue DESC, o_orderdate, o_orderkey LIMIT 10
