"""Both themes can be read."""

import pytest

from app.views import palette

PALETTES = {"light": palette.LIGHT, "dark": palette.DARK}


def luminance(colour):
    def linear(part):
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part) for part in bytes.fromhex(colour[1:]))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES)
def test_text_and_marks_can_be_told_from_what_they_lie_on(colours):
    assert contrast(colours.text, colours.background) >= 4.5
    assert contrast(colours.muted, colours.background) >= 4.5
    assert contrast(colours.accent, colours.background) >= 3
    assert contrast(colours.pale, colours.background) >= 3
    assert contrast(colours.accent, colours.pale) > 1.9


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES)
def test_the_ramp_grows_away_from_the_background(colours):
    steps = [contrast(step, colours.background) for step in colours.ramp]
    assert steps == sorted(steps)
    assert all(contrast(step, colours.land) > 1.4 for step in colours.ramp)


@pytest.mark.parametrize(
    ("theme", "colours"), [("dark", palette.DARK), ("light", palette.LIGHT), (None, palette.LIGHT)]
)
def test_a_theme_that_is_not_known_yet_is_light(theme, colours):
    assert palette.palette(theme) is colours
