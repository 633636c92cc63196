"""SVV_RLS_POLICY prints a policy's condition as its documentation shows it, or else as it was written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.warehouse import Redshift
from infra.local.warehouse.objects import ColumnDefinition, Policy
from infra.local.warehouse.sql.sqltypes import sql_type
from infra.local.warehouse.system.conditions import condition_of
from tests.infra.local.warehouse.conftest import ADMIN

COLUMNS = (ColumnDefinition("c", sql_type("varchar", (10,))), ColumnDefinition("a", sql_type("int4")))
WRITTEN = {
    # The examples of r_SVV_RLS_POLICY, and what is known of others in public
    ("t", "t.a IS NOT NULL"): '"t"."a" IS NOT NULL',
    ("t", "c LIKE '%public%'"): '"t"."c" LIKE CAST(\'%public%\' AS TEXT)',
    ("", "c = 'Concerts'"): '"rls_table"."c" = CAST(\'Concerts\' AS TEXT)',
    ("", "c = 'USA' OR (c = 'CANADA') OR c = 'Mexico'"): (
        '(("rls_table"."c" = CAST(\'USA\' AS TEXT)) OR ("rls_table"."c" = CAST(\'CANADA\' AS TEXT))'
        ' OR ("rls_table"."c" = CAST(\'Mexico\' AS TEXT)))'
    ),
    ("", "a > 1 AND (C = 'it''s' OR a IS NULL)"): (
        '(("rls_table"."a" > 1) AND '
        '(("rls_table"."c" = CAST(\'it\'\'s\' AS TEXT)) OR ("rls_table"."a" IS NULL)))'
    ),
}
AS_THEY_ARE = [
    *("c = current_user", "c IN (SELECT word FROM words)", "lower(c) = 'x'", "NOT c LIKE 'x%'", "a = '1'"),
    *("c IN ('a', 'b')", "a BETWEEN 1 AND 2", "true", "c = 'x' AND user_is_member_of(current_user, 'r')"),
]


@pytest.mark.parametrize(("alias", "predicate"), WRITTEN)
def test_documented_forms_are_written_anew(alias, predicate):
    assert condition_of(Policy("p", COLUMNS, alias, predicate)) == WRITTEN[alias, predicate]


@pytest.mark.parametrize("predicate", AS_THEY_ARE)
def test_other_forms_are_shown_as_they_were_written(predicate):
    assert condition_of(Policy("p", COLUMNS, "", predicate)) == predicate


_texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
_comparisons = st.one_of(
    st.builds(
        lambda op, text: f"c {op} '{text.replace(chr(39), chr(39) * 2)}'",
        st.sampled_from(["=", "<>", "<", ">=", "LIKE"]),
        _texts.filter(lambda text: "\\" not in text),
    ),
    st.builds(lambda op, number: f"a {op} {number}", st.sampled_from(["=", "<", ">="]), st.integers(0, 9)),
    st.sampled_from(["c IS NULL", "a IS NOT NULL"]),
)
_conditions = st.recursive(
    _comparisons,
    lambda inner: st.builds(
        lambda a, word, b: f"({a}) {word} ({b})", inner, st.sampled_from(["AND", "OR"]), inner
    ),
    max_leaves=5,
)


@settings(max_examples=30, deadline=None)
@given(condition=_conditions)
def test_what_is_written_anew_means_the_same(words, condition):
    written = condition_of(Policy("p", COLUMNS, "", condition))
    agreed = f"COALESCE({written}, false) = COALESCE({condition}, false)"
    asked = f"SELECT count(*) AS n FROM words AS rls_table WHERE NOT ({agreed})"
    assert words.execute(asked, user=ADMIN).table["n"].to_pylist() == [0]


@pytest.fixture(scope="module")
def words():
    redshift = Redshift()
    redshift.execute("CREATE TABLE words (c VARCHAR(10), a INT)", user=ADMIN)
    redshift.execute(
        "INSERT INTO words VALUES ('a', 1), ('%', 2), ('it''s', 5), ('', 0), (NULL, NULL), ('_a', 9)",
        user=ADMIN,
    )
    return redshift
