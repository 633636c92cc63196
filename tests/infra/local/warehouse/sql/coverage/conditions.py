"""Conditions."""

from tests.infra.local.warehouse.sql.coverage.case import Fault, Group, differs, refused, runs

GROUP = Group(
    "Conditions",
    "r_conditions",
    (
        runs("Comparisons", "SELECT venuename FROM venue WHERE venueseats > 80000", [("FedExField",)]),
        runs("Comparisons", "5 <> 4 AND 5 != 4 AND NOT 5 < 4 AND 5 >= 5", True),
        runs("Comparisons", "'abc' = 'ABC'", False),
        runs("Comparisons", "SELECT count(*) FROM venue WHERE venuename = 'FedExField  '", [(1,)]),
        differs(
            "Comparisons",
            "SELECT count(*) FROM (SELECT concat('a', ' ') AS v) AS t WHERE v = 'a'",
            [(0,)],
            "blanks at the end of a VARCHAR that is no literal are significant",
        ),
        runs(
            "Comparisons",
            "SELECT venuename FROM venue WHERE venueseats = any (SELECT 91704)",
            [("FedExField",)],
        ),
        refused(
            "Comparisons", "SELECT 1 FROM venue WHERE venueseats > any (SELECT 1)", "ANY and ALL of an order"
        ),
        runs("AND, OR, NOT", "true AND NULL::boolean OR NOT false", True),
        runs("LIKE, ILIKE", "'Eau Claire' LIKE 'Ea%'", True),
        runs("LIKE, ILIKE", "'Christensen' LIKE '%ten%'", True, page="r_patternmatching_condition_like"),
        runs("LIKE, ILIKE", "'Brea' ILIKE '__EA%'", True, page="r_patternmatching_condition_like"),
        runs("LIKE, ILIKE", r"'start_time' LIKE '%start\\_%'", True, page="r_patternmatching_condition_like"),
        runs("LIKE, ILIKE", r"'starting' LIKE '%start\\_%'", False, page="r_patternmatching_condition_like"),
        runs(
            "LIKE, ILIKE",
            "'start_row' LIKE '%start^_%' ESCAPE '^'",
            True,
            page="r_patternmatching_condition_like",
        ),
        runs(
            "SIMILAR TO",
            "'Benton Harbor' SIMILAR TO '%E%|%H%'",
            True,
            page="pattern-matching-conditions-similar-to",
        ),
        runs(
            "SIMILAR TO",
            "'Boston' SIMILAR TO '%E%|%H%'",
            False,
            page="pattern-matching-conditions-similar-to",
        ),
        refused(
            "SIMILAR TO", "'a' SIMILAR TO upper('a')", "patterns that are not literals or have a backslash"
        ),
        runs("POSIX `~`", "'Agoura Hills' ~ '.*E.*|.*H.*'", True, page="pattern-matching-conditions-posix"),
        runs(
            "POSIX `~`", r"'St. Pete Times Forum' ~ '.*\\..*'", True, page="pattern-matching-conditions-posix"
        ),
        runs("POSIX `~`", r"'FedExField' !~ '.*\\..*'", True),
        runs("BETWEEN", "6 BETWEEN 5 AND 7 AND 8 NOT BETWEEN 5 AND 7", True),
        runs("BETWEEN", "'2024-06-01'::timestamp BETWEEN '2024-01-01' AND sysdate", True),
        runs("IS NULL", "NULL IS NULL AND 1 IS NOT NULL", True),
        runs(
            "EXISTS",
            "SELECT count(*) FROM venue WHERE EXISTS (SELECT 1 FROM venue v WHERE v.venueseats > 1)",
            [(2,)],
        ),
        runs("IN", "6 IN (5, 6) AND 6 NOT IN (1, 2)", True),
        runs(
            "IN",
            "SELECT venuename FROM venue WHERE venueseats IN (SELECT max(venueseats) FROM venue)",
            [("FedExField",)],
        ),
        runs("IN", "6 IN ('six')", Fault("22P02")),
    ),
    setup="""
        CREATE TABLE venue (venuename VARCHAR(40), venueseats INT);
        INSERT INTO venue VALUES ('FedExField', 91704), ('INVESCO Field', 76125)
    """,
)
