WITH german AS (
    SELECT ps_partkey, sum(ps_supplycost * ps_availqty) AS value
    FROM partsupp JOIN supplier ON s_suppkey = ps_suppkey JOIN nation ON n_nationkey = s_nationkey
    WHERE n_name = 'GERMANY' GROUP BY ps_partkey)
SELECT ps_partkey, value FROM german
WHERE value * 100 > (SELECT sum(value) FROM german) ORDER BY value DESC, ps_partkey
