"""Charts as values: what is drawn, what is told of it, and that hostile names stay values."""

import json
import re
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views import bars, charts, formats
from app.views.bars import Bar
from app.views.figures import Compared, Figures, Step
from app.views.formats import ENGLISH
from app.views.palette import DARK, LIGHT
from tests.app.views.people import EXPRESSION, IMAGE, MARKDOWN

NOTHING = Figures()


def sold(amount, orders=1):
    return Figures(Decimal(amount), 2 * orders, orders)


def compared(now, before=None, year_ago=None):
    return Compared(*(NOTHING if each is None else sold(each) for each in (now, before, year_ago)))


def steps(*sales, days=1, start=date(2026, 11, 1), before="1", cut=()):
    return [
        Step(
            start + timedelta(days=days * place),
            start + timedelta(days=days * (place + 1) - 1),
            compared(amount, before, "2"),
            whole=place not in cut,
        )
        for place, amount in enumerate(sales)
    ]


def course(given, *, grain="day", against="before", days=2, colours=LIGHT, marks=ENGLISH):
    return charts.sales_over_time(
        given, grain=grain, against=against, days=days, colours=colours, marks=marks
    )


def sparkline(given):
    """The points of the line that is drawn, in a picture that is as high as from 0 to 1."""
    picture = charts.sparkline(given, lambda each: each.sales, LIGHT)
    [drawn] = re.findall(r'points="([-0-9., ]+)"', picture)
    points = [tuple(map(float, point.split(","))) for point in drawn.split()]
    assert [x for x, _ in points] == list(range(len(points)))
    assert f'viewBox="0 -0.05 {len(points) - 1} 1.1"' in picture
    return points


def ranking(*rows, others=None, chosen=(), marks=ENGLISH):
    return bars.ranking(rows, others=others, chosen=chosen, days=90, colours=LIGHT, marks=marks)


def values(chart):
    return chart["data"]["values"]


def lines(chart):
    return next(layer for layer in chart["layer"] if layer["mark"]["type"] == "line")


def labels(chart):
    expression = chart["encoding"]["x"]["axis"]["labelExpr"]
    return json.loads(expression[: expression.index("[indexof")])


class TestCourse:
    @pytest.mark.parametrize(
        ("against", "title", "was"),
        [("before", "Previous 2 days", 1.0), ("year_ago", "Same period last year", 2.0)],
    )
    def test_a_line_for_each_period_told_apart_by_more_than_colour(self, against, title, was):
        chart = course(steps("5", "6"), against=against)
        scale = lines(chart)["encoding"]["strokeDash"]["scale"]
        assert scale["domain"] == ["now", "other"]
        assert scale["range"][0] != scale["range"][1]
        assert title in lines(chart)["encoding"]["color"]["legend"]["labelExpr"]
        assert [(value["now"], value["other"]) for value in values(chart)] == [(5.0, was), (6.0, was)]

    @pytest.mark.parametrize("against", [None, "before"])
    def test_with_nothing_to_compare_there_is_one_line_and_no_legend(self, against):
        chart = course(steps("5", before=None), against=against, colours=DARK)
        assert lines(chart)["encoding"]["color"]["scale"]["domain"] == ["now"]
        assert lines(chart)["encoding"]["color"]["legend"] is None
        assert values(chart)[0]["other"] is None

    def test_what_the_period_cuts_is_no_part_of_the_line_and_is_said(self):
        given = steps("7", "70", "3", days=7, cut=(0, 2))
        chart = course(given, grain="week")
        assert [value["whole"] for value in values(chart)] == [False, True, False]
        for drawn in ("line", "area"):
            (layer,) = (each for each in chart["layer"] if each["mark"]["type"] == drawn)
            assert {"filter": "datum.whole"} in layer["transform"]
        assert values(chart)[0]["when"] == "1 Nov to 7 Nov 2026, part of a week"
        assert (
            "highest $70.00 (8 Nov to 14 Nov 2026)"
            in course([*given[:2], *steps("4", start=date(2026, 11, 15), days=7)], grain="week")[
                "description"
            ]
        )

    @pytest.mark.parametrize(
        ("cut", "text"),
        [
            ((), ""),
            ((0,), "Hollow: the first week is not whole."),
            ((2,), "Hollow: the last week is not whole."),
            ((0, 2), "Hollow: the first and the last week are not whole."),
        ],
    )
    def test_which_points_are_hollow_is_said(self, cut, text):
        assert charts.cut(steps("7", "70", "3", days=7, cut=cut), "week") == text

    def test_a_single_part_is_hollow_and_no_points_are_nothing(self):
        assert charts.cut(steps("7", cut=(0,)), "month") == "Hollow: part of a month."
        assert charts.cut([], "day") == ""
        assert values(course([])) == []

    def test_the_ends_of_the_course_are_told_in_words(self):
        told = course(steps("5", "1243508.20", "6"))["description"]
        assert told == (
            "Sales by day, 1 Nov to 3 Nov 2026: highest $1.24M (2 Nov 2026), lowest $5.00 (1 Nov 2026)."
        )

    @pytest.mark.parametrize(
        ("grain", "start", "days", "names"),
        [
            ("day", date(2026, 11, 1), 1, ["1 Nov", "2 Nov", "3 Nov"]),
            ("week", date(2026, 12, 21), 7, [["21 Dec", "2026"], "28 Dec", ["4 Jan", "2027"]]),
            ("month", date(2026, 1, 1), 31, ["Jan", "Feb", "Mar"]),
            ("quarter", date(2026, 7, 1), 92, [["Q3", "2026"], "Q4", ["Q1", "2027"]]),
        ],
    )
    def test_the_axis_speaks_of_its_steps_and_of_a_year_where_it_begins(self, grain, start, days, names):
        assert labels(course(steps("5", "6", "7", days=days, start=start), grain=grain)) == names

    @given(st.integers(min_value=1, max_value=400), st.sampled_from(["day", "week", "month", "quarter"]))
    def test_there_is_room_for_the_labels(self, number, grain):
        chart = course(steps(*["1"] * number), grain=grain)
        axis = chart["encoding"]["x"]["axis"]
        assert 1 <= len(axis["values"]) == len(labels(chart)) <= 13
        assert set(axis["values"]) <= set(range(number))

    def test_money_on_the_axis_and_on_hover_is_written_as_the_locale_writes_it(self):
        chart = course(steps("5"), marks=formats.marks("de-DE", "EUR"))
        assert lines(chart)["encoding"]["y"]["axis"]["labelExpr"].endswith('"\\u00a0\\u20ac"')
        number = chart["config"]["locale"]["number"]
        assert (number["thousands"], number["decimal"], number["currency"]) == (".", ",", ["", "\u00a0€"])
        assert chart["layer"][-1]["encoding"]["tooltip"][1]["format"] == "$,.2f"

    def test_indian_groups_go_on_in_twos(self):
        number = course(steps("5"), marks=formats.marks("en-IN", "INR"))["config"]["locale"]["number"]
        assert number["grouping"][:4] == [3, 2, 2, 2]

    def test_a_sparkline_is_of_whole_steps_and_not_of_one(self):
        given = steps("7", "70", "60", "3", days=7, cut=(0, 3))
        assert sparkline(given) == [(0, 0), (1, 1)]
        assert charts.sparkline(given[:2], lambda each: each.sales, LIGHT) is None
        assert charts.sparkline([], lambda each: each.sales, LIGHT) is None

    def test_a_sparkline_that_never_changes_runs_through_the_middle(self):
        assert sparkline(steps("5", "5", "5")) == [(0, 0.5), (1, 0.5), (2, 0.5)]

    @given(st.lists(st.decimals(-(10**12), 10**12, places=2), min_size=2, max_size=60))
    def test_a_sparkline_has_the_most_on_top_and_the_least_at_the_bottom(self, sales):
        """The higher a figure, the smaller its y; none leaves the picture."""
        heights = [y for _, y in sparkline(steps(*sales))]
        assert all(0 <= y <= 1 for y in heights)
        if len(set(sales)) > 1:
            assert (heights[sales.index(max(sales))], heights[sales.index(min(sales))]) == (0, 1)
        assert all(
            one <= other
            for one, more in zip(heights, sales, strict=True)
            for other, less in zip(heights, sales, strict=True)
            if more >= less
        )


class TestRanking:
    def test_bars_stand_in_their_order_and_the_others_have_none(self):
        chart = ranking(
            Bar("DE", "Germany", compared("9", "6")),
            Bar("PE", "Peru", compared("8")),
            others=Bar("", "3 other countries", compared("70")),
        )
        assert [value["label"] for value in values(chart)] == ["Germany", "Peru", "3 other countries"]
        assert [value["row"] for value in values(chart)] == [0, 1, 2]
        assert [value["key"] for value in values(chart)] == ["DE", "PE", ""]
        assert chart["transform"][0]["calculate"].startswith("datum.key ?")
        assert chart["description"] == "Sales in 2 bars, from Germany $9.00 to Peru $8.00."

    def test_what_is_chosen_is_strong_and_the_rest_is_pale(self):
        bars = [Bar("a", "A", compared("9")), Bar("b", "B", compared("8"))]
        assert {value["state"] for value in values(ranking(*bars))} == {1}
        assert [value["state"] for value in values(ranking(*bars, chosen=("b",)))] == [0, 2]

    def test_a_click_selects_the_key(self):
        params = [
            each
            for layer in ranking(Bar("a", "A", compared("9")))["layer"]
            for each in layer.get("params", ())
        ]
        (pick,) = (each for each in params if each["name"] == bars.PICK)
        assert pick["select"]["fields"] == ["key"]

    def test_hovering_tells_the_change_against_both_periods(self):
        target = ranking(Bar("a", "A", compared("9", "6")))["layer"][-1]
        titles = [each["title"] for each in target["encoding"]["tooltip"]]
        assert titles[-2:] == ["vs previous 90 days", "vs same period last year"]

    def test_nothing_is_drawn_as_nothing(self):
        assert values(ranking()) == []

    @pytest.mark.parametrize("name", [IMAGE, MARKDOWN, EXPRESSION])
    def test_a_hostile_name_is_a_value_and_never_part_of_the_specification(self, name):
        chart = ranking(Bar(name, name, compared("5")), chosen=(name,))
        assert chart.pop("data")["values"][0]["label"] == name
        assert name in chart.pop("description")
        assert name not in json.dumps(chart)


class TestTable:
    def test_the_figures_are_exact_and_told_under_human_names(self):
        table = charts.table_of(
            {"Country": ["Germany"]}, [compared("1243508.20", "1000000", "2000000")], days=90
        )
        (row,) = table.to_pylist()
        assert row == {
            "Country": "Germany",
            "Sales": Decimal("1243508.20"),
            "Units": 2,
            "Orders": 1,
            "Average order": Decimal("1243508.20"),
            "Sales, previous 90 days": Decimal("1000000.00"),
            "Change vs previous 90 days": 0.2435,
            "Sales, same period last year": Decimal("2000000.00"),
            "Change vs same period last year": -0.3782,
        }

    def test_what_returns_made_negative_rises_and_falls_as_well(self):
        rows = charts.table_of({}, [compared("-10", "-20", "-5")], days=1).to_pylist()
        assert rows[0]["Change vs previous day"] == 0.5
        assert rows[0]["Change vs same period last year"] == -1
        (change, *_) = (each for each in ranking()["transform"] if each["as"] == "vs_before")
        assert "(datum.sales - datum.before) / abs(datum.before)" in change["calculate"]

    def test_there_is_no_change_where_there_is_nothing_to_compare_with(self):
        free = Compared(sold("5"), Figures(Decimal(0), 1, 1), NOTHING)
        (row,) = charts.table_of({}, [free], days=1).to_pylist()
        assert row["Change vs previous day"] is None
        assert row["Sales, previous day"] == 0
        assert row["Sales, same period last year"] is None

    def test_an_empty_table_has_its_columns_and_their_types(self):
        table = charts.table_of({"Country": pa.array([], pa.string())}, [], days=90)
        assert table.num_rows == 0
        assert table.schema.field("Sales").type == pa.decimal128(38, 2)
        assert table.schema.field("Change vs previous 90 days").type == pa.float64()
