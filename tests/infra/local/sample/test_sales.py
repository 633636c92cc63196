"""The sample is plausible, the same every time, and fits the warehouse's table."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.sample import sales
from infra.local.sample.catalogue import PRODUCTS
from infra.local.sample.places import _KNOWN_HEIGHTS, cities, elevations

TODAY = dt.date(2026, 3, 1)


@pytest.fixture(scope="module")
def table():
    return sales(200_000, today=TODAY)


@pytest.fixture(scope="module")
def frame(table):
    frame = table.to_pandas()
    frame["amount"] = (frame["sales_price"] * frame["quantity"]).astype(float)
    frame["area"] = frame["timezone"].str.partition("/")[0]
    return frame


def test_the_columns_are_the_warehouse_tables(table):
    assert {field.name: str(field.type) for field in table.schema} == {
        "sku": "string",
        "product_name": "string",
        "category": "string",
        "quantity": "int32",
        "sales_price": "decimal128(10, 2)",
        "timestamp": "timestamp[us]",
        "city": "string",
        "region_code": "string",
        "country": "string",
        "latitude": "decimal128(10, 6)",
        "longitude": "decimal128(10, 6)",
        "population": "int32",
        "elevation": "int32",
        "timezone": "string",
    }
    assert table.num_rows == 200_000
    assert all(column.null_count == 0 for column in table.columns)
    table.validate(full=True)


def test_text_fits_the_lengths_of_the_warehouses_table(table):
    lengths = {
        "sku": 50,
        "product_name": 255,
        "category": 100,
        "city": 100,
        "region_code": 10,
        "country": 10,
        "timezone": 50,
    }
    for name, most in lengths.items():
        assert max(len(text.encode()) for text in table.column(name).unique().to_pylist()) <= most


def test_the_same_seed_and_day_give_the_same_rows():
    assert sales(5_000, today=TODAY, seed=3).equals(sales(5_000, today=TODAY, seed=3))


@pytest.mark.parametrize("other", [{"today": TODAY, "seed": 4}, {"today": dt.date(2026, 3, 2), "seed": 3}])
def test_another_seed_or_day_gives_others(other):
    assert not sales(5_000, **other).equals(sales(5_000, today=TODAY, seed=3))


@settings(max_examples=8, deadline=None)
@given(
    rows=st.integers(1, 300),
    today=st.dates(dt.date(1995, 1, 1), dt.date(2090, 1, 1)),
    seed=st.integers(0, 2**32),
)
def test_any_day_and_any_number_of_rows_will_do(rows, today, seed):
    table = sales(rows, today=today, seed=seed)
    table.validate(full=True)
    days = [moment.date() for moment in table.column("timestamp").to_pylist()]
    assert len(days) == rows
    assert today - dt.timedelta(days=730) <= min(days)
    assert max(days) < today
    assert days == sorted(days)


def test_two_full_years_up_to_yesterday(frame):
    days = frame["timestamp"].dt.date
    assert days.min() == dt.date(2024, 3, 1)
    assert days.max() == dt.date(2026, 2, 28)
    assert days.nunique() == 730


def test_real_cities_of_the_whole_world(frame):
    places = frame.groupby(["city", "country"])
    assert places.ngroups >= 1_500
    assert frame["country"].nunique() >= 100
    for column in ("latitude", "longitude", "population", "elevation", "timezone", "region_code"):
        assert (places[column].nunique() == 1).all()
    lima = frame[(frame["city"] == "Lima") & (frame["country"] == "PE")].iloc[0]
    assert lima["timezone"] == "America/Lima"
    assert lima["latitude"] == pytest.approx(Decimal("-12.04"), abs=Decimal("0.1"))
    assert lima["longitude"] == pytest.approx(Decimal("-77.03"), abs=Decimal("0.1"))


def test_the_catalogue_is_broad(frame):
    assert frame["category"].nunique() == 8
    assert frame["sku"].nunique() >= 160
    assert (frame.groupby("sku")["product_name"].nunique() == 1).all()
    assert (frame.groupby("product_name")["sku"].nunique() == 1).all()


def test_prices_and_quantities_are_positive_and_believable(frame):
    assert frame["sales_price"].min() >= Decimal(2)
    assert frame["sales_price"].max() <= Decimal(3_000)
    assert frame["quantity"].min() == 1
    assert frame["quantity"].max() <= 20
    assert all(product.cents > 0 for product in PRODUCTS)


def test_every_regional_manager_has_rows_and_some_rows_have_none(frame):
    areas = frame.groupby("area").size() / len(frame)
    assert 0.35 < areas["America"] < 0.50
    assert 0.22 < areas["Europe"] < 0.35
    assert 0.15 < areas["Asia"] < 0.30
    assert 0.05 < areas.drop(["America", "Europe", "Asia"]).sum() < 0.20
    assert {"Africa", "Australia", "Pacific"} <= set(areas.index)


def test_the_sales_region_agrees_with_the_time_zone(frame):
    region = frame.groupby("area")["region_code"].unique().map(list).to_dict()
    assert region["America"] == ["AMER"]
    assert region["Europe"] == region["Africa"] == region["Atlantic"] == ["EMEA"]
    assert region["Asia"] == region["Australia"] == region["Pacific"] == ["APAC"]


def test_no_country_is_the_whole_world(frame):
    assert (frame.groupby("country")["amount"].sum() / frame["amount"].sum()).max() < 0.35
    assert (frame.groupby("category")["amount"].sum() / frame["amount"].sum()).between(0.03, 0.35).all()


def test_weekends_are_busier(frame):
    by_weekday = frame.groupby(frame["timestamp"].dt.day_of_week).size()
    assert by_weekday[5] > 1.3 * by_weekday[1]


def test_evenings_are_busier_than_nights(frame):
    by_hour = frame.groupby(frame["timestamp"].dt.hour).size()
    assert by_hour[19] > 10 * by_hour[3]


def test_sales_grow(frame):
    middle = frame["timestamp"] < "2025-03-01"
    assert 1.05 < (~middle).sum() / middle.sum() < 1.25


def test_winter_sports_follow_the_winter_of_the_hemisphere(frame):
    winter = frame[frame["category"] == "Winter sports"]
    month = winter["timestamp"].dt.month
    for places, peak, low in (
        (winter["country"].isin(["DE", "SE", "CA"]), 12, 6),
        (winter["country"].isin(["AU", "NZ", "AR"]), 6, 12),
    ):
        by_month = month[places].value_counts()
        assert by_month[peak] > 3 * by_month.get(low, 0)


def test_regions_have_their_own_taste(frame):
    def share(area, category):
        rows = frame[frame["area"] == area]
        return (rows["category"] == category).mean()

    assert share("Africa", "Football") > 1.5 * share("Asia", "Football")
    assert share("America", "Basketball") > 1.3 * share("Europe", "Basketball")


def test_heights_are_known_or_like_those_around():
    places = cities()
    heights = {
        (city.name, city.country): height for city, height in zip(places, elevations(places), strict=True)
    }
    assert {place: heights.get(place) for place in _KNOWN_HEIGHTS} == _KNOWN_HEIGHTS
    assert all(0 <= height < 5_000 for height in heights.values())


def test_an_empty_sample_is_a_table_too():
    assert sales(0, today=TODAY).schema == sales(1, today=TODAY).schema
    assert isinstance(sales(0, today=TODAY), pa.Table)
