SELECT o_orderpriority, count(*)
FROM orders SEMI JOIN (FROM lineitem WHERE l_commitdate < l_receiptdate) ON l_orderkey = o_orderkey
WHERE o_orderdate BETWEEN DATE '1993-07-01' AND DATE '1993-09-30'
GROUP BY ALL ORDER BY ALL
