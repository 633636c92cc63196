SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) AS suppliers
FROM partsupp JOIN part ON p_partkey = ps_partkey
ANTI JOIN (FROM supplier WHERE regexp_matches(s_comment, 'Customer.*Complaints')) ON s_suppkey = ps_suppkey
WHERE p_brand != 'Brand#45' AND NOT starts_with(p_type, 'MEDIUM POLISHED')
  AND list_contains([49, 14, 23, 45, 19, 3, 36, 9], p_size)
GROUP BY ALL ORDER BY suppliers DESC, p_brand, p_type, p_size
