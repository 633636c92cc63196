"""The Overview as a person meets it."""

import json
import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates

from app.views.choice import CUSTOM
from tests.app.views.people import ETHAN, FRANK, IMAGE, Person
from tests.app.views.test_pages import go_to, html, metrics, open_page

PANELS = [
    "Sales over time",
    "By category",
    "By region",
    "By country",
    "Top products",
    "Lowest products",
]


@pytest.fixture
def ethan(world):
    return Person(world, ETHAN)


def charts(page):
    """Each panel's rows, by what stands over it."""
    drawn = page.get("vega_lite_chart")
    assert [header.value for header in page.header] == PANELS
    return {
        name: pa.ipc.open_stream(chart.proto.data.data).read_all().to_pylist()
        for name, chart in zip(PANELS, drawn, strict=True)
    }


def total(page):
    exact = metrics(page)["Total sales"].help
    return Decimal(exact.replace("$", "").replace(",", ""))


def click(page, panel, *keys, sent=None):
    """What the browser sends when somebody clicks on a bar, or says that somebody did."""
    chart = page.get("vega_lite_chart")[PANELS.index(panel)]
    states = WidgetStates()
    states.CopyFrom(page._tree.get_widget_states())
    said = {"pick": [{"key": key} for key in keys]} if sent is None else sent
    states.widgets.add(id=chart.proto.id, string_value=json.dumps({"selection": said}))
    page._run(states)
    assert not page.exception
    return page


def switch(page, name):
    return page.button_group(key=f"look.{name}")


class TestFigures:
    def test_four_figures_against_two_periods(self, ethan):
        shown = metrics(open_page(ethan))
        assert list(shown) == ["Total sales", "Units", "Orders", "Average order"]
        assert shown["Total sales"].value.startswith("$")
        assert shown["Total sales"].help[-3] == "."
        for metric in shown.values():
            assert metric.delta.startswith(("+", "-", "0.0%"))
            recent, last_year = metric.proto.delta_description.split("  \n")
            assert recent == "vs previous 90 days"
            assert last_year.endswith("% vs same period last year")

    def test_with_nothing_to_compare_it_says_so(self, hostile):
        for metric in open_page(Person(hostile, ETHAN)).metric:
            assert metric.delta == "No sales"
            assert metric.proto.delta_description == (
                "in the previous 90 days  \nNo sales in the same period last year"
            )

    def test_each_figure_has_its_course_as_a_picture(self, ethan):
        """As many points as the chart has whole steps, and neither a word nor a way out of the picture."""
        page = open_page(ethan)
        whole = sum(row["whole"] for row in charts(page)["Sales over time"])
        named = re.findall(r'nth-child\((.)\)[^{}]*{ background-image: url\("([^"]*)"\) }', html(page))
        assert [place for place, _ in named] == ["1", "2", "3", "4"]
        assert len(page.metric) == 4
        for _, address in named:
            kind, picture = address.split(",")
            assert kind == "data:image/svg+xml;base64"
            shape, points = re.fullmatch(
                '<svg xmlns="http://www.w3.org/2000/svg" ([^<>]*)><polyline points="([^"]*)"[^<>]*/></svg>',
                b64decode(picture).decode(),
            ).groups()
            assert len(points.split()) == whole > 2
            assert "href" not in shape + points

    def test_it_says_what_for_whom_and_when(self, world):
        text = html(open_page(Person(world, FRANK)))
        assert "Rows that Redshift lets Frank Amer see" in text
        assert "as of " in text

    def test_a_capped_answer_says_what_it_cut(self, world):
        page = open_page(Person(world, ETHAN, max_rows=40))
        cut = "sales by country, top products, lowest products"
        assert f"There are more rows than a page takes. Incomplete: {cut}. Narrow" in html(page)

    def test_a_page_is_one_statement_and_a_redraw_none(self, ethan):
        page = open_page(ethan)
        page.run()
        assert len(ethan.asked) == 1
        assert "more rows than a page takes" not in html(page)
        page.button(key="overview.refresh").click().run()
        assert len(ethan.asked) == 2
        assert not page.exception


class TestLook:
    def test_every_panel_adds_up_to_the_total(self, ethan):
        page = open_page(ethan)
        for name, rows in charts(page).items():
            if name != "Lowest products":
                column = "now" if name == "Sales over time" else "sales"
                assert round(sum(row[column] for row in rows), 2) == float(total(page)), name

    def test_countries_have_names_and_regions_and_products_stand_in_order(self, ethan):
        shown = charts(open_page(ethan))
        assert "United States" in [row["label"] for row in shown["By country"]]
        assert "US" in [row["key"] for row in shown["By country"]]
        for name, reverse in (("By region", True), ("Top products", True), ("Lowest products", False)):
            sold = [row["sales"] for row in shown[name] if row["key"]]
            assert sold == sorted(sold, reverse=reverse)
        assert shown["Lowest products"][-1]["sales"] < shown["Top products"][0]["sales"]

    def test_the_course_is_drawn_in_the_step_that_was_chosen_on_whatever_page_comes_between(self, ethan):
        page = open_page(ethan)
        assert switch(page, "grain").value == "week"
        switch(page, "grain").set_value("day").run()
        assert len(charts(page)["Sales over time"]) == 90
        go_to(page, "cities")
        go_to(page, "overview")
        assert switch(page, "grain").value == "day"
        assert len(ethan.asked) == 3  # two steps of time, and the other page

    def test_a_step_in_which_the_period_cannot_be_drawn_gives_way_to_the_usual(self, ethan):
        page = open_page(ethan)
        switch(page, "grain").set_value("day").run()
        page.selectbox(key="overview.period").select(CUSTOM).run()
        today = datetime.now(UTC).date()
        page.date_input(key="overview.dates").set_value((today - timedelta(days=1_200), today)).run()
        assert not page.exception
        assert switch(page, "grain").options == ["Week", "Month", "Quarter"]
        assert switch(page, "grain").value == "month"

    def test_another_comparison_or_tables_ask_nothing(self, ethan):
        page = open_page(ethan)
        before = [row["other"] for row in charts(page)["Sales over time"]]
        switch(page, "against").set_value("Last year").run()
        year_ago = [row["other"] for row in charts(page)["Sales over time"]]
        switch(page, "against").set_value("None").run()
        assert before != year_ago
        assert {row["other"] for row in charts(page)["Sales over time"]} == {None}
        switch(page, "shown").set_value("Tables").run()
        assert not page.get("vega_lite_chart")
        assert [header.value for header in page.header] == PANELS
        tables = [frame.value for frame in page.dataframe]
        assert [round(table.Sales.sum(), 2) for table in tables[:5]] == [float(total(page))] * 5
        assert len(ethan.asked) == 1

    def test_the_browser_switches_to_what_was_offered_and_nothing_else(self, ethan):
        page = open_page(ethan)
        names = ("grain", "against", "shown")
        chosen = [switch(page, name).value for name in names]
        for sent in ("'; DROP TABLE x; --", IMAGE, ""):
            states = WidgetStates()
            states.CopyFrom(page._tree.get_widget_states())
            switches = {switch(page, name).proto.id for name in names}
            for state in states.widgets:
                if state.id in switches:
                    state.string_array_value.data[:] = [sent]
            page._run(states)
            assert not page.exception
            assert [switch(page, name).value for name in names] == chosen
        assert len(ethan.asked) == 1


class TestClicks:
    def test_a_click_on_a_bar_keeps_to_it_and_another_leaves_it(self, ethan):
        page = open_page(ethan)
        whole = total(page)
        for panel, dimension in {
            "By category": "category",
            "By region": "region",
            "By country": "country",
            "Top products": "product",
        }.items():
            bar = charts(page)[panel][1]
            click(page, panel, bar["key"])
            assert page.multiselect(key=f"overview.{dimension}").value == [bar["key"]]
            assert total(page) == Decimal(str(bar["sales"]))
            states = {row["key"]: row["state"] for row in charts(page)[panel]}
            assert [key for key, state in states.items() if state == 2] == [bar["key"]]
            click(page, panel, bar["key"])
            assert total(page) == whole

    def test_what_did_not_sell_at_all_can_be_looked_at_and_left(self, ethan):
        page = open_page(ethan)
        lowest = charts(page)["Lowest products"][0]
        assert lowest["orders"] == 0
        click(page, "Lowest products", lowest["key"])
        assert "No sales match these filters" in [header.value for header in page.header]
        page.button(key="nothing.reset").click().run()
        assert total(page)

    def test_a_region_opens_to_its_countries(self, ethan):
        page = open_page(ethan)
        region = charts(page)["By region"][0]
        click(page, "By region", region["key"])
        countries = charts(page)["By country"]
        assert round(sum(row["sales"] for row in countries), 2) == region["sales"]
        assert len(charts(page)["By region"]) > 1

    def test_the_browser_clicks_what_was_offered_and_nothing_else(self, ethan):
        page = open_page(ethan)
        for sent in (
            {"pick": [{"key": "No such"}, {"key": None}, {"key": ["Cycling"]}, {}, "Cycling", 7, None]},
            {"pick": [{"key": ""}, {"key": "' OR 1 = 1 --"}, {"key": IMAGE}, {"key": "c" * 100_000}]},
            {"pick": {"key": "Cycling"}},
            {"pick": "Cycling"},
            {"pick": None},
            {"other": [{"key": "Cycling"}]},
            {},
        ):
            click(page, "By category", sent=sent)
            assert page.multiselect(key="overview.category").value == []
        assert len(ethan.asked) == 1
