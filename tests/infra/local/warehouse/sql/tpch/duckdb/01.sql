SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice),
       sum(l_extendedprice - l_extendedprice * l_discount),
       sum((l_extendedprice - l_extendedprice * l_discount) * (1 + l_tax)),
       (sum(l_quantity * 100)::HUGEINT // count(*)) / 100,
       (sum(l_extendedprice * 100)::HUGEINT // count(*)) / 100,
       (sum(l_discount * 100)::HUGEINT // count(*)) / 100,
       count(*)
FROM lineitem WHERE l_shipdate <= DATE '1998-09-02'
GROUP BY ALL ORDER BY ALL
