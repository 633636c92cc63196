WITH european AS (
    SELECT *, min(ps_supplycost) OVER (PARTITION BY ps_partkey) AS cheapest
    FROM partsupp JOIN supplier ON ps_suppkey = s_suppkey JOIN nation ON s_nationkey = n_nationkey
    WHERE n_regionkey = (SELECT r_regionkey FROM region WHERE r_name = 'EUROPE'))
SELECT s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
FROM european JOIN part ON ps_partkey = p_partkey
WHERE p_size = 15 AND ends_with(p_type, 'BRASS') AND ps_supplycost = cheapest
ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100
