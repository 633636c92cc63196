"""What a line of the report says, and when a bound is kept."""

import pytest

from bench import report


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.setattr(report, "_run", report._Run())


@pytest.mark.parametrize(("measured", "kept"), [([7.9, 8.0, 8.1], True), ([7.8, 7.9, 8.2], False)])
def test_a_ratio_keeps_its_least_by_the_median(measured, kept):
    with report.part("fetch"):
        report.ratio("wall", [1.0, 1.0, 1.0], "a peer", measured, least=8)
    [figure] = report.figures()
    assert (figure.part, figure.kept, figure.bound) == ("fetch", kept, f"≥ 8{report.TIMES}")
    assert ("MISSED" in figure.line) is not kept
    assert "against a peer" in figure.line


def test_percentiles_judge_what_all_but_one_in_twenty_are_below():
    report.percentiles("filter change", [0.010] * 90 + [0.2] * 10, most_p95=150)
    [figure] = report.figures()
    assert (figure.median, figure.p95, figure.kept) == (10, 200, False)
    assert figure.judged == "p95 ≤ 150 ms: MISSED"


def test_one_value_has_no_spread_and_without_a_bound_no_judgement():
    report.value("ready", 3, "s")
    [figure] = report.figures()
    assert (figure.value, figure.spread, figure.judged, figure.kept) == ("3 s", "", "", None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (0, "0"),
        (1_400_000, "1,400,000"),
        (0.02442, "0.0244"),
        (5.891, "5.89"),
        (124.74, "124.7"),
        (13859.4, "13,859"),
    ],
)
def test_numbers_have_the_digits_that_say_something(given, said):
    assert report.number(given) == said
