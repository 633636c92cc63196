"""The pages that lead down from the whole to its orders."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import escape

import pyarrow as pa
import pytest
from streamlit.proto.Common_pb2 import StringTriggerValue

from app.redshift.panels import Panels
from app.views import drill, products
from app.views import frame as frames
from app.views.choice import Choice
from app.views.drill import depth
from tests.app.views import people
from tests.app.views.people import ETHAN, FRANK, IMAGE, MARKDOWN, Person
from tests.app.views.test_pages import grid, html, metrics, open_page

SEES = {ETHAN: "", FRANK: "America"}
WAYS = {"products": ("category", "product", "place"), "customers": ("region", "country", "place")}
COLUMNS = {"product": "product_name", "region": "region_code"}
TODAY = datetime.now(UTC).date()


def opener(page):
    (box,) = [box for box in page.selectbox if box.label.startswith("Open a ")]
    return box


def open_first(page):
    """Opens the best of the level, as the keyboard does; tells its name."""
    name = grid(page).iloc[0, 0]
    opener(page).select(name).run()
    assert not page.exception
    return name


def press(page, label):
    (button,) = [button for button in page.button if button.label == f":primary[{label}]"]
    button.click().run()
    assert not page.exception


def send(page, widget, **value):
    """Lets the browser say something of a widget."""
    states = page._tree.get_widget_states()
    states.widgets.add(id=widget, **value)
    page._run(states)


def click(page, sent, *, button=None):
    """Clicks on a name in the table, as a browser says it."""
    send(page, button or button_of(page), string_trigger_value=StringTriggerValue(data=json.dumps(sent)))


def button_of(page):
    (table,) = page.dataframe
    (button,) = table.proto.button_click_widgets.values()
    return button


def said(page):
    """What the address says; of a parameter its last value."""
    values = {name: page.query_params[name] for name in page.query_params}
    return {name: value if isinstance(value, str) else value[-1] for name, value in values.items()}


def level(page):
    (heading,) = page.header
    return heading.value


def above(page):
    """The levels to which the breadcrumbs lead back."""
    return [button.label for button in page.button if ".to." in button.key]


@pytest.fixture(scope="module")
def sold(frame):
    """The rows of the last 90 whole days, by the names of the dimensions."""
    days = frame.timestamp.dt.date
    now = frame[(days >= TODAY - timedelta(days=90)) & (days < TODAY)]
    return now.assign(place=now.city + ", " + now.country, **{to: now[of] for to, of in COLUMNS.items()})


@pytest.mark.parametrize(("way", "user"), [("products", FRANK), ("customers", ETHAN)])
def test_each_level_down_to_the_orders_is_what_pandas_counts(world, sold, way, user):
    rows = sold[sold.timezone.str.startswith(SEES[user])]
    person = Person(world, user)
    page = open_page(person, way)
    for dimension in WAYS[way]:
        shown = grid(page)
        expected = rows.groupby(dimension).agg({"amount": "sum", "quantity": "sum", "sku": "count"})
        best = expected.sort_values("amount", ascending=False).head(200)
        assert metrics(page)["Total sales"].help == f"${rows.amount.sum():,}"
        assert metrics(page)["Orders"].help == f"{len(rows):,}"
        assert shown.Sales.tolist() == [float(amount) for amount in best.amount]
        assert (shown.Units.sum(), shown.Orders.sum()) == (best.quantity.sum(), best.sku.sum())
        assert shown.Share.sum() == pytest.approx(float(best.amount.sum() / rows.amount.sum()))
        open_first(page)
        rows = rows[rows[dimension] == said(page)["city" if dimension == "place" else dimension]]
    assert level(page) == "Orders"
    lines = grid(page)
    assert lines["Date and time"].tolist() == sorted(rows.timestamp, reverse=True)
    assert sorted(lines.Amount) == sorted(map(float, rows.amount))
    assert metrics(page)["Total sales"].help == f"${rows.amount.sum():,}"
    assert len(person.asked) == 4


def test_changes_are_what_pandas_counts(world, frame):
    shown = grid(open_page(Person(world, ETHAN), "products")).set_index("Category")
    days, usual = frame.timestamp.dt.date, Choice().filters(TODAY)
    for against, (first, last) in {"before": usual.before, "year_ago": usual.year_ago}.items():
        past = frame[(days >= first) & (days <= last)]
        was = past.groupby("category").amount.sum().astype(float)
        for name, change in shown[against].items():
            assert change == pytest.approx(100 * (shown.Sales[name] / was[name] - 1), abs=0.051)


@pytest.mark.parametrize("name", ['["Ball","Shoe"]', " [] ", "\ufeff[]", ":material/home: Ball"])
def test_a_name_is_no_menu_and_no_icon(name):
    page = open_page(Person(people.warehouse(people.rows(people.row(category=name))), ETHAN), "products")
    assert grid(page).Category.tolist() == ["\u200b" + name]
    assert opener(page).options == [name]


def test_what_returns_made_negative_rises_and_falls_as_well():
    now = datetime.now(UTC).replace(tzinfo=None)
    sold = (
        people.row(sales_price=Decimal(price), timestamp=now - timedelta(days=days))
        for days, price in ((3, "-10.00"), (95, "-20.00"), (368, "-5.00"))
    )
    shown = grid(open_page(Person(people.warehouse(people.rows(*sold)), ETHAN), "products"))
    assert (shown.before[0], shown.year_ago[0]) == (50.0, -100.0)


class TestTheWayBack:
    def test_breadcrumbs_and_back_lead_to_the_levels_above(self, world):
        page = open_page(Person(world, ETHAN), "customers", address={"period": "12m"})
        region, country, city = (open_first(page) for _ in range(3))
        assert above(page) == [f":primary[{name}]" for name in ("All regions", region, country)]
        assert f'<span aria-current="location">{city}</span>' in html(page)
        press(page, "Back")
        assert (level(page), len(above(page))) == ("Cities", 2)
        assert opener(page).value is None  # nothing stays selected
        press(page, region)
        assert (level(page), said(page)) == ("Countries", {"period": "12m", "region": region})
        press(page, "All regions")
        assert (level(page), above(page), said(page)) == ("Regions", [], {"period": "12m"})
        assert not [button for button in page.button if "Back" in button.label]

    def test_what_was_chosen_elsewhere_stays(self, world):
        page = open_page(Person(world, ETHAN), "products", address={"city": "London, GB", "period": "12m"})
        assert level(page) == "Categories"
        open_first(page)
        press(page, "Back")
        assert (level(page), said(page)) == ("Categories", {"city": "London, GB", "period": "12m"})


class TestTheLevel:
    @pytest.mark.parametrize(
        ("only", "down"),
        [
            ({}, 0),
            ({"region": ["EMEA"]}, 0),
            ({"category": ["Cycling"]}, 1),
            ({"category": ["Cycling", "Hiking"], "product": ["Ball"]}, 0),
            ({"category": ["Cycling"], "place": ["Lima, PE"]}, 1),
            ({"category": ["Cycling"], "product": ["Ball"]}, 2),
            ({"category": ["Cycling"], "product": ["Ball"], "place": ["Lima, PE"]}, 3),
        ],
    )
    def test_it_is_the_first_that_is_not_narrowed_to_one_value(self, only, down):
        choice = Choice()
        for dimension, values in only.items():
            choice = choice.keeping(dimension, values)
        assert depth(WAYS["products"], choice.filters(TODAY)) == down

    def test_of_several_values_that_are_chosen_those_are_ranked(self, world):
        page = open_page(Person(world, ETHAN), "customers", address={"country": ["DE", "FR", "US"]})
        assert sorted(grid(page).Region) == ["AMER", "EMEA"]
        assert f"${round(grid(page).Sales.sum(), 2):,.2f}" == metrics(page)["Total sales"].help
        opener(page).select("EMEA").run()
        assert sorted(grid(page).Country) == ["France", "Germany"]
        opener(page).select("Germany").run()
        assert said(page) == {"region": "EMEA", "country": "DE"}  # the code, where people read the name

    def test_a_value_that_does_not_exist_says_so_and_leads_back(self, world):
        address = {"category": "Nope", "product": IMAGE}
        page = open_page(Person(world, ETHAN), "products", address=address)
        assert level(page) == "No sales match these filters"
        assert not page.dataframe
        (reset,) = [button for button in page.button if button.label == "Reset filters"]
        reset.click().run()
        assert level(page) == "Categories"

    def test_it_is_one_statement_and_a_redraw_none(self, world):
        person = Person(world, ETHAN)
        page = open_page(person, "products")
        page.run()
        open_first(page)
        press(page, "Back")
        assert [_parameters(asked)["level"] for asked in person.asked] == ["category", "product"]

    def test_orders_are_read_at_the_last_alone(self, world):
        whole = products.VIEW.query(Choice().filters(TODAY))
        assert not products.VIEW.question.split(Person(world, ETHAN).warehouse.fetch(whole)).any("listed")


def _parameters(asked):
    return {each["name"]: each["value"] for each in asked["Parameters"]}


class TestWhatABrowserMaySay:
    def test_a_click_on_a_name_opens_what_stood_there(self, world):
        page = open_page(Person(world, ETHAN), "products")
        (first, second, *_), before = grid(page).Category, button_of(page)
        for _ in range(2):  # as a double click does: the second on a list of before
            click(page, {"row": 1, "label": "anything"}, button=before)
            assert (level(page), said(page)) == ("Products", {"category": second})
        click(page, {"row": 0, "label": ""}, button=before)
        assert (level(page), said(page)) == ("Products", {"category": first})

    def test_a_row_that_is_none_opens_nothing(self, world):
        page = open_page(Person(world, ETHAN), "products")
        for row in (len(grid(page)), 10**18):
            click(page, {"row": row, "label": "Cycling"})
            assert said(page) == {}

    def test_a_name_that_was_not_offered_opens_nothing(self, world):
        page = open_page(Person(world, ETHAN), "products")
        box = opener(page).proto.id
        for value in ("No such", "", "Lima, PE", "' OR 1=1 --"):
            send(page, box, string_value=value)
            assert said(page) == {}


class TestHostileNames:
    @pytest.mark.parametrize("name", [IMAGE, MARKDOWN])
    def test_a_name_is_opened_as_it_is_and_stays_text(self, hostile, name):
        page = open_page(Person(hostile, ETHAN), "products")
        opener(page).select(name).run()
        assert said(page) == {"category": name}
        assert f'<span aria-current="location">{escape(name)}</span>' in html(page)
        open_first(page)
        labels = "".join(above(page))
        assert name not in labels
        assert name in labels.replace("\\", "")

    def test_an_order_without_a_price_is_there(self, hostile):
        address = {"category": "Football", "product": "Ball", "city": "Lima, PE"}
        page = open_page(Person(hostile, ETHAN), "products", address=address)
        assert grid(page).Amount.isna().tolist() == [True]
        assert metrics(page)["Total sales"].help == "$0.00"


@pytest.fixture(scope="module")
def many():
    """A country with more cities than the page ranks, and a city with more orders than it lists."""
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=3)
    cities = [people.row(city=f"City {each:03}", quantity=300 - each, timestamp=now) for each in range(205)]
    alike = [people.row(city="City 000", quantity=7, timestamp=now - timedelta(seconds=1))] * 3
    others = [people.row(city="City 000", timestamp=now - timedelta(minutes=each)) for each in range(1, 301)]
    return people.warehouse(people.rows(*cities, *alike, *others))


HERE = {"region": "AMER", "country": "PE"}


class TestWhatIsLeftOut:
    def test_the_others_of_a_level_are_said(self, many):
        page = open_page(Person(many, ETHAN), "customers", address=HERE)
        assert len(grid(page)) == len(opener(page).options) == 200
        others = sum(range(96, 101)) * Decimal("10.50")
        assert f"The best 200 cities. Others: ${others:,}." in html(page)
        whole = Decimal(metrics(page)["Total sales"].help.removeprefix("$").replace(",", ""))
        assert round(Decimal(grid(page).Sales.sum()), 2) == whole - others

    def test_chosen_ones_that_are_not_among_the_best_are_said(self, many):
        chosen = {**HERE, "city": ["City 203, PE", "City 204, PE"]}
        page = open_page(Person(many, ETHAN), "customers", address=chosen)
        assert metrics(page)["Orders"].value == "2"
        assert "None of the chosen cities is among the best" in html(page)
        assert grid(page).empty

    def test_the_latest_orders_of_many_one_by_one(self, many):
        page = open_page(Person(many, ETHAN), "customers", address={**HERE, "city": "City 000, PE"})
        assert "The latest 200 of 304 orders." in html(page)
        lines = grid(page)
        assert len(lines) == 200
        assert lines["Date and time"].is_monotonic_decreasing
        assert lines.Quantity[:5].tolist() == [300, 7, 7, 7, 2]

    def test_a_single_order(self, many):
        page = open_page(Person(many, ETHAN), "customers", address={**HERE, "city": "City 001, PE"})
        assert "1 order, the latest first." in html(page)

    def test_a_capped_answer_admits_it(self, world):
        page = open_page(Person(world, ETHAN, max_rows=8), "products")
        assert "There are more rows than a page takes. Incomplete: categories." in html(page)
        assert "Others: $" in html(page)


def test_a_file_that_has_not_all_says_so_by_its_name(world, monkeypatch):
    offered = []
    monkeypatch.setattr(
        frames.export, "export", lambda this: offered.extend(part.name for part in this.parts)
    )
    page = open_page(Person(world, ETHAN, max_rows=8), "products")
    shown = len(grid(page))
    assert [name for name in offered if "categories" in name.lower()] == [f"Best {shown} categories"]


def test_orders_alike_beyond_number_are_read_no_further_than_they_are_shown():
    columns = {name: [None] for name in ("sold_at", "product", "place", "quantity", "price", "amount")}
    listed = pa.table({**columns, "orders": [10**12]})
    assert drill._lines(Panels({"listed": listed}, frozenset())).num_rows == 200


def test_what_is_shown_can_be_taken_along_to_the_cent(many, monkeypatch):
    offered = {}
    monkeypatch.setattr(
        frames.export, "export", lambda this: offered.update({part.name: part.table for part in this.parts})
    )
    page = open_page(Person(many, ETHAN), "customers")
    taken = offered.pop("Regions")()
    assert f"${sum(taken['Sales'].to_pylist()):,}" == metrics(page)["Total sales"].help
    for _ in range(3):
        open_first(page)
    assert "Orders" not in offered
    lines = offered.pop("Latest 200 orders")()
    assert lines["Amount"][:2].to_pylist() == [Decimal("3150.00"), Decimal("73.50")]
    assert lines.num_rows == 200
