"""How tables write numbers: in the reader's way, as far as the browser's grid can."""

import pytest

from app.views import grid
from app.views.formats import marks


@pytest.mark.parametrize(
    ("currency", "label", "written", "step"),
    [
        ("USD", "Sales", "dollar", 0.01),
        ("JPY", "Sales", "yen", 1.0),
        ("CHF", "Sales (CHF)", "localized", 0.01),
        ("KWD", "Sales (KWD)", "localized", 0.001),
    ],
)
def test_the_heading_tells_a_currency_that_the_grid_cannot_write(currency, label, written, step):
    column = grid.money("Sales", currency, marks("en-US", currency))
    assert column["label"] == label
    assert (column["type_config"]["format"], column["type_config"]["step"]) == (written, step)


def test_changes_have_their_signs_or_the_locales_decimal_mark():
    assert grid.change("vs before", marks("en-GB"))["type_config"]["format"] == "%+.1f%%"
    german = grid.change("vs before", marks("de-DE"))
    assert (german["label"], german["type_config"]["format"]) == ("vs before (%)", "localized")


def test_a_bar_is_whole_for_the_best_and_never_of_no_length():
    assert grid.share("Share", 0.25, "#000000")["type_config"]["max_value"] == 0.25
    assert grid.share("Share", 0.0, "#000000")["type_config"]["max_value"] > 0
