SELECT l_shipmode,
       count(*) FILTER (o_orderpriority IN ('1-URGENT', '2-HIGH')),
       count(*) FILTER (o_orderpriority NOT IN ('1-URGENT', '2-HIGH'))
FROM lineitem JOIN orders ON o_orderkey = l_orderkey
WHERE l_shipmode IN ('MAIL', 'SHIP') AND l_shipdate < l_commitdate AND l_commitdate < l_receiptdate
  AND year(l_receiptdate) = 1994
GROUP BY ALL ORDER BY ALL
