"""Window functions, most of them over the table of Redshift's documentation."""

from decimal import Decimal

from tests.infra.local.warehouse.sql.coverage.case import Fault, Group, refused, runs

D = Decimal
_ORDER = "(ORDER BY dateid, salesid ROWS UNBOUNDED PRECEDING)"
_FROM = "FROM winsales ORDER BY dateid, salesid"
_BY_QUANTITY = "FROM winsales ORDER BY qty, salesid"
_SELLERS = "FROM winsales ORDER BY sellerid, qty, salesid"


def _column(*values):
    return [(value,) for value in values]


_MEDIANS = _column(*[D(10)] * 3, *[D(20)] * 2, *[D("17.5")] * 4, *[D(25)] * 2)

GROUP = Group(
    "Window functions",
    "c_Window_functions",
    (
        runs(
            "AVG",
            f"SELECT avg(qty) OVER {_ORDER} {_FROM}",
            _column(10, 10, 16, 22, 20, 20, 18, 18, 18, 18, 19),
            page="r_WF_AVG",
        ),
        runs(
            "COUNT",
            "SELECT count(*) OVER (ORDER BY salesid ROWS UNBOUNDED PRECEDING) FROM winsales ORDER BY salesid",
            _column(*range(1, 12)),
            page="r_WF_COUNT",
        ),
        runs(
            "COUNT",
            "SELECT count(qty_shipped) OVER (ORDER BY salesid ROWS UNBOUNDED PRECEDING) FROM winsales"
            " ORDER BY salesid",
            _column(1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 5),
            page="r_WF_COUNT",
        ),
        runs(
            "CUME_DIST",
            "SELECT cume_dist() OVER (ORDER BY qty) FROM winsales WHERE sellerid = 3 ORDER BY qty",
            _column(0.25, 0.5, 0.75, 1.0),
            page="r_WF_CUME_DIST",
        ),
        runs(
            "DENSE_RANK",
            f"SELECT dense_rank() OVER (ORDER BY qty DESC), rank() OVER (ORDER BY qty DESC) {_BY_QUANTITY}",
            [*[(5, 8)] * 4, (4, 7), *[(3, 4)] * 3, *[(2, 2)] * 2, (1, 1)],
            page="r_WF_DENSE_RANK",
        ),
        runs(
            "DENSE_RANK",
            f"SELECT dense_rank() OVER (PARTITION BY sellerid ORDER BY qty DESC) {_SELLERS}",
            _column(2, 2, 1, 1, 1, 4, 3, 2, 1, 2, 1),
            page="r_WF_DENSE_RANK",
        ),
        runs(
            "FIRST_VALUE, LAST_VALUE",
            "SELECT DISTINCT first_value(salesid) OVER (PARTITION BY sellerid ORDER BY qty DESC, salesid"
            " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM winsales ORDER BY 1",
            _column(10005, 20001, 30007, 40001),
        ),
        runs(
            "FIRST_VALUE, LAST_VALUE",
            "SELECT DISTINCT last_value(qty_shipped IGNORE NULLS) OVER (ORDER BY salesid"
            " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM winsales",
            _column(10),
        ),
        runs(
            "LAG",
            f"SELECT lag(qty, 1) OVER (ORDER BY dateid, salesid) {_FROM}",
            _column(None, 10, 10, 30, 40, 10, 20, 10, 20, 15, 20),
        ),
        runs(
            "LEAD",
            f"SELECT lead(qty) OVER (ORDER BY dateid, salesid) {_FROM}",
            _column(10, 30, 40, 10, 20, 10, 20, 15, 20, 30, None),
        ),
        runs(
            "LISTAGG",
            "SELECT listagg(sellerid) WITHIN GROUP (ORDER BY sellerid) OVER () FROM winsales",
            _column(*["11122333344"] * 11),
            page="r_WF_LISTAGG",
        ),
        runs(
            "LISTAGG",
            "SELECT listagg(dateid, ',') WITHIN GROUP (ORDER BY sellerid DESC, salesid ASC) OVER () AS dates"
            " FROM winsales WHERE buyerid = 'b'",
            _column(*["2003-08-02,2004-04-18,2004-04-18,2004-02-12"] * 4),
            page="r_WF_LISTAGG",
        ),
        refused(
            "LISTAGG",
            "SELECT listagg(DISTINCT dateid, ',') WITHIN GROUP (ORDER BY sellerid DESC) OVER () FROM"
            " winsales",
            "DISTINCT",
        ),
        runs(
            "MAX, MIN",
            "SELECT DISTINCT max(qty) OVER (PARTITION BY sellerid) FROM winsales ORDER BY 1",
            _column(20, 30, 40),
        ),
        runs("MAX, MIN", f"SELECT min(qty) OVER {_ORDER} {_FROM} LIMIT 1", _column(10)),
        runs(
            "MEDIAN",
            f"SELECT median(qty) OVER (PARTITION BY sellerid) {_SELLERS}",
            _MEDIANS,
            page="r_WF_MEDIAN",
        ),
        runs(
            "MEDIAN",
            "SELECT median(qty) OVER (ORDER BY qty) FROM winsales",
            Fault("42601"),
            page="r_WF_MEDIAN",
        ),
        runs(
            "NTH_VALUE",
            "SELECT DISTINCT nth_value(qty_shipped, 2) IGNORE NULLS OVER (ORDER BY salesid"
            " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM winsales",
            _column(20),
        ),
        runs(
            "NTILE",
            f"SELECT ntile(4) OVER (ORDER BY qty, salesid) {_BY_QUANTITY}",
            _column(1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4),
        ),
        runs(
            "PERCENT_RANK",
            "SELECT round(percent_rank() OVER (ORDER BY qty), 2) FROM winsales WHERE sellerid = 3 ORDER"
            " BY qty",
            _column(0.0, 0.33, 0.67, 1.0),
            page="r_WF_PERCENT_RANK",
        ),
        runs(
            "PERCENTILE_CONT",
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY qty) OVER () AS median FROM winsales",
            _column(*[D(20)] * 11),
            page="r_WF_PERCENTILE_CONT",
        ),
        runs(
            "PERCENTILE_CONT",
            f"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY qty) OVER (PARTITION BY sellerid)"
            f" {_SELLERS}",
            _MEDIANS,
            page="r_WF_PERCENTILE_CONT",
        ),
        runs(
            "PERCENTILE_CONT",
            "SELECT DISTINCT percentile_cont(0.6) WITHIN GROUP (ORDER BY sales DESC) OVER () FROM washington",
            _column(D("2044.2")),
            page="r_WF_PERCENTILE_CONT",
        ),
        runs(
            "PERCENTILE_DISC",
            "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY qty) OVER () AS median FROM winsales",
            _column(*[20] * 11),
            page="r_WF_PERCENTILE_DISC",
        ),
        runs(
            "PERCENTILE_DISC",
            f"SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY qty) OVER (PARTITION BY sellerid)"
            f" {_SELLERS}",
            _column(10, 10, 10, 20, 20, 15, 15, 15, 15, 10, 10),
            page="r_WF_PERCENTILE_DISC",
        ),
        runs(
            "PERCENTILE_DISC",
            "SELECT DISTINCT percentile_disc(0.6) WITHIN GROUP (ORDER BY sales DESC) OVER () FROM washington",
            _column(D("1531.00")),
            page="r_WF_PERCENTILE_CONT",
        ),
        runs(
            "RANK",
            f"SELECT rank() OVER (ORDER BY qty) {_BY_QUANTITY}",
            _column(1, 1, 1, 1, 5, 6, 6, 6, 9, 9, 11),
            page="r_WF_RANK",
        ),
        runs(
            "RANK",
            f"SELECT rank() OVER (PARTITION BY sellerid ORDER BY qty DESC) {_SELLERS}",
            _column(2, 2, 1, 1, 1, 4, 3, 2, 1, 2, 1),
            page="r_WF_RANK",
        ),
        runs(
            "RATIO_TO_REPORT",
            f"SELECT round(ratio_to_report(qty) OVER (PARTITION BY sellerid), 2) {_SELLERS}",
            _column(0.2, 0.2, 0.6, 0.5, 0.5, 0.13, 0.2, 0.27, 0.4, 0.2, 0.8),
            page="r_WF_RATIO_TO_REPORT",
        ),
        runs(
            "ROW_NUMBER",
            "SELECT row_number() OVER (PARTITION BY sellerid ORDER BY qty, salesid) FROM winsales ORDER"
            " BY sellerid, 1",
            _column(1, 2, 3, 1, 2, 1, 2, 3, 4, 1, 2),
            page="r_WF_ROW_NUMBER",
        ),
        runs(
            "STDDEV_SAMP, STDDEV_POP, VAR_SAMP, VAR_POP",
            "SELECT round(stddev_pop(paid) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING)),"
            " round(var_pop(paid) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING)) FROM paid ORDER BY id",
            [(0.0, 0.0), (119.0, 14161.0), (248.0, 61283.0), (230.0, 53019.0), (223.0, 49845.0)],
            page="r_WF_STDDEV",
        ),
        runs(
            "SUM",
            f"SELECT sum(qty) OVER {_ORDER} {_FROM}",
            _column(10, 20, 50, 90, 100, 120, 130, 150, 165, 185, 215),
            page="r_WF_SUM",
        ),
        runs(
            "SUM",
            f"SELECT sum(qty) OVER (PARTITION BY sellerid ORDER BY dateid, salesid ROWS UNBOUNDED"
            f" PRECEDING) {_FROM}",
            _column(10, 10, 40, 40, 50, 20, 50, 40, 25, 45, 75),
            page="r_WF_SUM",
        ),
        runs(
            "SUM",
            "SELECT sum(1) OVER (ORDER BY sellerid, salesid ROWS UNBOUNDED PRECEDING) AS rownum FROM"
            " winsales ORDER BY 1",
            _column(*range(1, 12)),
            page="r_WF_SUM",
        ),
        runs(
            "Frames",
            "SELECT sum(qty) OVER (ORDER BY salesid) FROM winsales",
            Fault("42601"),
            page="c_Window_functions",
        ),
        runs(
            "Frames",
            "SELECT sum(qty) OVER (ORDER BY salesid ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM"
            " winsales ORDER BY salesid LIMIT 3",
            _column(40, 50, 60),
        ),
        runs(
            "Frames",
            "SELECT sum(qty) OVER (ORDER BY qty RANGE UNBOUNDED PRECEDING) FROM winsales",
            Fault("42601"),
        ),
    ),
    setup="""
        CREATE TABLE winsales (salesid int, dateid date, sellerid int, buyerid char(10), qty int,
            qty_shipped int);
        INSERT INTO winsales VALUES
            (30001, '8/2/2003', 3, 'b', 10, 10), (10001, '12/24/2003', 1, 'c', 10, 10),
            (10005, '12/24/2003', 1, 'a', 30, null), (40001, '1/9/2004', 4, 'a', 40, null),
            (10006, '1/18/2004', 1, 'c', 10, null), (20001, '2/12/2004', 2, 'b', 20, 20),
            (40005, '2/12/2004', 4, 'a', 10, 10), (20002, '2/16/2004', 2, 'c', 20, 20),
            (30003, '4/18/2004', 3, 'b', 15, null), (30004, '4/18/2004', 3, 'b', 20, null),
            (30007, '9/7/2004', 3, 'c', 30, null);
        CREATE TABLE washington (sales DECIMAL(14,2));
        INSERT INTO washington VALUES (6076), (6035), (5881), (2814), (1531), (1476), (1177);
        CREATE TABLE paid (id INT, paid DECIMAL(8,2));
        INSERT INTO paid VALUES (1, 234), (2, 472), (3, 836), (4, 708), (5, 347)
    """,
)
