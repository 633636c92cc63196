"""A Query cannot be wrong, and cannot become wrong."""

from dataclasses import FrozenInstanceError

import pytest

from app.redshift.query import Query


@pytest.mark.parametrize("name", ["", "  ", "x" * 483, "two\nlines", "nul\0"])
def test_a_name_that_the_history_cannot_hold_is_refused(name):
    with pytest.raises(ValueError, match="name"):
        Query(name, "SELECT 1")


@pytest.mark.parametrize("sql", ["", " \n", "x" * 100_001, "é" * 50_001])
def test_sql_outside_of_the_limits_is_refused(sql):
    with pytest.raises(ValueError, match="SQL"):
        Query("a", sql)


@pytest.mark.parametrize("value", ["", None, 3, b"x", "a\0b"])
def test_a_value_that_cannot_travel_is_refused(value):
    with pytest.raises(ValueError, match="parameter"):
        Query("a", "SELECT :x", {"x": value})


@pytest.mark.parametrize("name", ["", "a b", "a;", "á", ":x"])
def test_a_name_that_is_no_parameter_is_refused(name):
    with pytest.raises(ValueError, match="parameter"):
        Query("a", f"SELECT :{name}", {name: "1"})


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT y::x", "SELECT :xy", "SELECT x"])
def test_a_parameter_that_the_sql_does_not_use_is_refused(sql):
    with pytest.raises(ValueError, match="does not use"):
        Query("a", sql, {"x": "1"})


def test_hostile_values_are_only_values():
    query = Query("a", "SELECT :x", {"x": "'; DROP TABLE sales_data; --"})
    assert query.sql == "SELECT :x"
    assert query.parameters["x"] == "'; DROP TABLE sales_data; --"


def test_nothing_of_it_changes():
    given = {"x": "1"}
    query = Query("a", "SELECT :x", given)
    given["x"] = "2"
    assert query.parameters["x"] == "1"
    with pytest.raises(TypeError):
        query.parameters["x"] = "2"  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        query.sql = "SELECT 2"  # type: ignore[misc]


def test_the_key_knows_the_values_and_not_the_name_or_their_order():
    sql = "SELECT :x, :y"
    one = Query("a", sql, {"x": "1", "y": "2"})
    assert one.key == Query("b", sql, {"y": "2", "x": "1"}).key
    assert one.key != Query("a", sql, {"x": "2", "y": "1"}).key
    assert hash(one.key) is not None
