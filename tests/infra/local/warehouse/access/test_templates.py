"""A statement that is asked again with other values: each answer is that of its own values."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

from infra.local.warehouse import DbUser, Redshift, SqlError
from infra.local.warehouse.access.early import is_harmless
from infra.local.warehouse.objects import ColumnDefinition, Table, TableKey
from infra.local.warehouse.sql.sqltypes import sql_type

ADMIN = DbUser("admin", superuser=True)
WORDS = [
    "",
    "plain",
    "it's",
    "''",
    "' OR ''='",
    "\\",
    "\\'",
    "$1",
    ":w",
    "\ue000w\ue000",
    "--",
    "ünï",
    "a\nb",
]
DAYS = ["2024-01-01", "2024-02-29", "2024-12-31"]


@pytest.fixture(scope="module")
def redshift():
    made = Redshift()
    made.execute("CREATE TABLE t (n INT, word VARCHAR(20), day DATE)", user=ADMIN)
    for number, word in enumerate(WORDS):
        day = DAYS[number % 3]
        parameters = {"w": word, "d": day} if word else {"d": day}
        text = ":w" if word else "''"
        made.execute(f"INSERT INTO t VALUES ({number}, {text}, :d)", user=ADMIN, parameters=parameters)
    return made


def numbers(redshift, sql, **parameters):
    rows = redshift.execute(sql, user=ADMIN, parameters=parameters).table.to_pylist()
    return sorted(row["n"] for row in rows)


@given(
    st.one_of(st.sampled_from(WORDS[1:]), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
)
@example("x' UNION SELECT n, word, day FROM t --")
def test_text_beside_a_column_is_that_text_but_for_blanks_at_its_end(redshift, word):
    found = numbers(redshift, "SELECT n FROM t WHERE word = :w", w=word)
    assert found == [n for n, known in enumerate(WORDS) if known == word.rstrip(" ")]


@given(st.sets(st.sampled_from(WORDS[1:]), min_size=3, max_size=3))
def test_texts_of_a_list_are_those_texts(redshift, words):
    named = {f"w{place}": word for place, word in enumerate(sorted(words))}
    found = numbers(redshift, "SELECT n FROM t WHERE word IN (:w0, :w1, :w2)", **named)
    assert found == [n for n, known in enumerate(WORDS) if known in words]


@given(st.dates())
def test_days_bound_the_rows(redshift, day):
    text = day.isoformat()
    found = numbers(redshift, "SELECT n FROM t WHERE day >= CAST(:d AS DATE)", d=text)
    assert found == [n for n in range(len(WORDS)) if DAYS[n % 3] >= text]


@given(st.integers(1, 12), st.integers(-(10**9) + 1, 10**9 - 1).filter(bool))
def test_whole_numbers_are_computed_with(redshift, least, step):
    both = "n >= CAST(:least AS INT) AND (n * CAST(:step AS BIGINT)) / CAST(:step AS BIGINT) = n"
    sql = f"SELECT n FROM t WHERE {both}"
    assert numbers(redshift, sql, least=str(least), step=str(step)) == list(range(least, len(WORDS)))


@given(st.sampled_from(WORDS[1:]) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_case_tells_texts_apart(redshift, word):
    sql = "SELECT CASE :w WHEN 'plain' THEN 1 WHEN 'it''s' THEN 2 ELSE 3 END AS n"
    assert numbers(redshift, sql, w=word) == [{"plain": 1, "it's": 2}.get(word.rstrip(" "), 3)]


@given(st.sampled_from(WORDS[1:]) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_text_is_compared_with_a_text_of_the_statement(redshift, word):
    found = numbers(redshift, "SELECT n FROM t WHERE :w = 'it''s'", w=word)
    assert found == (list(range(len(WORDS))) if word.rstrip(" ") == "it's" else [])


@given(st.decimals(0, 10**11, places=2) | st.just(Decimal("1e30")))
def test_amounts_are_compared_as_decimals(redshift, amount):
    sql = "SELECT n FROM t WHERE n * 7.5 >= CAST(:a AS DECIMAL(38,2))"
    assert numbers(redshift, sql, a=f"{amount:f}") == [n for n in range(len(WORDS)) if n * 7.5 >= amount]


@pytest.mark.parametrize(
    ("value", "sqlstate"),
    [("2024-02-30", "22P02"), ("yesterday", "22P02"), ("'", "22P02"), ("2024-01-01'--", "22P02")],
)
def test_what_is_no_day_is_an_error_before_and_after_a_day(redshift, value, sqlstate):
    sql = "SELECT n FROM t WHERE day >= CAST(:d AS DATE)"
    for asked in (value, "2024-01-01", value):
        if asked != value:
            assert numbers(redshift, sql, d=asked) == list(range(len(WORDS)))
            continue
        with pytest.raises(SqlError) as caught:
            redshift.execute(sql, user=ADMIN, parameters={"d": asked})
        assert caught.value.sqlstate == sqlstate
        assert value not in caught.value.message


def test_a_value_that_the_meaning_depends_on_is_compiled_itself(redshift):
    sql = "SELECT to_char(CAST(:d AS DATE), :f) AS n"
    for pattern, written in (("YYYY", "2024"), ("MM-DD", "02-29"), ("YYYY", "2024")):
        assert numbers(redshift, sql, d="2024-02-29", f=pattern) == [written]


def test_the_same_statement_means_each_persons_own(redshift):
    redshift.execute("GRANT SELECT ON t TO PUBLIC", user=ADMIN)
    redshift.execute("CREATE RLS POLICY one WITH (n INT) USING (n = 1)", user=ADMIN)
    redshift.execute("CREATE USER una PASSWORD DISABLE", user=ADMIN)
    redshift.execute("ATTACH RLS POLICY one ON t TO una", user=ADMIN)
    redshift.execute("ALTER TABLE t ROW LEVEL SECURITY ON", user=ADMIN)
    sql = "SELECT n FROM t WHERE day >= CAST(:d AS DATE)"
    for user, seen in ((ADMIN, 13), (DbUser("una"), 1), (DbUser("nobody"), 0), (ADMIN, 13)):
        rows = redshift.execute(sql, user=user, parameters={"d": "2024-01-01"}).table
        assert rows.num_rows == seen
    redshift.execute("ALTER TABLE t ROW LEVEL SECURITY OFF", user=ADMIN)


@pytest.mark.parametrize("text", ["\ue000d\ue000", "\ue000", f"\ue000{'0' * 32} d\ue000", "yesterday"])
def test_no_text_passes_for_the_mark_of_a_day(text):
    """It would be taken for a day that exists, and asked of hidden rows, which its error would tell of."""
    table = Table(TableKey("public", "t"), "", (ColumnDefinition("day", sql_type("date")),))
    day, text_of_a_day = (
        exp.column("day", "t") >= exp.cast(exp.Literal.string(each), "date") for each in ("2024-01-01", text)
    )
    assert is_harmless(day, "t", table)
    assert not is_harmless(text_of_a_day, "t", table)
