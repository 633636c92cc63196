"""Where a colon names a parameter, and where it does not."""

import pytest

from app.redshift.bound import bound


@pytest.mark.parametrize(
    ("sql", "bound_sql", "values"),
    [
        ("SELECT :a", "SELECT $1", ["1"]),
        ("SELECT :a, :b, :a", "SELECT $1, $2, $3", ["1", "2", "1"]),
        ("SELECT :a::date, x::int", "SELECT $1::date, x::int", ["1"]),
        ("SELECT ':a', '''', ':b', :b", "SELECT ':a', '''', ':b', $1", ["2"]),
        ('SELECT ":a", :a', 'SELECT ":a", $1', ["1"]),
        ("SELECT 1 -- :a '\n, :a", "SELECT 1 -- :a '\n, $1", ["1"]),
        ("SELECT /* :a /* ' */ :b */ :a", "SELECT /* :a /* ' */ :b */ $1", ["1"]),
        ("SELECT /* :a", "SELECT /* :a", []),
        ("SELECT '12:30', :c, x[1:2]", "SELECT '12:30', :c, x[1:2]", []),
        ("SELECT :ab, :a", "SELECT :ab, $1", ["1"]),
    ],
)
def test_names_become_numbers(sql, bound_sql, values):
    assert bound(sql, {"a": "1", "b": "2"}) == (bound_sql, values)
