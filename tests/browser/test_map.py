"""The map in a browser: every shape is drawn, and a click, the list and the search choose the same."""

import io
import json
import re
import threading
from contextlib import contextmanager, suppress
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from app.views.figures import City, Figures
from app.views.formats import ENGLISH, country
from app.views.maps import SHAPES, Look, city_map
from app.views.palette import LIGHT
from app.views.viewport import WORLD
from tests.app.views import decks
from tests.browser.demo import demonstration
from tests.browser.test_people import assert_shows
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


def chart(visitor):
    return visitor.page.get_by_test_id("stDeckGlJsonChart")


def colours(visitor):
    """How many pixels of the map there are of each colour."""
    picture = io.BytesIO(visitor.page.screenshot(clip=chart(visitor).bounding_box()))
    return {colour: count for count, colour in Image.open(picture).convert("RGB").getcolors(1 << 24)}


def teal(visitor):
    """The pixels that are far from grey: what is drawn of sales."""
    return sum(count for colour, count in colours(visitor).items() if max(colour) - min(colour) > 30)


def click_the_middle(visitor, what):
    """Points at the middle of the map until it says that this is there, and clicks it."""

    def is_there():
        box = chart(visitor).bounding_box()
        visitor.page.mouse.move(box["x"] + 5, box["y"] + box["height"] - 5)
        visitor.page.mouse.move(*middle(box))
        visitor.page.wait_for_timeout(100)
        return any(what in text for text in chart(visitor).locator(".deck-tooltip").all_inner_texts())

    visitor.until(is_there)
    address = visitor.page.url
    # Of a press that takes longer than a click may, while software draws the map, nothing comes.
    for _ in range(5):
        visitor.page.mouse.click(*middle(chart(visitor).bounding_box()))
        with suppress(PlaywrightTimeout):
            visitor.page.wait_for_url(lambda url: url != address, timeout=6_000)
            return
    raise AssertionError("No click chose anything.")


def middle(box):
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def listed(visitor):
    return visitor.page.locator(".st-key-list").get_by_role("button")


def first_place(visitor):
    """The best city as the list names it."""
    return listed(visitor).first.inner_text().split("\n")[0]


def chosen(visitor, name):
    """What the address says of a filter, once it says something."""
    expect(visitor.page).to_have_url(re.compile(rf"[?&]{name}="))
    return visitor.page.evaluate("name => new URLSearchParams(location.search).getAll(name)", name)


def sold(sql, person, condition):
    ((sales,),) = sql(
        person,
        f"SELECT sum(quantity * sales_price) FROM public.sales_data WHERE {condition} "
        'AND "timestamp" >= dateadd(day, -90, current_date) AND "timestamp" < current_date',
    )
    return Decimal(sales)


def in_place(place):
    city, _, country = place.replace("'", "''").rpartition(", ")
    return f"city = '{city}' AND country = '{country}'"


def test_every_shape_is_drawn(visitor):
    visitor.open_as("Ethan Global", "/cities")
    for shape in SHAPES:
        visitor.page.get_by_role("radio", name=shape).click()
        visitor.until(lambda: teal(visitor) > 500)
        heading = "Top countries" if shape == "Countries" else "Top cities"
        expect(visitor.page.get_by_role("heading", name=heading, level=2)).to_be_visible()
        expect(visitor.page.locator(".rl-legend .rl-key").first).to_be_visible()
    assert visitor.seen.faults == []


def test_a_city_is_found_clicked_and_let_go(visitor, sql):
    visitor.open_as("Frank Amer", "/cities")
    whole, place = visitor.metric(), first_place(visitor)
    search = visitor.page.get_by_role("textbox", name="Find a city")
    search.fill(place.upper())
    search.press("Enter")
    expect(visitor.page.get_by_text(re.compile(r", number 1 of "))).to_be_visible()
    click_the_middle(visitor, place)  # the map has gone there
    assert chosen(visitor, "city") == [place]
    assert_shows(visitor, "Total sales", sold(sql, "Frank Amer", in_place(place)))
    expect(listed(visitor).first).to_contain_text(place)  # the others stay beside it
    expect(listed(visitor)).to_have_count(13)
    click_the_middle(visitor, place)
    expect(visitor.page).not_to_have_url(re.compile("city="))
    visitor.until(lambda: visitor.metric() == whole)

    visitor.page.get_by_role("radio", name="Countries").click()
    expect(visitor.page.get_by_role("heading", name="Top countries", level=2)).to_be_visible()
    code = place.rpartition(", ")[2]
    click_the_middle(visitor, country(code))
    assert chosen(visitor, "country") == [code]
    assert_shows(visitor, "Total sales", sold(sql, "Frank Amer", f"country = '{code}'"))


def test_the_list_is_reached_and_used_by_keys_alone(visitor, sql):
    visitor.open_as("Ethan Global", "/cities")
    visitor.metric()
    place = first_place(visitor)
    visitor.page.get_by_role("textbox", name="Find a city").focus()
    for _ in range(5):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("document.activeElement.closest('.st-key-list') !== null"):
            break
    visitor.page.keyboard.press("Enter")
    assert chosen(visitor, "city") == [place]
    assert_shows(visitor, "Total sales", sold(sql, "Ethan Global", in_place(place)))
    expect(listed(visitor).first).to_contain_text("check")


def test_a_browser_reads_of_any_name_what_was_written(visitor):
    name = 'x"#1%25?&<b>\\ é\u2028@@=1'
    here = City(name, "PE", Decimal("-77.04"), Decimal("-12.05"), Figures(Decimal("1.5"), 1, 1))
    deck = city_map([here], "Circles", Look(WORLD, LIGHT, ENGLISH)).deck.to_json()
    address = json.loads(deck)["layers"][-1]["data"]
    visitor.open()
    rows = visitor.page.evaluate("address => fetch(address).then(answer => answer.json())", address)
    assert rows == decks.read(deck)["layers"][-1]["data"]
    assert rows[0]["about"].startswith(name)


# Tiles.


class Tiles(BaseHTTPRequestHandler):
    """Somebody's tiles, each of one colour, and the style that asks for them."""

    COLOUR = (235, 110, 40)

    def do_GET(self):
        origin = f"http://localhost:{self.server.server_port}"
        style = self.path == "/style.json"
        body = json.dumps(self._style(origin)).encode() if style else self._tile()
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if style else "image/png")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def _style(self, origin):
        tiles = {
            "type": "raster",
            "tiles": [origin + "/{z}/{x}/{y}.png", "http://127.0.0.1:9/{z}/{x}/{y}.png"],
            "tileSize": 256,
            "attribution": "© Somebody",
        }
        layers = [{"id": "tiles", "type": "raster", "source": "tiles"}]
        return {"version": 8, "sources": {"tiles": tiles}, "layers": layers}

    def _tile(self):
        picture = io.BytesIO()
        Image.new("RGB", (256, 256), self.COLOUR).save(picture, "PNG")
        return picture.getvalue()

    def log_message(self, *_):
        pass


@contextmanager
def tiles():
    with ThreadingHTTPServer(("localhost", 0), Tiles) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_tiles_come_from_the_styles_origin_and_from_nowhere_else(context, tmp_path):
    with tiles() as server:
        style = f"http://localhost:{server.server_port}/style.json"
        with demonstration(tmp_path / "log.txt", {"SIGN_IN": "redirect", "MAP_STYLE_URL": style}) as demo:
            visitor = Visitor.at(context, demo)
            visitor.open_as("Frank Amer", "/cities")
            visitor.until(lambda: colours(visitor).get(Tiles.COLOUR, 0) > 1_000)
            expect(chart(visitor).get_by_text("© Somebody")).to_be_visible()
            assert "/style.json" in server.asked
            # The style names another origin as well: the policy says no.
            told = [text for text in visitor.seen.texts if "Content Security Policy" in text]
            refused = {re.search(r"https?://[^/']+", text)[0] for text in told}
            assert refused == {"http://127.0.0.1:9"}
