SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, pieces
FROM (SELECT l_orderkey, sum(l_quantity) AS pieces FROM lineitem GROUP BY l_orderkey)
JOIN orders ON o_orderkey = l_orderkey JOIN customer ON c_custkey = o_custkey
WHERE pieces > 300 ORDER BY o_totalprice DESC, o_orderdate, o_orderkey LIMIT 100
