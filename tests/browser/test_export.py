"""What people take along from a page: their own rows, as each kind of file, and nobody else's way to it."""

import io
import re
from decimal import Decimal

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import expect
from pyarrow import csv

pytestmark = pytest.mark.browser


def take(visitor, what, kind):
    """The file's name and content, chosen and asked for by the keyboard alone."""
    page = visitor.page
    page.get_by_role("button", name="Export", exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    box = dialog.get_by_role("combobox", name="What")
    if what:
        box.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.type(what)
        page.keyboard.press("Enter")
    choice = dialog.get_by_role("radio", name=kind)
    choice.press("Space")
    expect(choice).to_be_checked()
    dialog.get_by_role("button", name="Make the file").press("Enter")
    download = dialog.get_by_role("button", name=re.compile("Download"))
    expect(download).to_have_css("cursor", "pointer")  # its style came with it
    with page.expect_download() as started:
        download.press("Enter")
    return started.value.suggested_filename, started.value.path().read_bytes()


@pytest.mark.parametrize("name", ["Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac"])
def test_a_person_takes_along_their_own_rows(name, visitor, demo, sql):
    visitor.open_as(name)
    file_name, content = take(visitor, "By category", "CSV")
    assert re.fullmatch(r"rowlight-overview-by-category-\d{4}-\d\d-\d\d\.csv", file_name)
    remarks = [line for line in content.decode("utf-8-sig").splitlines() if line.startswith("#")]
    assert f"# Rows visible to: {name}" in remarks
    rows = csv.read_csv(io.BytesIO(content), csv.ReadOptions(skip_rows=len(remarks)))
    ((sales,),) = sql(
        name,
        "SELECT sum(quantity * sales_price) FROM public.sales_data "
        'WHERE "timestamp" >= dateadd(day, -90, current_date) AND "timestamp" < current_date',
    )
    assert sum(Decimal(str(amount)) for amount in rows["Sales"].to_pylist()) == Decimal(sales)
    statement = next(line for line in remarks if "Statement" in line).rsplit(" ", 1)[1]
    assert any(f"statement={statement}" in line and "kind=CSV" in line for line in demo.events("export"))


def test_a_page_and_its_map_are_drawn_for_paper(visitor):
    visitor.open_as("Frank Amer")
    visitor.open_cities()
    _, content = take(visitor, "", "PDF")
    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(content)]
    assert "Rows that Redshift lets Frank Amer see" in pages[0]
    assert all("Rows visible to: Frank Amer" in page for page in pages)
    visitor.page.keyboard.press("Escape")
    name, content = take(visitor, "Cities", "PNG")
    assert name.endswith(".png")
    assert Image.open(io.BytesIO(content)).width > 1_000
    # The file came to this tab alone: the app has no address for it.
    asked = [text for text in visitor.seen.texts if text.startswith(visitor.demo.url)]
    assert asked
    assert not [text for text in asked if text.startswith(f"{visitor.demo.url}/media/")]


def test_the_way_to_a_file_looks_like_a_button_and_leads_to_the_newest(visitor):
    visitor.open_as("Frank Amer")
    visitor.page.emulate_media(color_scheme="dark")
    take(visitor, "By category", "CSV")
    dialog = visitor.page.get_by_role("dialog")
    way = dialog.get_by_role("button", name=re.compile("Download"))
    expect(way).to_have_css("background-color", "rgb(79, 195, 191)")
    expect(way).to_have_css("color", "rgb(15, 20, 25)")
    first = way.inner_text()
    dialog.get_by_role("radio", name="Excel").press("Space")
    dialog.get_by_role("button", name="Make the file").press("Enter")
    expect(way).not_to_have_text(first)  # another size
    with visitor.page.expect_download() as started:
        way.press("Enter")
    assert started.value.suggested_filename.endswith(".xlsx")


def test_whoever_sees_nothing_has_nothing_to_take_along(visitor):
    visitor.open_as("Nora Newcomer")
    expect(visitor.page.get_by_role("heading", name="There is nothing here for you yet.")).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Export")).to_have_count(0)
