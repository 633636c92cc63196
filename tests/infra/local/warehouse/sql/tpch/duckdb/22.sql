WITH near AS (
    SELECT *, c_phone[1:2] AS code FROM customer WHERE c_phone[1:2] IN ('13', '31', '23', '29', '30', '18', '17')),
rich AS (SELECT (sum(c_acctbal * 100)::HUGEINT // count(*)) / 100 AS average FROM near WHERE c_acctbal > 0)
SELECT code, count(*), sum(c_acctbal)
FROM near, rich WHERE c_acctbal > average AND c_custkey NOT IN (SELECT o_custkey FROM orders)
GROUP BY ALL ORDER BY ALL
