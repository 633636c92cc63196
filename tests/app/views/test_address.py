"""The address of a page says what was chosen on it, and what it says is shown."""

from datetime import UTC, datetime, timedelta

import pytest

from app.views.choice import CUSTOM
from tests.app.views.people import ETHAN, EXPRESSION, IMAGE, MARKDOWN, Person
from tests.app.views.test_pages import PATHS, go_to, html, metrics, open_page

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


def sent(person, number=-1):
    return {each["name"]: each["value"] for each in person.asked[number]["Parameters"]}


@pytest.mark.parametrize("path", PATHS)
class TestReading:
    def test_the_first_statement_asks_for_what_the_address_says(self, world, path):
        person = Person(world, ETHAN)
        page = open_page(person, path, address={"period": "30d", "category": ["Cycling", "Running"]})
        page.run()
        assert len(person.asked) == 1
        assert sent(person)["first_day"] == (YESTERDAY - timedelta(days=29)).isoformat()
        assert [sent(person)[f"category_{place}"] for place in range(2)] == ["Cycling", "Running"]
        assert page.selectbox(key=f"{path}.period").value == "Last 30 days"
        assert page.multiselect(key=f"{path}.category").value == ["Cycling", "Running"]

    def test_days(self, world, path):
        person = Person(world, ETHAN)
        first, last = YESTERDAY - timedelta(days=9), YESTERDAY - timedelta(days=2)
        address = {"from": first.isoformat(), "to": last.isoformat()}
        page = open_page(person, path, address=address)
        assert page.selectbox(key=f"{path}.period").value == CUSTOM
        assert page.date_input(key=f"{path}.dates").value == (first, last)
        assert sent(person)["first_day"] == first.isoformat()
        assert page.query_params == address

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_no_day_is_too_far_away(self, world, path, day):
        page = open_page(Person(world, ETHAN), path, address={"from": day, "to": day})
        page.run()
        assert not page.exception
        assert page.query_params["from"] != day

    @pytest.mark.parametrize(
        "text", [IMAGE, MARKDOWN, EXPRESSION, "' OR 1=1 --", "{{7*7}}", "a\0b", "x" * 9_999]
    )
    def test_any_text_is_harmless(self, world, path, text):
        person = Person(world, ETHAN)
        names = ("period", "from", "to", "category", "path", text)
        page = open_page(person, path, address=dict.fromkeys(names, text))
        page.run()
        assert not page.exception
        assert len(person.asked) == 1
        assert text not in person.asked[0]["Sql"]
        assert "<img" not in html(page)
        assert page.selectbox(key=f"{path}.period").value == "Last 90 days"

    def test_a_category_that_does_not_exist_can_be_left_again(self, world, path):
        page = open_page(Person(world, ETHAN), path, address={"category": "No such"})
        assert "No sales match these filters" in [element.value for element in page.header]
        (reset,) = [button for button in page.button if button.label == "Reset filters"]
        reset.click().run()
        assert page.metric
        assert page.query_params == {}


@pytest.mark.parametrize("path", PATHS)
class TestWriting:
    def test_what_is_usual_is_not_said(self, world, path):
        page = open_page(Person(world, ETHAN), path)
        assert page.query_params == {}
        page.selectbox(key=f"{path}.period").select("Last 7 days").run()
        assert page.query_params == {"period": "7d"}
        page.selectbox(key=f"{path}.period").select("Last 90 days").run()
        assert page.query_params == {}

    def test_a_choice_opened_again_shows_the_same(self, world, path):
        page = open_page(Person(world, ETHAN), path)
        page.multiselect(key=f"{path}.category").select("Running").select("Cycling").run()
        page.selectbox(key=f"{path}.period").select(CUSTOM).run()
        page.date_input(key=f"{path}.dates").set_value((YESTERDAY - timedelta(days=40), YESTERDAY)).run()
        person = Person(world, ETHAN)
        again = open_page(person, path, address=page.query_params)
        assert again.query_params == page.query_params
        assert metrics(again)["Total sales"].value == metrics(page)["Total sales"].value
        assert len(person.asked) == 1

    def test_another_page_says_it_too_and_asks_once(self, world, path):
        other = next(each for each in PATHS if each != path)
        person = Person(world, ETHAN)
        page = open_page(person, path, address={"period": "30d", "category": "Cycling"})
        go_to(page, other)
        page.run()
        assert page.query_params == {"period": "30d", "category": "Cycling"}
        assert len(person.asked) == 2
        assert sent(person)["category_0"] == "Cycling"

    def test_what_others_wrote_stays(self, world, path):
        page = open_page(Person(world, ETHAN), path, address={"embed": "true", "other": ["1", "2"]})
        page.selectbox(key=f"{path}.period").select("Last 7 days").run()
        assert page.query_params == {"embed": "true", "other": ["1", "2"], "period": "7d"}
