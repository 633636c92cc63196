"""What is chosen beside the period: widgets, chips, clicks, and what a browser may not choose."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views import filters
from app.views.choice import DIMENSIONS, Choice
from tests.app.views import people
from tests.app.views.people import ETHAN, FRANK, IMAGE, MARKDOWN, Person
from tests.app.views.test_pages import PATHS, go_to, html, metrics, open_page

ONE_EACH = {
    "region": "AMER",
    "country": "US",
    "category": "Running",
    "product": "Men's Cadence Road Shoe",
    "place": "New York City, US",
}


@pytest.fixture
def tab(monkeypatch):
    """A tab in which nothing is chosen yet."""
    found = SimpleNamespace(session_state={}, context=SimpleNamespace(timezone=None))
    monkeypatch.setattr(filters, "st", found)
    return found


def labels(page):
    return [button.label for button in page.button if ".without." in (button.key or "")]


def total(page):
    return metrics(page)["Total sales"].value


@pytest.mark.usefixtures("tab")
class TestToggle:
    def test_a_click_chooses_and_the_same_again_does_not(self):
        filters.toggle("category", ["Running"], {"Running", "Cycling"})
        assert filters.kept().only == {"category": ("Running",)}
        filters.toggle("category", ["Cycling"], {"Running", "Cycling"})
        assert filters.kept().only == {"category": ("Cycling",)}
        filters.toggle("category", ["Cycling"], {"Running", "Cycling"})
        assert filters.kept() == Choice()

    @given(st.lists(st.text() | st.none() | st.integers() | st.lists(st.text(), max_size=1), max_size=4))
    def test_what_was_not_offered_is_not_there(self, values):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(filters, "st", SimpleNamespace(session_state={}))
            filters.toggle("product", values, frozenset())
            assert filters.kept() == Choice()

    def test_dropping_one_leaves_the_others(self):
        filters.keep(Choice().keeping("place", ["Lima, PE", "Oslo, NO"]))
        filters.drop("place", "Lima, PE")
        assert filters.kept().only == {"place": ("Oslo, NO",)}
        filters.drop("place")
        assert filters.kept() == Choice()


@pytest.mark.parametrize("path", PATHS[:1])  # all stand in one frame
class TestOnAPage:
    def test_each_dimension_narrows_the_page_and_is_a_chip(self, world, path):
        page = open_page(Person(world, ETHAN), path)
        seen = {total(page)}
        for dimension, value in ONE_EACH.items():
            page.multiselect(key=f"{path}.{dimension}").set_value([value]).run()
            assert not page.exception
            seen.add(total(page))
            assert len(labels(page)) == 1
            page.button(key=f"{path}.reset").click().run()
            assert page.multiselect(key=f"{path}.{dimension}").value == []
        assert len(seen) == 1 + len(ONE_EACH)

    def test_a_chip_takes_its_value_away(self, world, path):
        page = open_page(
            Person(world, ETHAN), path, address={"category": ["Cycling", "Running"], "least": "10"}
        )
        both = total(page)
        assert labels(page) == ["Category\\: Cycling", "Category\\: Running", "Orders from \\$10\\.00"]
        page.button(key=f"{path}.without.category.Running").click().run()
        assert page.multiselect(key=f"{path}.category").value == ["Cycling"]
        assert total(page) != both
        page.button(key=f"{path}.without.least").click().run()
        assert page.number_input(key=f"{path}.least").value is None
        assert page.query_params == {"category": "Cycling"}

    def test_two_values_that_are_said_alike_are_two_chips(self, world, path):
        page = open_page(Person(world, ETHAN), path, address={"country": ["DE", "Germany"]})
        assert labels(page) == ["Country\\: Germany", "Country\\: Germany"]
        assert page.query_params == {"country": ["DE", "Germany"]}

    def test_many_values_are_one_chip(self, world, path):
        names = ["Cycling", "Running", "Hiking", "Football"]
        page = open_page(Person(world, ETHAN), path, address={"category": names})
        assert labels(page) == ["Category\\: 4 chosen"]
        page.button(key=f"{path}.without.category").click().run()
        assert labels(page) == []

    def test_the_smallest_order_that_counts(self, world, path):
        page = open_page(Person(world, ETHAN), path)
        whole = total(page)
        page.number_input(key=f"{path}.least").set_value(100.5).run()
        assert total(page) != whole
        assert page.query_params == {"least": "100.50"}
        assert labels(page) == ["Orders from \\$100\\.50"]

    @pytest.mark.parametrize("entered", [float("nan"), float("inf"), -5.0, 0.0, 1e300])
    def test_what_is_no_amount_changes_nothing(self, world, path, entered):
        page = open_page(Person(world, ETHAN), path)
        page.number_input(key=f"{path}.least").set_value(entered).run()
        assert not page.exception
        assert labels(page) == []

    def test_a_country_has_its_name_and_the_address_its_code(self, world, path):
        page = open_page(Person(world, ETHAN), path, address={"country": "DE"})
        assert labels(page) == ["Country\\: Germany"]
        assert "Germany" in page.multiselect(key=f"{path}.country").options
        assert page.query_params == {"country": "DE"}

    def test_a_value_of_a_link_that_the_person_cannot_see_leaves_nothing_and_a_way_back(self, world, path):
        page = open_page(Person(world, FRANK), path, address={"country": "DE"})
        assert "No sales match these filters" in [element.value for element in page.header]
        assert "Country: Germany" in html(page)
        page.button(key="nothing.reset").click().run()
        assert total(page)

    def test_whatever_a_chip_says_is_no_markdown(self, world, path):
        page = open_page(Person(world, ETHAN), path, address={"category": [IMAGE, MARKDOWN, ":red[r]"]})
        assert not page.exception
        for label in labels(page):
            # Markdown has no construct without one of these marks, and takes an escaped one as itself.
            bare = label.replace("\\\\", "")
            assert all(bare[place - 1] == "\\" for place, mark in enumerate(bare) if mark in "[]()!*_$:<>`@")


def test_filters_go_along_to_the_other_pages(world):
    page = open_page(
        Person(world, ETHAN), address={"city" if d == "place" else d: v for d, v in ONE_EACH.items()}
    )
    chosen = labels(page)
    assert len(chosen) == len(ONE_EACH)
    for path in PATHS[1:]:
        go_to(page, path)
        assert labels(page) == chosen
        for dimension, value in ONE_EACH.items():
            assert page.multiselect(key=f"{path}.{dimension}").value == [value]
    assert set(DIMENSIONS) == set(ONE_EACH)


def test_an_amount_is_written_as_the_person_writes_it():
    from app.views.choice import Filters
    from app.views.formats import marks
    from tests.app.views.test_sales import last

    chosen: Filters = last(90, least=Decimal("1234.5"))
    german = filters.said(chosen, DIMENSIONS, marks("de-DE", "EUR"))
    assert german[1] == "Orders from 1.234,50\u00a0€"


class TestLimits:
    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize(("products", "told"), [(199, 0), (201, 1)])
    def test_where_not_all_can_be_chosen_it_is_said_once_beside_the_choice(self, path, products, told):
        rows = [people.row(product_name=f"Product {number}") for number in range(products)]
        page = open_page(Person(people.warehouse(people.rows(*rows)), ETHAN), path)
        note = "The 200 with most sales. Another country or category brings up others."
        assert html(page).count(note) == told
        assert len(page.multiselect(key=f"{path}.product").options) == min(products, 200)
