WITH sold AS (
    SELECT (l_extendedprice * (1 - l_discount) * 10000)::HUGEINT AS revenue, starts_with(p_type, 'PROMO') AS promo
    FROM lineitem JOIN part ON p_partkey = l_partkey
    WHERE year(l_shipdate) = 1995 AND month(l_shipdate) = 9)
SELECT (sum(revenue) FILTER (promo) * 100 * 10000 // sum(revenue)) / 10000 FROM sold
