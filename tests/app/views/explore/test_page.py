"""The page Explore as a person uses it, over the real warehouse of the stand-in."""

import re
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner import RerunData
from streamlit.testing.v1 import AppTest, local_script_runner

from app.errors import SessionExpired, StoreUnavailable
from app.redshift.read_only import LONGEST
from app.views.reader import Limits, Reader
from tests.app.redshift.data_api import STATEMENT_ID, Fault
from tests.app.views import people
from tests.app.views.people import ETHAN, EXPRESSION, FRANK, IMAGE, MARKDOWN, NORA, Person

READER = SimpleNamespace(now=None)
MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"


def script():
    """The page as the app's own script shows it."""
    import streamlit as st

    from app.errors import AppError
    from app.views.explore import PROOF
    from tests.app.views.explore.test_page import READER

    st.set_page_config(layout="wide")
    try:
        PROOF.draw(READER.now)
    except AppError as error:
        st.error(error.code)


def open_page(person, *, name="Frank Amer", **limits):
    READER.now = Reader(name, person.warehouse, limits=Limits(**limits))
    return again(AppTest.from_function(script, default_timeout=60))


def again(page):
    page.run()
    assert not page.exception
    return page


def write(page, text):
    page.session_state["explore text"] = text


def press(page, label="Run"):
    next(button for button in page.button if button.label == label).click()
    return again(page)


def run(page, text, label="Run"):
    write(page, text)
    return press(page, label)


def html(page):
    return "\n".join(element.proto.body for element in page.get("html"))


def code(page):
    return "\n".join(element.value for element in page.code)


def rows(page):
    (frame,) = page.dataframe
    return frame.value


def sent(person):
    return [arguments for arguments in person.asked if arguments["StatementName"].startswith("Explore ")]


@pytest.fixture
def frank(world):
    return Person(world, FRANK)


class TestWriting:
    def test_it_is_work_though_nothing_is_asked(self, frank):
        """The desk alone runs when somebody writes: the page around it does not hear of it."""
        page, worked = open_page(frank), []
        READER.now = replace(READER.now, at_work=lambda: worked.append(True))
        asked = len(frank.asked)
        again(page)
        worked.clear()
        desk_alone(page)
        assert worked == [True]
        assert len(frank.asked) == asked

    @pytest.mark.parametrize("error", [SessionExpired, StoreUnavailable])
    def test_that_the_sign_in_is_over_is_for_the_whole_page_to_say(self, frank, error):
        def over():
            raise error("Over.", "Sign in again.")

        page = open_page(frank)
        READER.now = replace(READER.now, at_work=over)
        again(page)
        assert not page.error
        assert "Over." not in html(page)


def desk_alone(page):
    """As when the editor tells what was written."""
    fragments = list(page._fragment_storage._fragments)
    with pytest.MonkeyPatch.context() as patch:
        alone = partial(RerunData, fragment_id_queue=fragments)
        patch.setattr(local_script_runner, "RerunData", alone)
        again(page)


class TestTables:
    def test_what_a_person_may_read_is_listed_with_its_types(self, frank):
        page = open_page(frank)
        labels = [button.label for button in page.button]
        assert r"public\.sales\_data :gray[table]" in labels
        assert r"sales\_price :gray[decimal\(10\,2\)]" in labels
        assert r"\"timestamp\" :gray[timestamp]" in labels
        assert "public" in html(page)
        assert "FROM public.sales_data" in page.session_state["explore text"]

    def test_who_may_read_nothing_is_told_so_and_may_still_ask(self, world):
        nora = Person(world, NORA)
        page = open_page(nora, name="Nora Newcomer")
        assert "There are no tables here for you yet" in html(page)
        assert "sales" not in html(page) + str([button.label for button in page.button])
        press(page)
        assert rows(page).iloc[0, 0] == NORA.name
        run(page, "SELECT * FROM public.sales_data")
        assert "RL-410" in html(page)
        assert not page.dataframe

    @pytest.mark.parametrize(("room", "told"), [(5, True), (10_000, False)])
    def test_a_list_that_ends_early_says_where(self, world, room, told):
        page = open_page(Person(world, FRANK, max_rows=room))
        note = "The list ends here, at public.sales_data. SQL reads what comes after it, too."
        assert (note in html(page)) is told

    def test_a_table_may_have_any_names(self):
        database = people.warehouse(people.sample(5))
        for statement in (
            'CREATE TABLE public."Name" (name INT, whole INT, "0" INT, "**b** :red[r]" INT)',
            'GRANT SELECT ON public."Name" TO ROLE "AWSIDC:amer-sales"',
        ):
            database.execute(statement, user=people.ADMIN)
        labels = [button.label for button in open_page(Person(database, FRANK)).button]
        assert r"\"\*\*b\*\* \:red\[r\]\" :gray[integer]" in labels
        assert "name :gray[integer]" in labels

    def test_a_list_that_cannot_be_had_leaves_the_editor(self, frank):
        frank.api.handlers["ExecuteStatement"] = refusing("InternalServerException")
        page = open_page(frank)
        assert "The list of tables is missing" in html(page)
        assert "RL-422" in html(page)

    def test_a_name_that_is_pressed_is_put_into_the_editor(self, frank):
        page = open_page(frank)
        press(page, r"city :gray[varchar\(100\)]")
        assert put(page) == (1, False, "city")
        press(page, r"\"timestamp\" :gray[timestamp]")
        assert put(page) == (2, False, '"timestamp"')
        assert not sent(frank)


def put(page):
    found = page.session_state["explore put"]
    return found.number, found.whole, found.text


def refusing(error):
    def refuse(_):
        raise Fault(error)

    return refuse


class TestRunning:
    def test_a_query_gives_the_rows_that_sql_gives_this_person(self, world, frank):
        sql = """SELECT city, count(*) AS orders, sum(quantity * sales_price) AS sold
            FROM sales_data GROUP BY 1 ORDER BY 1"""
        shown = rows(run(open_page(frank), sql))
        table = world.execute(sql, user=FRANK).table.to_pylist()
        assert shown.to_dict("records") == [
            {"city": row["city"], "orders": row["orders"], "sold": float(row["sold"])} for row in table
        ]
        ethan = rows(run(open_page(Person(world, ETHAN)), sql))
        assert len(ethan) > len(shown)

    def test_each_run_asks_anew_and_names_its_statement(self, frank):
        page = open_page(frank)
        for _ in range(2):
            run(page, "SELECT 1 AS one;")
        assert [each["Sql"] for each in sent(frank)] == ["SELECT 1 AS one"] * 2
        assert all(re.fullmatch(r"Explore [0-9a-f]{8}", each["StatementName"]) for each in sent(frank))
        assert f"statement {STATEMENT_ID}" in html(page)
        assert "1 row in" in html(page)

    def test_nothing_is_asked_anew_while_the_answer_is_looked_at(self, frank):
        page = run(open_page(frank), "SELECT 1 AS one")
        again(again(page))
        assert len(sent(frank)) == 1
        assert rows(page).iloc[0, 0] == 1

    @pytest.mark.parametrize(
        "text", ["DELETE FROM sales_data", "SELECT 1; SELECT 2", "SELECT '", "SELECT :x", ""]
    )
    def test_what_is_not_one_query_is_not_sent_and_stays(self, frank, text):
        page = run(open_page(frank), text)
        assert not sent(frank)
        assert re.search("RL-46[012]", html(page))
        assert page.session_state["explore text"] == text

    def test_a_failure_is_told_in_the_warehouses_words_and_the_text_stays(self, frank):
        page = run(open_page(frank), "SELECT nothing FROM sales_data")
        assert "RL-420" in html(page)
        assert STATEMENT_ID in html(page)
        assert 'column "nothing" does not exist' in code(page)
        assert page.session_state["explore text"] == "SELECT nothing FROM sales_data"
        assert rows(run(page, "SELECT 2 AS two")).iloc[0, 0] == 2
        assert "RL-420" not in html(page)

    def test_attacks_in_names_and_values_stay_text(self, hostile):
        person = Person(hostile, ETHAN)
        names = [
            f'SELECT 1 AS "{text.replace(chr(34), "")}", category FROM sales_data'
            for text in (IMAGE, MARKDOWN)
        ]
        page = open_page(person, name=f"Eve {IMAGE} {MARKDOWN}")
        for sql in (
            *names,
            f"SELECT '{EXPRESSION.replace(chr(39), chr(39) * 2)}' AS x, 1 AS y",
            f'SELECT "{IMAGE}"',
        ):
            run(page, sql)
            assert IMAGE not in html(page)
            assert not any(IMAGE in element.value or MARKDOWN in element.value for element in page.markdown)

    def test_more_rows_than_the_cap_are_said_to_be_more(self, world):
        page = run(open_page(Person(world, FRANK, max_rows=50)), f"{MANY} SELECT i FROM n")
        assert "First 50 of more rows" in html(page)
        assert len(rows(page)) == 50

    def test_a_million_rows_are_cut_and_drawn_bounded(self, world):
        person = Person(world, FRANK)
        page = run(open_page(person), f"{MANY} SELECT a.i, b.i AS j, c.i AS k FROM n a, n b, n c")
        assert "First 10,000 of more rows" in html(page)
        assert len(rows(page)) == 10_000
        assert len(person.api.calls) < 20

    def test_limits_are_told(self, frank):
        assert "At most 1,234 rows, 5 MB, 7.5 seconds" in html(
            open_page(frank, rows=1234, megabytes=5, seconds=7.5)
        )

    def test_a_text_from_the_browser_that_is_too_long_is_not_sent(self, frank):
        page = run(open_page(frank), "SELECT 1 -- " + "x" * LONGEST)
        assert "RL-463" in html(page)
        assert not sent(frank)

    def test_an_answer_goes_when_the_persons_rights_change(self, world):
        rights = SimpleNamespace(now="a")
        page = run(open_page(Person(world, FRANK, rights=lambda: rights.now)), "SELECT 1 AS one")
        assert len(rows(page)) == 1
        rights.now = "b"
        again(page)
        assert not page.dataframe
        assert page.session_state["explore text"] == "SELECT 1 AS one"


class TestPlan:
    def test_explain_asks_for_the_plan(self, frank):
        page = run(open_page(frank), "SELECT count(*) FROM sales_data", "Explain")
        assert [each["Sql"] for each in frank.asked][-1] == "EXPLAIN\nSELECT count(*) FROM sales_data"
        assert frank.asked[-1]["StatementName"].startswith("Explore: plan ")
        assert page.header or "RL-420" in html(page)

    def test_what_writes_is_not_explained(self, frank):
        page = run(open_page(frank), "DELETE FROM sales_data", "Explain")
        assert "RL-460" in html(page)


class TestChart:
    def test_a_chart_of_the_answer_has_its_figures(self, frank):
        page = run(open_page(frank), "SELECT 'a' AS word, 2.5 AS figure UNION ALL SELECT 'b', 4 ORDER BY 1")
        page.session_state["look"] = {"explore": "Chart"}
        again(page)
        (chart,) = page.get("vega_lite_chart")
        assert '"field": "y"' in chart.proto.spec.replace('":"', '": "')
        assert {box.label: box.value for box in page.selectbox} == {
            "Across": "word",
            "Up": "figure",
            "Kind": "Bars",
        }

    def test_an_answer_without_numbers_has_no_chart(self, frank):
        page = run(open_page(frank), "SELECT 'a' AS word")
        page.session_state["look"] = {"explore": "Chart"}
        again(page)
        assert not page.get("vega_lite_chart")
        assert len(rows(page)) == 1


class TestHistory:
    def opened(self, page):
        page.session_state["explore.history"] = True
        return again(page)

    def test_ones_own_statements_are_listed_and_come_back(self, world):
        frank, ethan = Person(world, FRANK), Person(world, ETHAN)
        run(open_page(ethan), "SELECT 'ethan only' AS word")
        page = open_page(frank)
        run(page, "SELECT 'first'\n  AS word")
        run(page, "SELECT 'second', nothing AS word")
        self.opened(page)
        (choice,) = page.selectbox
        assert "SELECT 'first' AS word" in str(choice.options)
        assert "ethan only" not in str(choice.options)
        assert "svv_columns" not in str(choice.options)
        place = next(at for at, option in enumerate(choice.options) if "first" in option)
        choice.select_index(place)
        again(page)
        assert page.session_state["explore text"] == "SELECT 'first'\n  AS word"
        assert put(page)[1:] == (True, "SELECT 'first'\n  AS word")

    def test_it_is_not_asked_for_until_it_is_wanted(self, frank):
        page = run(open_page(frank), "SELECT 1")
        assert not any("sys_query_history" in each["Sql"] for each in frank.asked)
        self.opened(page)
        assert sum("sys_query_history" in each["Sql"] for each in frank.asked) == 1
        again(page)
        assert sum("sys_query_history" in each["Sql"] for each in frank.asked) == 1

    def test_what_cannot_be_had_is_told_in_its_place(self, frank):
        page = run(open_page(frank), "SELECT 1 AS one")
        frank.api.handlers["ExecuteStatement"] = refusing("InternalServerException")
        self.opened(page)
        assert "RL-422" in html(page)
        assert len(rows(page)) == 1
