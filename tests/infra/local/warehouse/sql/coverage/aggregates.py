"""Aggregate and bit-wise aggregate functions."""

from decimal import Decimal

from tests.infra.local.warehouse.sql.coverage.case import Fault, Group, differs, refused, runs

D = Decimal
_MAY = "FROM aggregated"

AGGREGATES = Group(
    "Aggregate functions",
    "c_Aggregate_Functions",
    (
        runs("ANY_VALUE", f"SELECT any_value(DISTINCT kind) {_MAY} WHERE n = 1", [("a",)]),
        differs(
            "APPROXIMATE COUNT (DISTINCT …)",
            f"SELECT approximate count(DISTINCT n) {_MAY}",
            [(4,)],
            "DuckDB's estimate, not Redshift's: both are within a few per cent",
        ),
        differs(
            "APPROXIMATE PERCENTILE_DISC",
            f"SELECT approximate percentile_disc(0.5) WITHIN GROUP (ORDER BY n) {_MAY}",
            [(2,)],
            "exact where Redshift's is within 0.5 per cent",
        ),
        runs("AVG", f"SELECT avg(n) {_MAY}", [(2,)]),
        runs("AVG", f"SELECT avg(DISTINCT n), avg(ALL n) {_MAY}", [(2, 2)]),
        differs(
            "AVG", f"SELECT avg(price) {_MAY}", [(D("3.78"),)], "of decimals cut at their scale, not rounded"
        ),
        runs("AVG", f"SELECT avg(n::float) {_MAY}", [(2.2,)]),
        runs(
            "COUNT",
            f"SELECT count(*), count(kind), count(ALL kind), count(DISTINCT kind) {_MAY}",
            [(6, 4, 4, 2)],
        ),
        runs(
            "LISTAGG",
            "SELECT listagg(dateid, '|') WITHIN GROUP (ORDER BY sellerid DESC, salesid ASC) FROM winsales"
            " WHERE buyerid = 'b'",
            [("2003-08-02|2004-04-18|2004-04-18|2004-02-12",)],
            page="r_LISTAGG",
        ),
        runs(
            "LISTAGG",
            "SELECT buyerid, listagg(salesid, ',') WITHIN GROUP (ORDER BY salesid) AS sales_id FROM winsales"
            " GROUP BY buyerid HAVING buyerid <> 'b' ORDER BY buyerid",
            [("a", "10005,40001,40005"), ("c", "10001,10006,20002,30007")],
        ),
        runs(
            "LISTAGG",
            "SELECT listagg(DISTINCT sellerid, ', ') WITHIN GROUP (ORDER BY sellerid) FROM winsales",
            [("1, 2, 3, 4",)],
        ),
        runs("LISTAGG", "SELECT listagg(word, ',') FROM words", [("x",)], page="r_LISTAGG"),
        runs("LISTAGG", "SELECT listagg(repeat('x', 40000)) FROM winsales", Fault("22001"), page="r_LISTAGG"),
        refused(
            "LISTAGG",
            "SELECT listagg(DISTINCT dateid, ',') WITHIN GROUP (ORDER BY sellerid) FROM winsales",
            "DISTINCT in the order of another expression",
        ),
        runs("MAX, MIN", f"SELECT max(price), min(DISTINCT price) {_MAY}", [(D("9.99"), D("1.10"))]),
        differs(
            "MEDIAN",
            f"SELECT median(price) {_MAY}",
            [(D("2.0250"),)],
            "of decimals computed as floats and given four places",
        ),
        differs(
            "PERCENTILE_CONT",
            f"SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY n) {_MAY}",
            [(D("1.0000"),)],
            "of decimals computed as floats and given four places",
        ),
        runs(
            "PERCENTILE_CONT", f"SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY n) {_MAY}", Fault("22003")
        ),
        refused(
            "PERCENTILE_DISC without APPROXIMATE or OVER (not Redshift's)",
            f"SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY n) {_MAY}",
        ),
        runs(
            "STDDEV_SAMP, STDDEV, STDDEV_POP",
            f"SELECT cast(stddev_samp(n) AS dec(14,2)), cast(stddev_pop(n) AS dec(14,2)) {_MAY}",
            [(D("1.30"), D("1.17"))],
        ),
        runs(
            "STDDEV_SAMP, STDDEV, STDDEV_POP",
            f"SELECT cast(stddev(price) AS dec(18,10)) = cast(sqrt(var_samp(price)) AS dec(18,10)) {_MAY}",
            [(True,)],
        ),
        runs(
            "STDDEV_SAMP, STDDEV, STDDEV_POP",
            f"SELECT stddev(n) {_MAY} WHERE n = 4",
            [(None,)],
            page="r_STDDEV_functions",
        ),
        runs("SUM", f"SELECT sum(n), sum(DISTINCT n) {_MAY}", [(11, 10)]),
        runs("SUM", f"SELECT sum(price) {_MAY}", [(D("15.14"),)]),
        differs(
            "SUM",
            f"SELECT sum(n::bigint) {_MAY}",
            [(D(11),)],
            "of BIGINT is NUMERIC(38,0), as the page on SUM's window function has it, and not BIGINT",
        ),
        runs("SUM", f"SELECT sum(n) {_MAY} WHERE false", [(None,)]),
        runs(
            "VAR_SAMP, VARIANCE, VAR_POP",
            f"SELECT round(var_samp(n), 4), round(var_pop(n), 4), round(variance(n), 4) {_MAY}",
            [(1.7, 1.36, 1.7)],
        ),
    ),
    setup="""
        CREATE TABLE aggregated (n INT, kind VARCHAR(5), price DECIMAL(6,2));
        INSERT INTO aggregated VALUES (1, 'a', 1.10), (1, 'a', 1.25), (2, 'b', 2.80), (3, 'b', 9.99),
            (4, NULL, NULL), (NULL, NULL, NULL);
        CREATE TABLE words (word VARCHAR(5));
        INSERT INTO words VALUES (''), (NULL), ('x')
    """,
)
BITS = Group(
    "Bit-wise aggregate functions",
    "c_bitwise_aggregate_functions",
    (
        runs("BIT_AND", "SELECT bit_and(n) FROM bits", [(2,)], page="r_BIT_AND"),
        runs("BIT_AND", "SELECT bit_and(DISTINCT n) FROM bits WHERE n IS NULL", [(None,)]),
        runs("BIT_OR", "SELECT bit_or(n) FROM bits", [(31,)], page="r_BIT_OR"),
        runs("BOOL_AND", "SELECT bool_and(n > 3) FROM bits", [(False,)], page="r_BOOL_AND"),
        runs("BOOL_OR", "SELECT bool_or(n > 3) FROM bits", [(True,)], page="r_BOOL_OR"),
    ),
    setup="CREATE TABLE bits (n INT); INSERT INTO bits VALUES (3), (7), (10), (22), (NULL)",
)
