"""The pages as a person meets them."""

import gc
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.errors import RoleRefused, SessionExpired, StoreUnavailable
from app.views import VIEWS
from app.views.choice import CUSTOM
from app.views.page import Page
from app.views.reader import Reader
from tests.app.redshift.data_api import STATEMENT_ID, Fault
from tests.app.views import decks
from tests.app.views.people import ETHAN, EXPRESSION, IMAGE, MARKDOWN, NORA, OTTO, Person

PATHS = [view.path for view in VIEWS]
NAME = f"Eve {IMAGE} {MARKDOWN}"
READER = SimpleNamespace(now=None)


def script():
    """The pages under a menu, as the app's own script shows them."""
    import streamlit as st

    from app.errors import AppError
    from app.views import VIEWS, filters
    from app.views.frame import render
    from tests.app.views.test_pages import READER

    st.set_page_config(layout="wide")
    filters.follow_address()
    path = st.session_state.get("path", VIEWS[0].path)
    view = next(view for view in VIEWS if view.path == path)
    try:
        render(view, READER.now)
    except AppError as error:
        st.error(error.code)


def open_page(person, path="overview", *, name="Frank Amer", address=(), state=()):
    READER.now = Reader(name, person.warehouse)
    page = AppTest.from_function(script, default_timeout=30)
    page.query_params.update(address)
    for key, value in {"path": path, **dict(state)}.items():
        page.session_state[key] = value
    page.run()
    assert not page.exception
    return page


def go_to(page, path):
    """Follows a link of the menu: it leads to the bare page."""
    page.session_state["path"] = path
    page.query_params.clear()
    page.run()
    assert not page.exception
    return page


def html(page):
    return "\n".join(element.proto.body for element in page.get("html"))


def metrics(page):
    return {metric.label: metric for metric in page.metric}


def deck(page):
    (chart,) = page.get("deck_gl_json_chart")
    return decks.read(chart.proto.json)


def charts(page):
    return [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]


def grid(page):
    (frame,) = page.dataframe
    return frame.value


def refusing(code):
    return raising(Fault(code))


def raising(error):
    def refuse(_):
        raise error

    return refuse


def test_the_menu():
    titles = ["Overview", "Total sales by city", "Products", "Customers' cities"]
    assert [view.title for view in VIEWS] == titles
    assert len(set(PATHS)) == len(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_what_a_page_drew_goes_as_it_is_drawn_anew(world, path):
    """Without a look for garbage, which stops everybody's threads and is seldom."""

    def drawn():
        return sum(isinstance(each, Page) for each in gc.get_objects())

    page = open_page(Person(world, ETHAN), path)
    gc.collect()
    before = drawn()
    gc.disable()
    try:
        for _ in range(3):
            page.run()
        assert drawn() == before
    finally:
        gc.enable()


class TestFilters:
    def test_the_usual_period_is_the_last_ninety_whole_days(self, world):
        person = Person(world, ETHAN)
        open_page(person)
        sent = {each["name"]: each["value"] for each in person.asked[0]["Parameters"]}
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        assert sent["day_after"] == (yesterday + timedelta(days=1)).isoformat()
        assert sent["first_day"] == (yesterday - timedelta(days=89)).isoformat()

    def test_a_category_narrows_both_pages_and_stays_on_the_way(self, world):
        person = Person(world, ETHAN)
        page = open_page(person)
        whole = metrics(page)["Total sales"].value
        page.multiselect(key="overview.category").select("Cycling").run()
        narrowed = metrics(page)["Total sales"].value
        assert narrowed != whole
        go_to(page, "cities")
        assert metrics(page)["Total sales"].value == narrowed
        assert page.multiselect(key="cities.category").value == ["Cycling"]
        page.multiselect(key="cities.category").unselect("Cycling").run()
        go_to(page, "overview")
        assert page.multiselect(key="overview.category").value == []
        assert metrics(page)["Total sales"].value == whole

    def test_a_period_stays_on_the_way(self, world):
        person = Person(world, ETHAN)
        page = open_page(person)
        page.selectbox(key="overview.period").select("Last 7 days").run()
        go_to(page, "cities")
        assert page.selectbox(key="cities.period").value == "Last 7 days"
        assert metrics(page)["Total sales"].value

    def test_dates_of_ones_own_start_with_what_is_shown(self, world):
        page = open_page(Person(world, ETHAN))
        page.selectbox(key="overview.period").select(CUSTOM).run()
        first, last = page.date_input(key="overview.dates").value
        assert (last - first).days == 89
        page.date_input(key="overview.dates").set_value((last - timedelta(days=9), last)).run()
        assert not page.exception
        assert "10 days" in metrics(page)["Orders"].proto.delta_description
        go_to(page, "cities")
        assert page.date_input(key="cities.dates").value == (last - timedelta(days=9), last)

    def test_half_a_range_changes_nothing_yet(self, world):
        person = Person(world, ETHAN)
        page = open_page(person)
        page.selectbox(key="overview.period").select(CUSTOM).run()
        asked = len(person.asked)
        page.date_input(key="overview.dates").set_value((datetime.now(UTC).date(),)).run()
        assert not page.exception
        assert len(person.asked) == asked

    @pytest.mark.parametrize(
        "sent", [[""], ["a\0b"], ["No such"], [f"c{number}" * 50 for number in range(3_000)]]
    )
    @pytest.mark.parametrize("path", PATHS)
    def test_the_browser_may_choose_what_was_offered_and_nothing_else(self, world, path, sent):
        page = open_page(Person(world, ETHAN), path)
        before = metrics(page)["Total sales"].value
        page.multiselect(key=f"{path}.category").set_value(sent).run()
        assert not page.exception
        assert metrics(page)["Total sales"].value == before
        assert page.multiselect(key=f"{path}.category").value == []

    def test_all_categories_stay_to_choose_from(self, world):
        page = open_page(Person(world, ETHAN))
        options = page.multiselect(key="overview.category").options
        assert len(options) == 8
        page.multiselect(key="overview.category").select("Cycling").run()
        assert page.multiselect(key="overview.category").options == options


def outcomes(caplog):
    """How the statements ended, as the audit trail has it."""
    return [record.outcome for record in caplog.records if getattr(record, "event", "") == "query"]


@pytest.mark.parametrize("path", PATHS)
class TestStates:
    @pytest.mark.parametrize(
        ("user", "code"), [(NORA, "RL-410"), (OTTO, "RL-412")], ids=["denied", "no rows"]
    )
    def test_who_may_see_nothing_gets_an_explanation_and_no_empty_chart(
        self, world, path, user, code, caplog
    ):
        with caplog.at_level("INFO", "app.audit"):
            page = open_page(Person(world, user), path)
        # What the person is told is what the audit trail says of the statement.
        assert outcomes(caplog) == [code]
        assert "There is nothing here for you yet." in [element.value for element in page.header]
        assert page.code[0].value == f"{code} {STATEMENT_ID}"
        assert "Ask the person who looks after access" in html(page)
        assert not page.metric
        assert not page.get("vega_lite_chart")
        assert not page.get("deck_gl_json_chart")
        assert not page.dataframe

    def test_a_filter_that_leaves_nothing_offers_the_way_back(self, hostile, path, caplog):
        caplog.set_level("INFO", "app.audit")
        page = open_page(Person(hostile, ETHAN), path)
        page.selectbox(key=f"{path}.period").select(CUSTOM).run()
        old = datetime.now(UTC).date() - timedelta(days=500)
        page.date_input(key=f"{path}.dates").set_value((old, old)).run()
        assert "No sales match these filters" in [element.value for element in page.header]
        assert set(outcomes(caplog)) == {"ok"}
        assert not page.metric
        (reset,) = [button for button in page.button if button.label == "Reset filters"]
        reset.click().run()
        assert page.metric
        assert page.selectbox(key=f"{path}.period").value == "Last 90 days"

    def test_other_failures_are_left_to_the_script(self, world, path):
        person = Person(world, ETHAN)
        person.api.handlers["ExecuteStatement"] = refusing("ActiveStatementsExceededException")
        page = open_page(person, path)
        assert [error.value for error in page.error] == ["RL-450"]
        assert page.selectbox(key=f"{path}.period").value == "Last 90 days"

    def test_a_refresh_that_fails_leaves_the_figures_and_says_so(self, world, path):
        person = Person(world, ETHAN)
        page = open_page(person, path)
        before, works = metrics(page)["Total sales"].value, person.api.handlers["ExecuteStatement"]
        person.api.handlers["ExecuteStatement"] = refusing("ActiveStatementsExceededException")
        page.button(key=f"{path}.refresh").click().run()
        assert not page.error
        assert metrics(page)["Total sales"].value == before
        assert "These are the figures from before, as of " in html(page)
        assert "Code RL-450" in html(page)

        person.api.handlers["ExecuteStatement"] = works
        page.button(key=f"{path}.refresh").click().run()
        assert metrics(page)["Total sales"].value == before
        assert "from before" not in html(page)

    def test_figures_of_another_choice_do_not_stand_in(self, world, path):
        person = Person(world, ETHAN)
        page = open_page(person, path)
        person.api.handlers["ExecuteStatement"] = refusing("ActiveStatementsExceededException")
        page.selectbox(key=f"{path}.period").select("Last 30 days").run()
        assert [error.value for error in page.error] == ["RL-450"]
        assert not page.metric
        assert "from before" not in html(page)

    def test_figures_of_before_a_change_of_rights_do_not_come_back(self, world, path):
        rights = ["at first"]
        person = Person(world, ETHAN, rights=lambda: rights[-1])
        page = open_page(person, path)
        person.api.handlers["ExecuteStatement"] = refusing("ActiveStatementsExceededException")
        page.button(key=f"{path}.refresh").click().run()
        assert metrics(page)
        assert "These are the figures from before, as of " in html(page)

        rights.append("after a renewal")
        page.button(key=f"{path}.refresh").click().run()
        assert [error.value for error in page.error] == ["RL-450"]
        assert not page.metric
        assert "from before" not in html(page)

    def test_nothing_stays_when_the_warehouse_refuses_the_person(self, world, path):
        person = Person(world, ETHAN)
        page = open_page(person, path)
        person.api.handlers["ExecuteStatement"] = refusing("AccessDeniedException")
        page.button(key=f"{path}.refresh").click().run()
        assert page.code[0].value == "RL-411"
        assert not page.metric

        person.api.handlers["ExecuteStatement"] = refusing("ActiveStatementsExceededException")
        page.button(key=f"{path}.refresh").click().run()
        assert [error.value for error in page.error] == ["RL-450"]
        assert not page.metric

    @pytest.mark.parametrize(
        "error",
        [
            RoleRefused("AWS no longer hands out the role.", "Sign in again."),
            SessionExpired("You are signed out.", "Sign in again."),
            StoreUnavailable("Nobody can tell who is signed in.", "Try again."),
        ],
        ids=lambda error: error.code,
    )
    def test_nothing_stays_when_the_sign_in_no_longer_holds(self, world, path, error):
        person = Person(world, ETHAN)
        page = open_page(person, path)
        person.api.handlers["ExecuteStatement"] = raising(error)
        page.button(key=f"{path}.refresh").click().run()
        assert [each.value for each in page.error] == [error.code]
        assert not page.metric

        person.api.handlers["ExecuteStatement"] = refusing("ActiveStatementsExceededException")
        page.button(key=f"{path}.refresh").click().run()
        assert [each.value for each in page.error] == ["RL-450"]
        assert not page.metric


@pytest.mark.parametrize("path", PATHS)
class TestHostileNames:
    def test_no_name_reaches_markdown_or_html(self, hostile, path):
        page = open_page(Person(hostile, ETHAN), path, name=NAME)
        page.multiselect(key=f"{path}.category").select(IMAGE).run()
        read_as_markdown = [
            text
            for element in (
                *page.markdown,
                *page.caption,
                *page.header,
                *page.title,
                *page.metric,
            )
            for text in (element.value, getattr(element, "label", ""), getattr(element, "delta", ""))
        ]
        for attack in (IMAGE, MARKDOWN, EXPRESSION):
            assert not [text for text in read_as_markdown if attack in str(text)]
        assert "<img" not in html(page)
        assert "&lt;img src=x onerror=alert(1)&gt;" in html(page)

    def test_no_name_is_an_expression_of_the_map_or_of_a_chart(self, hostile, path):
        page = open_page(Person(hostile, ETHAN), path)
        for specification in charts(page):
            assert not any(attack in json.dumps(specification) for attack in (IMAGE, MARKDOWN, EXPRESSION))
        if path == "cities":
            texts = [place["about"] for place in deck(page)["layers"][-1]["data"]]
            assert any(EXPRESSION in text for text in texts)
            assert not [text for text in texts if text.startswith("@@")]
