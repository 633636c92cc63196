WITH returned AS (
    SELECT o_custkey, sum(l_extendedprice * (1 - l_discount)) AS revenue
    FROM lineitem JOIN orders ON o_orderkey = l_orderkey
    WHERE l_returnflag = 'R' AND year(o_orderdate) = 1993 AND quarter(o_orderdate) = 4
    GROUP BY o_custkey)
SELECT c_custkey, c_name, revenue, c_acctbal, n_name, c_address, c_phone, c_comment
FROM returned JOIN customer ON c_custkey = o_custkey JOIN nation ON n_nationkey = c_nationkey
ORDER BY revenue DESC, c_custkey LIMIT 20
