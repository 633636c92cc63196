"""Views and alerts beside a page's heading, as a person uses them."""

from html import escape
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.views import VIEWS, personal, tools
from app.views.choice import Choice
from app.views.reader import Reader
from infra.local.warehouse import DbUser
from tests.app.redshift.data_api import Fault
from tests.app.views.people import ADMIN, EXPRESSION, IMAGE, MARKDOWN, Person
from tests.app.views.test_personal import (
    USERS,
    WATCHES,
    database,
    plant,
    plant_alert,
    product,
    read,
    run,
    views_of,
)

__all__ = ["database", "product"]  # fixtures

READER = SimpleNamespace(now=None)
HOSTILE = (IMAGE, MARKDOWN, EXPRESSION, "<script>alert(1)</script>", "'\"><b>")


def script():
    """A page as the app's own script shows it."""
    import streamlit as st

    from app.views import VIEWS, filters, tools
    from app.views.frame import render
    from tests.app.views.test_tools import READER

    st.set_page_config(layout="wide")
    filters.follow_address()
    tools.receive()
    render(next(view for view in VIEWS if view.path == st.session_state["path"]), READER.now)


def open_page(person, *, opened="", name="Frank Amer", path="overview", kept=True, **address):
    READER.now = Reader(name, person.warehouse, personal_tables=kept)
    page = AppTest.from_function(script, default_timeout=60)
    page.query_params.update(address)
    page.session_state["path"] = path
    if opened:
        page.session_state[f"tools.{opened}"] = True
    return again(page)


def again(page):
    page.run()
    assert not page.exception
    return page


def press(page, label):
    next(button for button in page.button if button.label == label).click()
    return again(page)


def html(page):
    return "\n".join(element.proto.body for element in page.get("html"))


def field(page, label):
    return next(box for box in page.text_input if box.label == label)


@pytest.fixture
def frank(product):
    return Person(product, USERS["Frank Amer"])


class TestViews:
    def test_one_is_saved_and_is_then_a_link(self, frank):
        page = open_page(frank, opened="views", period="30d", category=["Cycling"])
        field(page, "Save this view as").set_value("  My \t week ")
        press(page, "Save view")
        assert views_of(frank)["My week"].choice == Choice("Last 30 days").keeping("category", ["Cycling"])
        assert '<a href="/?period=30d&amp;category=Cycling" target="_self"' in html(page)
        assert ">My week</a> · Overview" in html(page)

    def test_of_another_page_lead_there(self, frank):
        run(frank, *personal.save_view("Map", VIEWS[1].path, Choice()))
        assert f'<a href="/{VIEWS[1].path}" target="_self"' in html(open_page(frank, opened="views"))

    def test_a_name_that_is_none_is_told_and_nothing_is_written(self, frank):
        page = open_page(frank, opened="views")
        for name in ("   ", "a\u202eb"):
            field(page, "Save this view as").set_value(name)
            press(page, "Save view")
            assert 'role="alert">A name has 1 to 100 characters' in html(page)
        assert not views_of(frank)

    def test_more_than_are_kept_are_not_written_but_one_may_be_replaced(self, frank, monkeypatch):
        monkeypatch.setattr(personal, "MOST_VIEWS", 1)
        run(frank, *personal.save_view("One", "overview", Choice()))
        page = open_page(frank, opened="views", period="7d")
        field(page, "Save this view as").set_value("Two")
        press(page, "Save view")
        assert "You have 1 views, the most that are kept." in html(page)
        field(page, "Save this view as").set_value("One")
        press(page, "Save view")
        assert views_of(frank)["One"].choice == Choice("Last 7 days")

    def test_one_goes_once_the_person_has_said_so_again(self, frank):
        run(frank, *personal.save_view("Mine", "overview", Choice()))
        page = press(open_page(frank, opened="views"), "Delete")
        assert [*views_of(frank)] == ["Mine"]
        press(page, "Keep")
        assert "Yes, delete" not in [button.label for button in page.button]
        press(press(page, "Delete"), "Yes, delete")
        assert not views_of(frank)
        assert "Mine" not in html(page)

    def test_what_the_warehouse_refuses_is_told_in_its_place(self, frank):
        page = open_page(frank, opened="views")

        def refuse(_):
            raise Fault("AccessDeniedException")

        frank.api.handlers["ExecuteStatement"] = refuse
        field(page, "Save this view as").set_value("Mine")
        press(page, "Save view")
        assert "AWS does not let you use the Redshift Data API." in html(page)
        assert "Code RL-411" in html(page)

    def test_more_than_an_address_can_say_is_neither_saved_nor_shared(self, frank):
        many = [f"Product {number:090}" for number in range(30)]
        page = open_page(frank, opened="views")
        page.session_state["filters"] = Choice().keeping("product", many).keeping("category", ["Cycling"])
        again(page)
        assert "More is chosen than a link can say." in html(page)
        field(page, "Save this view as").set_value("Mine")
        press(page, "Save view")
        assert "More is chosen than an address can say." in html(page)
        assert not views_of(frank)


class TestLinks:
    def test_a_link_says_the_page_and_filters_and_that_it_is_shared(self, frank):
        page = open_page(frank, opened="views", path=VIEWS[1].path, period="30d")
        assert page.code[0].value.endswith(f"/{VIEWS[1].path}?period=30d&shared=1")

    def test_who_opens_it_is_told_whose_rows_these_are_until_something_changes(self, frank):
        page = open_page(frank, period="30d", shared="1")
        told = "This view was shared as a link. You see it with the rows that Redshift lets Frank Amer see."
        assert told in html(page)
        assert "shared" not in page.query_params
        assert told in html(again(page))
        page.selectbox[0].set_value("Last 7 days")
        assert told not in html(again(page))

    def test_who_sees_nothing_is_told_so_as_ever(self, product):
        nora = Person(product, USERS["Nora Newcomer"])
        page = open_page(nora, name="Nora Newcomer", period="30d", shared="1")
        assert "rows that Redshift lets Nora Newcomer see" in html(page)
        assert "There is nothing here for you yet." in [header.value for header in page.header]
        assert not page.get("popover")

    def test_a_name_in_it_stays_text(self, frank):
        page = open_page(frank, name=IMAGE + MARKDOWN, shared="1")
        assert IMAGE not in html(page)


class TestAlerts:
    def test_one_is_set_on_the_filters_and_told_in_words(self, frank):
        page = open_page(frank, opened="alerts", country=["US"], period="30d")
        assert "sales of <strong>United States</strong>" in html(page)
        field(page, "Amount").set_value("15M")
        press(page, "Set alert")
        (alert,) = read(frank).alerts
        assert alert.watch == personal.Watch({"country": "US"}, 7, "below", 15_000_000)
        assert "<strong>United States, last 7 days: $" in html(page)
        assert ", below $15M</strong>" in html(page)
        assert 'role="status">1 alert</span>' in html(page)

    def test_an_amount_that_is_none_is_told_and_nothing_is_written(self, frank):
        page = open_page(frank, opened="alerts")
        for amount in ("", "-5", "1e99"):
            field(page, "Amount").set_value(amount)
            press(page, "Set alert")
            assert "Write an amount above zero, such as $15,000.00 or 15k." in html(page)
        assert not read(frank).alerts

    def test_several_values_of_a_filter_are_told_and_none_can_be_set(self, frank):
        page = open_page(frank, opened="alerts", country=["US", "CA"])
        assert "An alert looks at one value of each filter. To set one, choose one country, or all." in html(
            page
        )
        assert "Set alert" not in [button.label for button in page.button]

    def test_more_than_are_kept_are_not_written_but_one_may_be_replaced(self, frank, monkeypatch):
        monkeypatch.setattr(personal, "MOST_ALERTS", 1)
        run(frank, *personal.save_alert(personal.Watch({}, 7, "below", 5)))
        page = open_page(frank, opened="alerts", country=["US"])
        field(page, "Amount").set_value("10")
        press(page, "Set alert")
        assert "You have 1 alerts, the most that are kept." in html(page)
        page = open_page(frank, opened="alerts")
        field(page, "Amount").set_value("10")
        press(page, "Set alert")
        assert [alert.watch.threshold for alert in read(frank).alerts] == [10]

    def test_one_goes_once_the_person_has_said_so_again(self, frank):
        run(frank, *personal.save_alert(WATCHES[0]))
        press(press(open_page(frank, opened="alerts"), "Delete"), "Yes, delete")
        assert not read(frank).alerts

    def test_those_that_hold_are_counted_in_the_heading_also_while_the_list_is_closed(self, frank):
        for watch in WATCHES:
            run(frank, *personal.save_alert(watch))
        holding = read(frank).holding
        page = open_page(frank)
        assert f'role="status">{holding} alerts</span>' in html(page)
        assert "last 7 days:" not in html(page)

    def test_without_any_there_is_no_badge(self, frank):
        assert 'role="status"' not in html(open_page(frank))


class TestWhatOthersWrote:
    def test_stays_text(self, product, frank):
        for text in HOSTILE:
            plant(product, USERS["Ming Apac"], "saved_views", name=text, page="overview", address="?")
            plant_alert(product, category=text)
        for opened in ("views", "alerts"):
            page = press(open_page(frank, opened=opened), "Delete")
            shown = [each.value for kind in ("markdown", "caption", "header") for each in page.get(kind)]
            shown += [button.label for button in page.button]
            assert sum(escape(text) in html(page) for text in HOSTILE) == len(HOSTILE)
            for text in HOSTILE:
                assert not any(text in each for each in shown)
                assert escape(text) == text or text not in html(page)

    def test_can_be_taken_away_whole(self, product, frank):
        plant(product, USERS["Ming Apac"], "saved_views", name="x", page="no-such", address="?")
        page = open_page(frank, opened="views")
        assert "There may be other saved views" in html(page)
        press(press(page, "Delete"), "Yes, delete")
        assert "There may be other saved views" not in html(page)


def test_where_people_can_keep_nothing_nothing_is_asked_or_shown(frank):
    page = open_page(frank, kept=False)
    assert not page.get("popover")
    assert all("rowlight" not in asked["Sql"] for asked in frank.asked)


def test_who_may_read_the_sales_alone_still_has_them(product):
    for statement in (
        'CREATE ROLE "AWSIDC:late-sales"',
        'GRANT USAGE ON SCHEMA public TO ROLE "AWSIDC:late-sales"',
        'GRANT SELECT ON public.sales_data TO ROLE "AWSIDC:late-sales"',
        'ATTACH RLS POLICY amer_region_filter ON public.sales_data TO ROLE "AWSIDC:late-sales"',
    ):
        product.execute(statement, user=ADMIN)
    late = Person(product, DbUser("AWSIDC:late@example.com", frozenset({"late-sales"})))
    page, franks = open_page(late), open_page(Person(product, USERS["Frank Amer"]))
    assert [each.value for each in page.metric] == [each.value for each in franks.metric] != []
    assert "Saved views and alerts are not here" in html(page)
    assert not page.get("popover")
    again(page)
    assert ["rowlight" in asked["Sql"] for asked in late.asked] == [True, False]  # asked for once in a tab


@pytest.mark.parametrize(
    "url", [None, "", "http://[", "javascript:alert(1)", "data:text/html,x", "//evil.example"]
)
def test_a_link_begins_with_where_the_app_is_or_with_nothing(monkeypatch, url):
    monkeypatch.setattr(tools, "st", SimpleNamespace(context=SimpleNamespace(url=url)))
    assert tools._origin() == ""


def test_who_may_read_nothing_is_told_so(product):
    page = open_page(Person(product, USERS["Nora Newcomer"]))
    assert [header.value for header in page.header] == ["There is nothing here for you yet."]
    assert "Saved views and alerts are not here" not in html(page)


@pytest.mark.parametrize("most", [3, len(WATCHES) + 1])
def test_a_cap_on_rows_that_takes_alerts_or_the_figures_is_admitted(product, frank, most):
    for watch in WATCHES:
        run(frank, *personal.save_alert(watch))
    page = open_page(Person(product, USERS["Frank Amer"], max_rows=most), opened="alerts")
    assert "There may be other alerts" in html(page)
    assert [header.value for header in page.header] == ["There are more rows than a page takes"]


def test_closed_they_ask_no_more_than_the_page_itself(frank):
    open_page(frank)
    assert frank.api.operations() == ["ExecuteStatement", "GetStatementResultV2"]
    page = open_page(frank, opened="views")
    frank.api.calls.clear()
    again(page)
    assert not frank.api.calls
