"""What is ranked, and that nothing of it is lost."""

from collections import Counter
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.redshift.panels import Panels
from app.views import rankings, sales
from app.views.figures import Compared, Figures
from app.views.formats import ENGLISH
from app.views.palette import LIGHT

NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
NINE = st.builds(
    lambda amount, orders: (Decimal(amount) / 100, orders, orders) * 3,
    st.integers(min_value=-(10**6), max_value=10**9),
    st.integers(min_value=0, max_value=99),
)
MEASURES = [
    (f"{name}{period}", pa.decimal128(38, 2) if name == "sales" else pa.int64())
    for period in ("", "_before", "_year_ago")
    for name in ("sales", "units", "orders")
]


def panels(name, by, rows):
    schema = pa.schema([*((each, pa.string()) for each in by), *MEASURES])
    arrays = [pa.array([row[place] for row in rows], field.type) for place, field in enumerate(schema)]
    return Panels({name: pa.Table.from_arrays(arrays, schema=schema)}, frozenset())


def total(bars):
    return sum((bar.figures.now.sales for bar in bars), Decimal(0))


def all_of(ranking):
    return total([*ranking.shown, *([ranking.others] if ranking.others else [])])


@given(st.dictionaries(NAMES, NINE), st.sets(NAMES), st.integers(min_value=0, max_value=7))
def test_products_are_shown_from_the_top_with_all_that_are_chosen_and_nothing_is_lost(found, chosen, most):
    rows = sorted(([name, *nine] for name, nine in found.items()), key=lambda row: row[1], reverse=True)
    ranking = rankings.products(panels("products", ["product"], rows), chosen, most=most)
    shown = [bar.key for bar in ranking.shown]
    assert shown[:most] == [row[0] for row in rows][:most]
    assert set(shown[most:]) <= chosen <= {*shown} | (chosen - {*found})
    assert all_of(ranking) == sum((nine[0] for nine in found.values()), Decimal(0))
    assert [bar.key for bar in ranking.every()] == [row[0] for row in rows]


@given(st.lists(st.tuples(st.sampled_from(["N", "S"]), NAMES, NINE)), st.sets(st.sampled_from(["N", "S"])))
def test_a_country_of_two_regions_is_one_and_a_region_opens_to_its_own(found, within):
    sold = rankings.places(
        panels("countries", ["region", "country"], [[r, c, *nine] for r, c, nine in found])
    )
    inside = [(country, nine) for region, country, nine in found if region in within or not within]
    ranking = rankings.countries(sold, (), within=within, most=3)
    sums = Counter()
    for country, nine in inside:
        sums[country] += nine[0]
    assert {bar.key: bar.figures.now.sales for bar in ranking.every()} == sums
    assert all_of(ranking) == sum(sums.values(), Decimal(0))
    regions = rankings.regions(sold, (), most=8)
    assert all_of(regions) == sum((nine[0] for _, _, nine in found), Decimal(0))


def test_countries_have_names_and_the_best_stand_first():
    rows = [["N", "PE", *(Decimal(1), 1, 1) * 3], ["N", "DE", *(Decimal(2), 1, 1) * 3]]
    sold = rankings.places(panels("countries", ["region", "country"], rows))
    assert [bar.label for bar in rankings.countries(sold, (), within=(), most=8).shown] == ["Germany", "Peru"]


def test_where_there_may_be_more_products_than_were_asked_for_the_others_are_not_counted():
    limit = next(panel.limit for panel in sales.FACETS if panel.name == "products")
    rows = [[f"p{number}", *(Decimal(1), 1, 1) * 3] for number in range(limit)]
    assert rankings.products(panels("products", ["product"], rows), (), most=8).others is None
    assert rankings.products(panels("products", ["product"], rows[1:]), (), most=8).others.label == (
        f"{limit - 9} other products"
    )


@pytest.mark.parametrize("chosen", [(), ("Cycling",)])
def test_a_ranking_draws_itself_and_its_table(chosen):
    rows = [[name, *(Decimal(5), 1, 1) * 3] for name in ("Cycling", "Running")]
    ranking = rankings.categories(panels("categories", ["category"], rows), chosen, most=1)
    chart = ranking.chart(chosen=chosen, days=90, colours=LIGHT, marks=ENGLISH)
    assert [value["label"] for value in chart["data"]["values"]] == ["Cycling", "1 other category"]
    table = ranking.table("Category", days=90)
    assert table["Category"].to_pylist() == ["Cycling", "Running"]
    assert Compared(
        Figures(*table.select(["Sales", "Units", "Orders"]).to_pylist()[0].values())
    ).now == Figures(Decimal(5), 1, 1)
