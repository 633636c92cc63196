"""What queries are made of: SQL with {0}, {int}, {any} … where a value or a column is to stand."""

from hypothesis import strategies as st

COMPARISONS = st.sampled_from(("=", "<>", "<", "<=", ">", ">="))
EVERY_KIND = ("int", "decimal", "text", "boolean", "date")
FORMS = {
    "int": ("-({0})", "({0}) + 1", "({0}) * ({0})", "abs({0})", "coalesce({0}, 7)"),
    "decimal": ("-({0})", "({0}) + 0.25", "coalesce({0}, 1.75)"),
    "text": ("upper({0})", "left({0}, 1)", "({0}) || '+'", "coalesce({0}, '?')", "nullif({0}, 'a')"),
    "boolean": ("NOT ({0})", "coalesce({0}, FALSE)"),
    "date": ("coalesce({0}, DATE '2024-03-01')",),
}
WIDE_FORMS = {
    "int": ("({0}) / 2", "({0}) % 2", "nvl({0}, 4)", "decode({0}, 1, 10, 2, 20, 0)", "sign({0})"),
    "decimal": ("({0}) / 3", "round({0}, 1)", "nvl2({0}, 1.00, 2.00)"),
    "text": (
        "initcap({0})",
        "reverse({0})",
        "substring({0}, 2, 3)",
        "replace({0}, 'a', 'z')",
        "nvl({0}, '-')",
    ),
    "boolean": ("nvl({0}, TRUE)",),
    "date": ("dateadd(day, 1, {0})::date", "date_trunc('month', {0})::date", "last_day({0})"),
}
AGGREGATES = ("count(*)", "count({any})", "count(DISTINCT {any})", "sum({int})", "min({any})", "max({any})")
WIDE_AGGREGATES = (
    "avg({int})",
    "avg({decimal})",
    "median({int})",
    "listagg(DISTINCT {text}, ',') WITHIN GROUP (ORDER BY {text})",
)
WINDOWS = (
    "count(*) OVER (PARTITION BY {any})",
    "sum({int}) OVER (PARTITION BY {any})",
    "max({int}) OVER (PARTITION BY {any})",
    "rank() OVER (ORDER BY {any} NULLS FIRST)",
    "dense_rank() OVER (PARTITION BY {any} ORDER BY {int} DESC NULLS LAST)",
)
# True of every row, or an error: a row that is hidden must raise none.
FAILING = (
    "1 / ({int} - 3) > -100",
    "{int} % {int} > -100",
    "1.5 / ({decimal} - 2.25) > -100",
    "CAST({text} AS INT) > -100",
    "ln({int} + 2) > -100",
)
