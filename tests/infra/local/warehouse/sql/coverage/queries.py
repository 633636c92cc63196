"""The forms of queries: SELECT lists, FROM, GROUP BY, PIVOT, set operations, WITH, ORDER BY."""

# ruff: noqa: DTZ001, E501 - Redshift's TIMESTAMP has no zone; a statement a line reads better than wrapped SQL

from datetime import datetime
from decimal import Decimal

from tests.infra.local.warehouse.sql.coverage.case import Fault, Group, differs, refused, runs

D = Decimal
_PIVOT = "r_FROM_clause-pivot-unpivot-examples"
PIVOT = Group(
    "PIVOT and UNPIVOT",
    _PIVOT,
    (
        runs("PIVOT", "SELECT * FROM (SELECT partname, price FROM part) PIVOT (AVG(price) FOR partname IN ('prop', 'rudder', 'wing'))",
             [(D("10.33"), D("2.71"), D("11.50"))], page=_PIVOT),
        runs("PIVOT", "SELECT * FROM (SELECT quality, manufacturer FROM part) PIVOT (count(*) FOR quality IN (1, 2, NULL)) ORDER BY 2, 3, 1",
             [("small parts co", 1, 0, 2), ("big parts co", 1, 1, 1), ("local parts co", 1, 1, 1)]),
        runs("PIVOT", "SELECT manufacturer, high_count, na_count FROM (SELECT quality, manufacturer FROM part) PIVOT (count(*) AS count FOR quality IN (1 AS high, 2 AS low, NULL AS na)) ORDER BY 1",
             [("big parts co", 1, 1), ("local parts co", 1, 1), ("small parts co", 1, 2)]),
        runs("PIVOT", "WITH p AS (SELECT partname, quality FROM part) SELECT * FROM p PIVOT (sum(quality) FOR partname IN ('prop', 'none')) AS s",
             [(3, None)]),
        refused("PIVOT", "SELECT * FROM part PIVOT (median(price) FOR partname IN ('prop'))", "an aggregate that Redshift's PIVOT does not take either"),
        runs("UNPIVOT", "SELECT * FROM (SELECT red, green, blue FROM count_by_color) UNPIVOT (cnt FOR color IN (red, green, blue)) ORDER BY 1, 2",
             [("blue", 7), ("blue", 40), ("green", 20), ("green", 23), ("red", 10), ("red", 15), ("red", 35)]),
        runs("UNPIVOT", "SELECT color, cnt FROM count_by_color UNPIVOT INCLUDE NULLS (cnt FOR color IN (green, blue)) WHERE cnt IS NULL ORDER BY 1",
             [("blue", None), ("green", None)]),
        runs("UNPIVOT", "SELECT * FROM count_by_color UNPIVOT (cnt FOR color IN (red AS r, green AS g)) WHERE quality = 'low' ORDER BY color",
             [("low", None, "g", 23), ("low", None, "r", 10)]),
    ),
    setup="""
        CREATE TABLE part (partname VARCHAR, manufacturer VARCHAR, quality INT, price DECIMAL(12, 2));
        INSERT INTO part VALUES ('prop', 'local parts co', 2, 10.00), ('prop', 'big parts co', NULL, 9.00),
            ('prop', 'small parts co', 1, 12.00), ('rudder', 'local parts co', 1, 2.50),
            ('rudder', 'big parts co', 2, 3.75), ('rudder', 'small parts co', NULL, 1.90),
            ('wing', 'local parts co', NULL, 7.50), ('wing', 'big parts co', 1, 15.20),
            ('wing', 'small parts co', NULL, 11.80);
        CREATE TABLE count_by_color (quality VARCHAR, red INT, green INT, blue INT);
        INSERT INTO count_by_color VALUES ('high', 15, 20, 7), ('normal', 35, NULL, 40), ('low', 10, 23, NULL)
    """,
)  # fmt: skip

_GROUPING = "r_GROUP_BY_aggregation-extensions"
GROUPING = Group(
    "GROUP BY",
    "r_GROUP_BY_clause",
    (
        runs("GROUP BY", "SELECT category, sum(cost) FROM orders GROUP BY 1 ORDER BY 1", [("cellphones", D(1610)), ("computers", D(2100))]),
        runs("GROUP BY ALL", "SELECT category, pre_owned, sum(cost) AS s FROM orders GROUP BY ALL ORDER BY 1, 2",
             [("cellphones", "T", D(1610)), ("computers", "F", D(1100)), ("computers", "T", D(1000))]),
        runs("GROUPING SETS", "SELECT category, product, sum(cost) AS total FROM orders GROUP BY GROUPING SETS (category, product) ORDER BY 1, 2",
             [("cellphones", None, D(1610)), ("computers", None, D(2100)), (None, "laptop", D(2050)), (None, "mouse", D(50)), (None, "smartphone", D(1610))]),
        runs("ROLLUP", "SELECT category, product, sum(cost) AS total FROM orders GROUP BY ROLLUP (category, product) ORDER BY 1, 2",
             [("cellphones", "smartphone", D(1610)), ("cellphones", None, D(1610)), ("computers", "laptop", D(2050)),
              ("computers", "mouse", D(50)), ("computers", None, D(2100)), (None, None, D(3710))], page=_GROUPING),
        runs("CUBE", "SELECT category, product, grouping(category) AS a, grouping(product) AS b, grouping(category, product) AS c, sum(cost) AS total FROM orders GROUP BY CUBE (category, product) ORDER BY 3, 1, 2",
             [("cellphones", "smartphone", 0, 0, 0, D(1610)), ("cellphones", None, 0, 1, 1, D(1610)), ("computers", "laptop", 0, 0, 0, D(2050)),
              ("computers", "mouse", 0, 0, 0, D(50)), ("computers", None, 0, 1, 1, D(2100)), (None, "laptop", 1, 0, 2, D(2050)),
              (None, "mouse", 1, 0, 2, D(50)), (None, "smartphone", 1, 0, 2, D(1610)), (None, None, 1, 1, 3, D(3710))]),
        runs("GROUPING, GROUPING_ID", "SELECT grouping_id(category, product) AS g, count(*) FROM orders GROUP BY ROLLUP (category, product) ORDER BY 1, 2",
             [(0, 1), (0, 2), (0, 2), (1, 2), (1, 3), (3, 5)]),
        runs("Partial ROLLUP and CUBE", "SELECT pre_owned, category, sum(cost) FROM orders GROUP BY pre_owned, ROLLUP (category) ORDER BY 1, 2",
             [("F", "computers", D(1100)), ("F", None, D(1100)), ("T", "cellphones", D(1610)), ("T", "computers", D(1000)), ("T", None, D(2610))]),
        runs("Concatenated grouping", "SELECT count(*) FROM (SELECT sum(cost) AS s FROM orders GROUP BY CUBE (category, product), GROUPING SETS (pre_owned, ())) AS t", [(22,)]),
        runs("Nested grouping", "SELECT count(*) FROM (SELECT sum(cost) AS s FROM orders GROUP BY GROUPING SETS (ROLLUP (category), CUBE (product, pre_owned))) AS t", [(13,)]),
        runs("Limits of grouping sets", "SELECT 1 FROM orders GROUP BY ROLLUP (category, 1)", Fault("42803")),
    ),
    setup="""
        CREATE TABLE orders (id INT, product CHAR(20), category CHAR(20), pre_owned CHAR(1), cost DECIMAL);
        INSERT INTO orders VALUES (0, 'laptop', 'computers', 'T', 1000), (1, 'smartphone', 'cellphones', 'T', 800),
            (2, 'smartphone', 'cellphones', 'T', 810), (3, 'laptop', 'computers', 'F', 1050), (4, 'mouse', 'computers', 'F', 50)
    """,
)  # fmt: skip

SELECT = Group(
    "SELECT",
    "r_SELECT_synopsis",
    (
        runs("TOP", "SELECT TOP 2 id FROM catalogue ORDER BY id", [(1,), (2,)]),
        runs("DISTINCT, ALL", "SELECT DISTINCT kind FROM catalogue ORDER BY 1", [("b",), ("s",), (None,)]),
        refused("DISTINCT ON", "SELECT DISTINCT ON (kind) kind FROM catalogue", "Redshift has none"),
        runs("An alias in the same list", "SELECT price / 2 AS half, round(100 * half, 1) FROM catalogue WHERE id = 1", [(D("5.0000"), D("500.0"))]),
        runs("EXCLUDE", "SELECT * EXCLUDE price, label FROM catalogue WHERE id = 1", [(1, "b")]),
        runs("EXCLUDE", "SELECT * EXCLUDE (nothing) FROM catalogue", Fault("42703")),
        runs("QUALIFY", "SELECT id FROM catalogue c QUALIFY row_number() OVER (PARTITION BY kind ORDER BY price DESC) = 1 ORDER BY 1", [(2,), (3,), (4,)]),
        runs("QUALIFY", "SELECT id FROM catalogue QUALIFY row_number() OVER (ORDER BY id) = 1", Fault("42601")),
        runs("JOIN ... ON, USING", "SELECT c.id, s.amount FROM catalogue c LEFT JOIN sold s ON c.id = s.id ORDER BY 1, 2", [(1, 7), (2, None), (3, 9), (4, None)]),
        runs("JOIN ... ON, USING", "SELECT id, amount FROM catalogue FULL JOIN sold USING (id) ORDER BY 1", [(1, 7), (2, None), (3, 9), (4, None), (5, 1)]),
        runs("NATURAL JOIN", "SELECT id, label, amount FROM catalogue NATURAL JOIN sold ORDER BY 1", [(1, "x", 7), (3, "z", 9)]),
        refused("NATURAL JOIN", "SELECT 1 FROM catalogue NATURAL JOIN (SELECT * FROM sold) AS s", "beside a subquery with a star"),
        runs("CROSS JOIN", "SELECT count(*) FROM catalogue CROSS JOIN sold", [(12,)]),
        runs("Outer joins with (+)", "SELECT c.id, s.amount FROM catalogue c, sold s WHERE c.id = s.id(+) AND s.amount(+) > 7 ORDER BY 1", [(1, None), (2, None), (3, 9), (4, None)]),
        runs("Outer joins with (+)", "SELECT 1 FROM catalogue c, sold s WHERE c.id = s.id(+) OR c.id = 1", Fault("42601")),
        refused("Outer joins with (+)", "SELECT 1 FROM catalogue c, sold s WHERE c.id = s.id(+) AND c.id = s.amount", "with some conditions marked and others not"),
        runs("Row values", "SELECT id FROM catalogue WHERE (id, kind) IN ((1, 'b'), (2, 's')) ORDER BY 1", [(1,)]),
        runs("Row values", "SELECT id FROM catalogue WHERE (id, label) IN (SELECT 2, 'y')", [(2,)]),
        refused("Row values", "SELECT id FROM catalogue WHERE (id, kind) < (2, 'a')", "an order of them, and NOT IN a subquery"),
        runs("Correlated subqueries", "SELECT id FROM catalogue c WHERE price = (SELECT max(price) FROM catalogue d WHERE d.kind = c.kind) ORDER BY 1", [(2,), (3,)]),
        runs("Correlated subqueries", "SELECT 1 FROM catalogue c WHERE NOT EXISTS (SELECT 1 FROM sold WHERE NOT EXISTS (SELECT 1 FROM sold s WHERE s.id = c.id))", Fault("0A000")),
        runs("UNION, INTERSECT, EXCEPT", "SELECT 1 UNION SELECT 2 INTERSECT SELECT 3", [(1,)]),
        runs("UNION, INTERSECT, EXCEPT", "SELECT id FROM catalogue MINUS SELECT id FROM sold ORDER BY 1", [(2,), (4,)]),
        runs("UNION, INTERSECT, EXCEPT", "(SELECT id FROM catalogue LIMIT 1) INTERSECT SELECT id FROM sold", Fault("0A000")),
        runs("UNION, INTERSECT, EXCEPT", "SELECT id FROM catalogue UNION SELECT label FROM catalogue", Fault("42804")),
        runs("WITH RECURSIVE", "WITH RECURSIVE down(id, level) AS (SELECT 1, 1 AS level UNION ALL SELECT c.id, level + 1 FROM catalogue c, down d WHERE c.id = d.id + 1 AND level < 3) SELECT id FROM down ORDER BY 1", [(1,), (2,), (3,)]),
        runs("WITH RECURSIVE", "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n", Fault("42601")),
        runs("ORDER BY", "SELECT kind FROM catalogue ORDER BY kind DESC, id LIMIT 1", [(None,)]),
        runs("ORDER BY", "SELECT kind FROM catalogue ORDER BY kind NULLS FIRST, 1 LIMIT 1 OFFSET 1", [("b",)]),
        runs("ORDER BY", "SELECT id FROM catalogue ORDER BY 'id'", Fault("42601")),
        runs("LIMIT ALL", "SELECT id FROM sold ORDER BY id LIMIT ALL OFFSET 2", [(5,)]),
        refused("FETCH", "SELECT id FROM sold FETCH FIRST 1 ROW ONLY", "Redshift has none"),
        refused("CONNECT BY", "SELECT id FROM catalogue START WITH id = 1 CONNECT BY PRIOR id = price"),
        refused("SELECT INTO", "SELECT id INTO x FROM catalogue"),
    ),
    setup="""
        CREATE TABLE catalogue (id INT, kind VARCHAR(5), price DECIMAL(10, 2), label VARCHAR(5));
        INSERT INTO catalogue VALUES (1, 'b', 10, 'x'), (2, 'b', 20, 'y'), (3, 's', 5, 'z'), (4, NULL, 1, 'w');
        CREATE TABLE sold (id INT, amount INT);
        INSERT INTO sold VALUES (1, 7), (3, 9), (5, 1)
    """,
)  # fmt: skip

LITERALS = Group(
    "Literals, types and casts",
    "c_Supported_data_types",
    (
        runs("INTERVAL", "date '2023-03-31' - interval '4 months'", datetime(2022, 11, 30), page="r_interval_literals"),
        runs("INTERVAL", "date '2008-12-31' + interval '3 hours, 35 minutes'", datetime(2008, 12, 31, 3, 35)),
        runs("INTERVAL", "date '2008-12-31' + '5 days'::interval", datetime(2009, 1, 5)),
        runs("INTERVAL ... YEAR TO MONTH, DAY TO SECOND", "timestamp '2024-01-01 00:00:00' + interval '1-2' year to month", datetime(2025, 3, 1)),
        runs("INTERVAL ... YEAR TO MONTH, DAY TO SECOND", "timestamp '2024-01-01 00:00:00' + interval '1 10:30' day to minute", datetime(2024, 1, 2, 10, 30)),
        refused("INTERVAL as a column", "interval '1 day'"),
        runs("TIME", "time '10:00' < time '10:00:01'", True),
        refused("TIMETZ", "'10:00'::timetz"),
        refused("VARBYTE", "'61'::varbyte"),
        runs("BOOLEAN", "'t'::boolean AND 'yes'::boolean AND NOT 'f'::boolean AND 5::boolean", True),
        runs("BOOLEAN", "5.0::boolean", Fault("42846"), page="limitations-super"),
        runs("BOOLEAN", "true::varchar", Fault("42846")),
        runs("CHAR", "len('ab  '::char(5))", 2),
        differs("CHAR", "'ab'::char(5)", "ab", "a CHAR is returned without the blanks at its end"),
        runs("CAST", "cast(109.652 as decimal(4,1))", D("109.7"), page="r_CAST_function"),
        runs("CAST", "123.456::decimal(2,1)", Fault("22003"), page="r_CAST_function"),
        runs("CAST", "12345678::smallint", Fault("22003"), page="r_CAST_function"),
        runs("CASE of one type", "CASE WHEN true THEN 1 ELSE 'x'::varchar END", Fault("42804")),
        runs("Text with backslashes", r"'it\'s' || len('a\\b')", "it's3"),
        refused("Text with backslashes", "E'x'", "E'...', which Redshift's documentation does not have"),
        runs("SIMILAR TO ... ESCAPE", "'start_time' SIMILAR TO '%start^_%' ESCAPE '^'", True),
        runs("ILIKE", "'É' ILIKE 'é'", False),
    ),
)  # fmt: skip
