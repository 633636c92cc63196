"""Pictures and documents: drawn, stamped, of any text, and with nothing fetched."""

import http.server
import io
import json
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pypdfium2
import pytest
from PIL import Image

from app.errors import ExportError
from app.views import exports
from app.views.exports import Chart, Metric, Sheet, chart_png, file_name, page_pdf, pictures, pressing
from app.views.formats import marks
from app.views.palette import DARK, LIGHT
from tests.app.views import people

ENGLISH = marks("en-US")
CITIES = ("São Paulo", "Łódź", "Hà Nội", "東京", "القاهرة", "मुम्बई", "Ḩawallī")
HOSTILE = (
    people.IMAGE,
    people.MARKDOWN,
    people.EXPRESSION,
    "<script>alert(1)</script>]]>&amp;",
    '#panic() #read("/etc/passwd") $x^2$ *bold* @ref <label> \\ `raw`',
    "\x00\x01\x1b\x85\u2028\u202e\ufffe\uffff\udc80\U0001f600",
    "",
    "x" * 5_000,
)


def bars(*names, **more):
    return {
        "data": {"values": [{"name": name, "sales": place + 1} for place, name in enumerate(names)]},
        "mark": {"type": "bar", "color": LIGHT.accent},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": None},
            "x": {"field": "sales", "type": "quantitative"},
            "tooltip": {"field": "name"},
        },
        **more,
    }


def picture(file):
    image = Image.open(io.BytesIO(file))
    image.load()
    return image.convert("RGB")


def pages(file):
    """The text of each page of a PDF."""
    return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(file)]


def colours(image):
    return {colour for _, colour in image.getcolors(2**24)}


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


def test_a_chart_is_a_picture_in_light_colours(stamp):
    image = picture(chart_png(Chart("By city", bars(*CITIES[:3])), stamp))
    assert image.width == 2 * (pictures.WIDE + 48)
    assert image.getpixel((0, 0)) == (255, 255, 255)
    dark = bars(
        *CITIES[:3], mark={"type": "bar", "color": DARK.accent}, config={"background": DARK.background}
    )
    assert picture(chart_png(Chart("By city", dark), stamp)).tobytes() == image.tobytes()
    assert rgb(LIGHT.accent) in colours(image)


def test_the_stamp_is_in_the_picture(stamp):
    chart = Chart("By city", bars("Lima"))
    said = picture(chart_png(chart, stamp))
    other = picture(chart_png(chart, exports.Stamp("Nora", stamp.page, (), stamp.as_of, "another")))
    assert said.tobytes() != other.tobytes()


@pytest.fixture(scope="module")
def document():
    """One document of everything: each costs a second."""
    stamp = exports.Stamp(
        HOSTILE[3],
        "Overview " + HOSTILE[4],
        (*CITIES, *HOSTILE),
        datetime(2026, 11, 28, 19, 14, 33, tzinfo=UTC),
        "3f2c9f1a",
    )
    names = [name.encode(errors="ignore").decode() for name in (*CITIES, *HOSTILE)]
    table = pa.table(
        {
            "City": names * 4,
            "Sales": pa.array([Decimal("1243508.20")] * len(names) * 4, pa.decimal128(38, 2)),
            "Orders": [1234] * len(names) * 4,
            "Day": [date(2026, 11, 28), *[None] * (len(names) * 4 - 1)],
        }
    )
    sheet = Sheet(
        metrics=tuple(Metric(name, name, name) for name in names[:7]),
        charts=(
            Chart(names[7], bars(*names)),
            *(Chart(name, bars(name), wide=False) for name in names[8:11]),
        ),
        tables=((names[9], table), ("Empty", table.slice(0, 0)), ("No columns", pa.table({}))),
    )
    return page_pdf(sheet, stamp, marks=ENGLISH)


def test_a_document_shows_any_name_as_text(document):
    text = "".join(pages(document))
    for name in (
        *CITIES[:3],
        "<script>alert(1)</script>]]>&amp;",
        '#panic() #read("/etc/passwd") $x^2$ *bold*',
    ):
        assert name in text
    assert "root:" not in text


def test_every_page_of_a_document_has_its_number_and_stamp(document):
    texts = pages(document)
    assert len(texts) > 1
    for number, text in enumerate(texts, 1):
        assert f"{number} of {len(texts)}" in text
        assert "As of: 2026-11-28 19:14:33 UTC" in text
        assert "Statement: 3f2c9f1a" in text
        assert "Filters: São Paulo; Łódź" in text
        assert "Rows visible to: <script>" in text


def test_a_document_says_in_its_properties_whose_it_is(document):
    about = pypdfium2.PdfDocument(document).get_metadata_dict()
    assert about["Title"].startswith("Overview")
    assert about["Author"].startswith("<script>")
    assert "3f2c9f1a" in about["Subject"]


def test_a_document_has_figures_and_first_rows_as_people_read_them(document):
    text = "".join(pages(document))
    assert "$1,243,508.20" in text
    assert "1,234" in text
    assert "2026-11-28" in text
    assert "The first 20 of 60 rows. CSV, Excel and Parquet have all." in text


def test_any_number_is_written(rows, stamp):
    huge = pa.array([Decimal(10) ** 35, -(Decimal(10) ** 35), None, Decimal(0)], pa.decimal128(38, 2))
    table = rows.append_column("Huge", huge).select(["Sales", "Longitude", "Orders", "Share", "Huge", "New"])
    odd = pa.table({"Odd": [float("nan"), float("inf"), -0.0, 0.081]})
    (text,) = pages(page_pdf(Sheet(tables=(("Rows", table), ("Odd", odd))), stamp, marks=ENGLISH))
    for said in ("$1,243,508.20", "1e+300", "-46.633300", "nan", "8.1%", "0.0%"):
        assert said in text


def test_names_in_a_chart_have_the_room_that_their_font_needs(stamp):
    spec = bars("Winter sports", config={"axis": {"labelLimit": 70}})
    (text,) = pages(page_pdf(Sheet(charts=(Chart("By category", spec),)), stamp, marks=ENGLISH))
    assert "Winter sports" in text


def test_charts_of_a_document_are_vectors_and_its_letters_are_text(document):
    images = [
        thing
        for page in pypdfium2.PdfDocument(document)
        for thing in page.get_objects()
        if isinstance(thing, pypdfium2.PdfImage)
    ]
    assert not images
    assert len(document) < 500_000


@pytest.mark.parametrize(
    "spec",
    [
        bars("x", data={"url": "http://127.0.0.1:9/rows.json"}),
        bars("x", data={"url": "file:///etc/passwd", "format": {"type": "csv"}}),
        bars("x", mark="image", encoding={"url": {"field": "name"}}),
        bars("x", transform=[{"lookup": "name", "from": {"data": {"url": "data.csv"}, "key": "a"}}]),
        {"layer": [bars("x", encoding={"href": {"field": "name"}})]},
    ],
)
def test_a_chart_that_would_fetch_is_refused(spec, stamp):
    with pytest.raises(ValueError, match="nothing is fetched"):
        chart_png(Chart("By city", spec), stamp)


def run_press(job):
    command = [sys.executable, "-I", str(pressing._PRESS)]
    return subprocess.run(command, input=json.dumps(job).encode(), capture_output=True, check=False)


def test_the_press_itself_fetches_nothing():
    asked = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"http://127.0.0.1:{server.server_port}"
        rows = {"data": {"url": f"{where}/rows.json"}, "mark": "bar"}
        values, address = {"values": [{"a": f"{where}/a.png"}]}, {"url": {"field": "a"}}
        image = {"data": values, "mark": "image", "encoding": address}
        job = {"template": "picture.typ", "format": "png", "ppi": 72, "timestamp": 0, "sheet": {}}
        done = [run_press({**job, "charts": [chart]}) for chart in (rows, image)]
        server.shutdown()
    assert b"not allowed" in done[0].stderr
    assert not asked


def test_rows_are_never_an_expression(stamp):
    attack = {"signal": "1/0", "expr": "1/0"}
    spec = bars("x", data={"values": [{"name": attack, "sales": 1}, {"name": "signal", "sales": "datum.x"}]})
    assert picture(chart_png(Chart("By city", spec), stamp))


def test_the_press_sees_no_secret(monkeypatch, tmp_path):
    fake = tmp_path / "press.py"
    fake.write_text("import os, sys; sys.stdout.write(repr(dict(os.environ)))")
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "hush")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setattr(pressing, "_PRESS", fake)
    assert b"hush" not in pressing._run(b"")


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import sys; sys.exit(1)", "RL-500"),
        ("import os; os.abort()", "RL-500"),
        ("import time; time.sleep(60)", "RL-503"),
    ],
)
def test_a_press_that_fails_costs_one_export(program, code, stamp, monkeypatch, tmp_path):
    fake = tmp_path / "press.py"
    fake.write_text(program)
    monkeypatch.setattr(pressing, "_PRESS", fake)
    monkeypatch.setattr(pressing, "_LONGEST_WORK", 0.2)
    with pytest.raises(ExportError) as failed:
        chart_png(Chart("By city", bars("Lima")), stamp)
    assert failed.value.code == code
    assert not pressing._one_at_a_time.locked()


def test_one_is_drawn_at_a_time(stamp, monkeypatch):
    monkeypatch.setattr(pressing, "_LONGEST_WAIT", 0.01)
    with pressing._one_at_a_time, pytest.raises(ExportError) as busy:
        chart_png(Chart("By city", bars("Lima")), stamp)
    assert busy.value.code == "RL-504"


def test_what_is_too_much_is_refused(stamp, monkeypatch):
    monkeypatch.setattr(pressing, "_LONGEST_JOB", 1_000)
    with pytest.raises(ExportError) as refused:
        chart_png(Chart("By city", bars(*"x" * 100)), stamp)
    assert refused.value.code == "RL-502"


def test_nothing_heavy_is_imported_until_somebody_exports():
    heavy = {"typst", "vl_convert", "xlsxwriter", "pyarrow.parquet"}
    code = f"import app.views.exports, sys; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", [*CITIES, *HOSTILE, "../../etc/passwd", "a\r\nSet-Cookie: x"])
def test_a_files_name_is_safe(name):
    made = file_name(name, name, date(2026, 11, 28), "csv")
    assert made.isascii()
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert made.startswith("rowlight-")
    assert made.endswith("-2026-11-28.csv")
    assert (
        file_name("Overview", "By category", date(2026, 11, 28), "csv")
        == "rowlight-overview-by-category-2026-11-28.csv"
    )
