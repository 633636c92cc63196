"""The control: nothing until it is opened, a file when it is asked for, a line in the log or a reason."""

import io
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import openpyxl
import pyarrow as pa
import pypdfium2
import pytest
from PIL import Image
from pyarrow import parquet
from streamlit.testing.v1 import AppTest

from app.audit import Trail
from app.errors import SessionExpired
from app.redshift.table import Table, Timings
from app.views import export as control
from app.views.exports import excel
from app.views.formats import ENGLISH
from app.views.page import Part
from app.views.palette import DARK
from app.views.reader import Reader
from tests.app.views.people import IMAGE, MARKDOWN

NOW = SimpleNamespace()
ROWS = pa.table(
    {
        "Category": ["Laptops", "=1+1", None],
        "Sales": pa.array([Decimal("1243508.20"), Decimal("2.50"), Decimal(0)], pa.decimal128(38, 2)),
    }
)
FIGURES = pa.table({"Total sales": ROWS["Sales"].slice(0, 1), "Orders": [1234]})


class Page(SimpleNamespace):
    """A page as export knows it."""


def script():
    import streamlit as st

    from app.views.export import choose, export
    from tests.app.views.test_export import NOW

    NOW.page.tools = st.container()
    # AppTest does not draw a dialog by itself, as a browser has it done.
    (choose if st.session_state.get("open") else export)(NOW.page)


def chart():
    NOW.asked.append("chart")
    return {
        "data": {"values": [{"name": "Laptops", "sales": 3}]},
        "mark": {"type": "bar", "color": DARK.accent},
        "encoding": {
            "x": {"field": "sales", "type": "quantitative"},
            "y": {"field": "name", "type": "nominal"},
        },
    }


def table(rows):
    def made():
        NOW.asked.append("table")
        return rows

    return made


@pytest.fixture
def page():
    NOW.asked, NOW.holds = [], lambda _: True
    NOW.page = Page(
        view=SimpleNamespace(path="overview", title="Overview"),
        reader=Reader(
            "Frank Amer",
            SimpleNamespace(holds=lambda table: NOW.holds(table)),  # noqa: PLW0108  # NOW.holds changes
            Trail("frank@example.com", "0a1b2c3d"),
            "EUR",
        ),
        marks=ENGLISH,
        said=("25 Aug to 23 Nov 2026", f"category {IMAGE}"),
        table=Table(
            ROWS,
            truncated=False,
            statement_id="3f2c9f1a",
            elapsed=0,
            timings=Timings(0, 0, 0),
            as_of=datetime(2026, 11, 28, tzinfo=UTC),
        ),
        parts=[Part("Figures", table(FIGURES)), Part("By category", table(ROWS), chart)],
    )
    return NOW.page


def opened():
    app = AppTest.from_function(script, default_timeout=60)
    app.session_state["open"] = True
    app.run()
    assert not app.exception
    return app


def made(what, kind):
    """The dialog after a file was asked for."""
    app = opened()
    if what != control.WHOLE_PAGE:
        app.selectbox(key="overview.export.what").select(what).run()
        (choice,) = app.get("button_group")
        choice.set_value(kind)
    app.button(key="overview.export.make").click().run()
    assert not app.exception
    return app


@pytest.fixture
def files(monkeypatch):
    """What the browser was given: what it is, and its content."""
    given = []

    def take(*, key, data):
        said, _, content = data.partition(b"\n")
        given.append((json.loads(said), content))

    monkeypatch.setattr(control, "script", {"file": take}.__getitem__)
    return given


def records(caplog):
    return [record for record in caplog.records if getattr(record, "event", "") == "export"]


def test_a_page_with_nothing_to_take_along_has_no_button(page):
    page.parts.clear()
    assert not AppTest.from_function(script).run().button


def test_nothing_is_made_before_it_is_asked_for(page):
    app = AppTest.from_function(script).run()
    assert [button.label for button in app.button] == [":primary[Export]"]
    assert not app.selectbox
    app = app.button(key="overview.export").click().run()
    assert app.selectbox(key="overview.export.what").options == [control.WHOLE_PAGE, "Figures", "By category"]
    assert NOW.asked == []


def test_a_part_without_a_chart_has_no_picture(page):
    app = opened()
    app.selectbox(key="overview.export.what").select("Figures").run()
    (choice,) = app.get("button_group")
    assert choice.options == ["CSV", "Excel", "Parquet"]
    app.selectbox(key="overview.export.what").select("By category").run()
    (choice,) = app.get("button_group")
    assert choice.options == ["CSV", "Excel", "Parquet", "PNG"]


@pytest.mark.parametrize(
    ("what", "kind", "name", "mime"),
    [
        ("By category", "CSV", "rowlight-overview-by-category-2026-11-28.csv", "text/csv"),
        (
            "By category",
            "Excel",
            "rowlight-overview-by-category-2026-11-28.xlsx",
            control._ENDINGS["Excel"][1],
        ),
        (
            "By category",
            "Parquet",
            "rowlight-overview-by-category-2026-11-28.parquet",
            "application/vnd.apache.parquet",
        ),
        ("By category", "PNG", "rowlight-overview-by-category-2026-11-28.png", "image/png"),
        (control.WHOLE_PAGE, "PDF", "rowlight-overview-the-whole-page-2026-11-28.pdf", "application/pdf"),
    ],
)
def test_each_kind_of_file_is_what_the_page_shows_and_is_logged(  # noqa: PLR0917
    what, kind, name, mime, page, files, caplog
):
    with caplog.at_level(logging.INFO, "app.audit"):
        made(what, kind)
    [(said, content)] = files
    assert (said["name"], said["type"]) == (name, mime)
    CHECKS[kind](content)
    (record,) = records(caplog)
    assert (record.outcome, record.kind, record.page, record.statement) == (
        "ok",
        kind,
        "overview",
        "3f2c9f1a",
    )
    assert (record.person, record.session, record.part) == ("frank@example.com", "0a1b2c3d", what)
    assert record.rows == (4 if kind == "PDF" else 3)
    assert record.bytes == len(content)
    assert record.filters.startswith("25 Aug to 23 Nov 2026; category ")


def check_csv(content):
    assert content.decode("utf-8-sig").endswith(
        '"Category","Sales"\n"Laptops",1243508.20\n"\'=1+1",2.50\n,0.00\n'
    )


def check_excel(content):
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book["Rows"]["B2"].value == 1243508.2
    assert "EUR" in book["Rows"]["B2"].number_format
    assert IMAGE in dict(book["About"].iter_rows(values_only=True))["Filters"]


def check_parquet(content):
    back = parquet.read_table(io.BytesIO(content))
    assert back.replace_schema_metadata().equals(ROWS)
    assert back.schema.metadata[b"rowlight.person"] == b"Frank Amer"


def check_png(content):
    assert Image.open(io.BytesIO(content)).getpixel((0, 0))[:3] == (255, 255, 255)


def check_pdf(content):
    text = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(content))
    for said in (
        "Rows that Redshift lets Frank Amer see",
        "Total sales",
        "$1,243,508.20",
        "By category",
        "=1+1",
        IMAGE,
    ):
        assert said in text


CHECKS = {
    "CSV": check_csv,
    "Excel": check_excel,
    "Parquet": check_parquet,
    "PNG": check_png,
    "PDF": check_pdf,
}


def test_the_file_reaches_this_tab_alone_and_no_address_leads_to_it(page, files):
    app = made("By category", "CSV")
    [(said, _)] = files
    assert set(said) == {"name", "type", "label"}
    assert said["label"] == "Download (1 kB)"
    assert not app.get("download_button")


def test_a_refusal_is_told_and_logged(page, files, caplog, monkeypatch):
    monkeypatch.setattr(excel, "MOST_ROWS", 2)
    with caplog.at_level(logging.INFO, "app.audit"):
        app = made("By category", "Excel")
    said = "".join(element.proto.body for element in app.get("html"))
    assert "There are 3 rows; this kind of file takes 2." in said
    assert "Code RL-501" in said
    assert not files
    (record,) = records(caplog)
    assert record.outcome == "RL-501"


def test_what_a_cap_has_cut_is_said_in_the_file(page, files):
    page.table = replace(page.table, truncated=True)
    made("By category", "CSV")
    assert b"incomplete: there are more rows than a page takes" in files[0][1]


@pytest.mark.parametrize("expired", [False, True])
def test_whoever_may_not_see_the_table_any_more_gets_no_file(expired, page, files):
    def holds_no_more(_):
        NOW.holds = lambda _: True  # of the page that is drawn anew
        if expired:
            raise SessionExpired("The sign-in is over.", "Sign in again.")
        return False

    app = opened()
    NOW.holds = holds_no_more
    app.button(key="overview.export.make").click().run()
    assert not files
    assert NOW.asked == []


def test_a_parts_name_is_text_wherever_it_stands(page, files, caplog):
    page.parts.append(Part(MARKDOWN, table(ROWS)))
    app = opened()
    assert MARKDOWN in app.selectbox(key="overview.export.what").options
    with caplog.at_level(logging.INFO, "app.audit"):
        made(MARKDOWN, "CSV")
    assert files[0][0]["name"].isascii()
    assert "/" not in files[0][0]["name"]
