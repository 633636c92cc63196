"""Charts as values: what is drawn, and that hostile names stay values."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.views import charts
from app.views.formats import ENGLISH
from app.views.palette import DARK, LIGHT
from app.views.sales import Figures, Step
from tests.app.views.people import EXPRESSION, IMAGE, MARKDOWN


def steps(*sales, days=1):
    start = date(2026, 11, 1)
    return [
        Step(
            start + timedelta(days=days * place),
            start + timedelta(days=days * (place + 1) - 1),
            Figures(Decimal(amount), 1, 1),
            Figures(Decimal(1), 1, 1),
        )
        for place, amount in enumerate(sales)
    ]


def test_a_line_for_each_period_told_apart_by_more_than_colour():
    chart = charts.sales_over_time(steps("5", "6"), previous="Previous 2 days", colours=LIGHT, marks=ENGLISH)
    scale = chart["layer"][0]["encoding"]["strokeDash"]["scale"]
    assert scale["domain"] == ["This period", "Previous 2 days"]
    assert scale["range"][0] != scale["range"][1]
    assert [value["This period"] for value in chart["data"]["values"]] == [5.0, 6.0]


def test_without_a_previous_period_there_is_one_line():
    chart = charts.sales_over_time(steps("5"), previous=None, colours=DARK, marks=ENGLISH)
    assert chart["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["This period"]
    assert chart["layer"][0]["transform"][0]["fold"] == ["This period"]


def test_steps_of_several_days_are_compared_by_the_day_and_told_whole():
    chart = charts.sales_over_time(steps("70", days=7), previous=None, colours=LIGHT, marks=ENGLISH)
    (value,) = chart["data"]["values"]
    assert value["This period"] == 10.0
    assert value["sales"] == "$70.00"
    assert value["when"] == "1 Nov to 7 Nov 2026"
    assert charts.a_point_is(steps("70", days=7)) == "Average a day, in steps of a week"
    assert charts.a_point_is(steps("70")) == "By day"


def test_categories_stand_best_first_with_the_rest_in_one():
    figures = {f"Category {number}": Figures(Decimal(number), number, 1) for number in range(1, 16)}
    values = charts.by_category(figures, colours=LIGHT, marks=ENGLISH)["data"]["values"]
    assert values[0]["category"] == "Category 15"
    assert values[-1]["category"] == "3 other categories"
    assert values[-1]["sales"] == 6.0
    assert len(values) == 13


@pytest.mark.parametrize("name", [IMAGE, MARKDOWN, EXPRESSION])
def test_a_hostile_category_is_a_value_and_never_part_of_the_specification(name):
    chart = charts.by_category({name: Figures(Decimal(5), 1, 1)}, colours=LIGHT, marks=ENGLISH)
    assert chart.pop("data")["values"][0]["category"] == name
    assert name not in json.dumps(chart)
