WITH pairs AS (
    SELECT s.n_name AS sold, b.n_name AS bought, year(l_shipdate) AS y, l_extendedprice, l_discount
    FROM lineitem
    JOIN supplier ON s_suppkey = l_suppkey JOIN nation s ON s.n_nationkey = s_nationkey
    JOIN orders ON o_orderkey = l_orderkey
    JOIN customer ON c_custkey = o_custkey JOIN nation b ON b.n_nationkey = c_nationkey)
SELECT sold, bought, y, sum(l_extendedprice * (1 - l_discount)) FROM pairs
WHERE (sold, bought) IN (('FRANCE', 'GERMANY'), ('GERMANY', 'FRANCE')) AND y IN (1995, 1996)
GROUP BY ALL ORDER BY ALL
