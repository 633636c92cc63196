WITH late AS (
    SELECT l_orderkey, count(DISTINCT l_suppkey) AS suppliers,
           count(DISTINCT l_suppkey) FILTER (l_receiptdate > l_commitdate) AS late_suppliers
    FROM lineitem GROUP BY l_orderkey)
SELECT s_name, count(*) AS numwait
FROM lineitem
JOIN late USING (l_orderkey)
JOIN orders ON o_orderkey = l_orderkey AND o_orderstatus = 'F'
JOIN supplier ON s_suppkey = l_suppkey
JOIN nation ON n_nationkey = s_nationkey AND n_name = 'SAUDI ARABIA'
WHERE l_receiptdate > l_commitdate AND suppliers > 1 AND late_suppliers = 1
GROUP BY s_name ORDER BY numwait DESC, s_name LIMIT 100
