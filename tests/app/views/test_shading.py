"""Colours and legends say the same of the same figure."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views import legend
from app.views.formats import ENGLISH, marks
from app.views.palette import DARK, LIGHT
from app.views.shading import mixed, shading

amounts = st.decimals("0.01", "99999999999.99", places=2)


@given(amounts)
def test_limits_rise_have_one_digit_and_lie_where_the_figures_are(most):
    limits = shading(most, LIGHT.ramp).limits
    assert len(limits) == 4
    assert all(low < high for low, high in itertools.pairwise(limits))
    assert all(len(limit.normalize().as_tuple().digits) == 1 for limit in limits)
    assert limits[-1] <= most  # the darkest colour is somebody's


@given(amounts, st.floats(0, 1))
def test_a_figure_has_the_colour_whose_key_it_falls_under(most, part):
    steps = shading(most, LIGHT.ramp)
    sales = most * Decimal(str(round(part, 6)))
    step = steps.step(sales)
    assert step == 0 or steps.limits[step - 1] <= sales
    assert step == len(steps.limits) or sales < steps.limits[step]
    assert steps.colour(sales) == LIGHT.ramp[step]


@pytest.mark.parametrize("most", ["0", "-5"])
def test_nothing_sold_has_one_colour_and_no_key(most):
    steps = shading(Decimal(most), LIGHT.ramp)
    assert steps.colour(Decimal(most)) == LIGHT.ramp[0]
    assert legend.step_legend(steps, ENGLISH).keys == ()
    assert legend.circle_legend(Decimal(most), steps, ENGLISH).keys == ()


def test_a_legend_of_steps_leaves_no_figure_out():
    steps = shading(Decimal(26_000), LIGHT.ramp)
    keys = legend.step_legend(steps, ENGLISH, nothing=LIGHT.land).keys
    assert [key.text for key in keys] == [
        "no sales",
        "under $1k",
        "$1k to $4k",
        "$4k to $9k",
        "$9k to $20k",
        "$20k and more",
    ]
    assert [key.colour for key in keys] == [LIGHT.land, *LIGHT.ramp]


def test_the_legend_of_circles_shows_round_figures_as_the_map_draws_them():
    most = Decimal(26_000)
    steps = shading(most, LIGHT.ramp)
    keys = legend.circle_legend(most, steps, ENGLISH).keys
    assert [key.text for key in keys] == ["$1k", "$5k", "$20k"]
    for key, figure in zip(keys, (1_000, 5_000, 20_000), strict=True):
        assert key.size == 2 * legend.radius(legend.weight(Decimal(figure), most))
        assert key.colour == steps.colour(Decimal(figure))


def test_a_legend_is_text_however_a_currency_is_written():
    steps = shading(Decimal(26_000), DARK.ramp)
    text = legend.step_legend(steps, marks("de", "EUR"), note="<b>").html()
    assert "1k\u00a0€" in text
    assert "&lt;b&gt;" in text


def test_a_mixed_colour_lies_between():
    assert mixed("#000000", "#FFFFFF", 0.0) == "#000000"
    assert mixed("#000000", "#FF0064", 0.5) == "#800032"
    assert mixed("#000000", "#FFFFFF", 1.0) == "#FFFFFF"
