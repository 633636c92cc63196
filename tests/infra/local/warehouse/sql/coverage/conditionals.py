"""Conditional expressions."""

from datetime import date

from tests.infra.local.warehouse.sql.coverage.case import Fault, Group, runs

GROUP = Group(
    "Conditional expressions",
    "c_conditional_expressions",
    (
        runs(
            "CASE",
            "CASE 'New York City' WHEN 'New York City' THEN 'Big Apple' ELSE 'other' END",
            "Big Apple",
            page="r_CASE_function",
        ),
        runs(
            "CASE",
            "CASE WHEN 10000 < 10000 THEN 'group 1' WHEN 10000 > 10000 THEN 'group 2' ELSE 'group 3' END",
            "group 3",
            page="r_CASE_function",
        ),
        runs("CASE", "CASE WHEN false THEN 1 END", None, page="r_CASE_function"),
        runs("COALESCE, NVL", "coalesce(NULL, 12, NULL)", 12, page="r_NVL_function"),
        runs(
            "COALESCE, NVL",
            "SELECT nvl(start_date, end_date) FROM datetable ORDER BY 1",
            [(date(2008, 6, 1),), (date(2008, 12, 31),), (date(2008, 12, 31),)],
            page="r_NVL_function",
        ),
        runs("COALESCE, NVL", "coalesce(NULL, 'Amazon Redshift', 12)", Fault("22P02"), page="r_NVL_function"),
        runs(
            "DECODE",
            "decode(date '2008-06-01', '2008-06-01', 'June 1st, 2008')",
            "June 1st, 2008",
            page="r_DECODE_expression",
        ),
        runs("DECODE", "decode(NULL::int, NULL, 0, 1)", 0, page="r_DECODE_expression"),
        runs(
            "DECODE",
            "decode('POP', 'NHL', 'National Hockey League', 'Unknown')",
            "Unknown",
            page="r_DECODE_expression",
        ),
        runs("GREATEST, LEAST", "greatest('Lars', 'Ratliff')", "Ratliff", page="r_GREATEST_LEAST"),
        runs("GREATEST, LEAST", "least(2, NULL, 1)", 1, page="r_GREATEST_LEAST"),
        runs("NULLIF", "nullif('', '')", None, page="r_NULLIF_function"),
        runs("NULLIF", "nullif(4, 2)", 4, page="r_NULLIF_function"),
        runs("NVL2", "nvl2(NULL, 'email', 'phone')", "phone", page="r_NVL2"),
        runs("NVL2", "nvl2('x', 'email', 'phone')", "email", page="r_NVL2"),
    ),
    setup="""
        CREATE TABLE datetable (start_date DATE, end_date DATE);
        INSERT INTO datetable VALUES ('2008-06-01', '2008-12-31'), (NULL, '2008-12-31'), ('2008-12-31', NULL)
    """,
)
