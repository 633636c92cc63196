"""The map as a value: what is drawn, from whom it is asked, what a click means, and that names stay text."""

import json
import re
from decimal import Decimal

import pytest

from app.views import maps
from app.views.choice import MOST_VALUES
from app.views.figures import City, Figures
from app.views.formats import ENGLISH, marks
from app.views.ground import BORDERS, LAND, outlines
from app.views.palette import DARK, LIGHT
from app.views.places import Country
from app.views.shading import rgb
from app.views.viewport import WORLD, Viewport
from tests.app.views import decks
from tests.app.views.people import EXPRESSION, IMAGE, MARKDOWN

CITY_SHAPES = [shape for shape in maps.SHAPES if shape != "Countries"]
HOSTILE = [IMAGE, MARKDOWN, EXPRESSION, "@@type", "@@function", "{about}", "</style>", '";}']
STYLE = "https://tiles.example/style.json"


def figures(sales="100"):
    return Figures(Decimal(sales), 7, 3)


def city(name="Lima", sales="100", *, country="PE", longitude="-77.04", latitude="-12.05"):
    return City(name, country, Decimal(longitude), Decimal(latitude), figures(sales))


def drawing(*given, shape="Circles", colours=LIGHT, marks=ENGLISH, **look):
    found = maps.Look(WORLD, colours, marks, **look)
    if shape == "Countries":
        return maps.country_map([Country(each.country, each.figures) for each in given], found)
    return maps.city_map(given, shape, found)


def layers(drawn):
    return {layer["id"].rpartition("-")[0] or layer["id"]: layer for layer in specification(drawn)["layers"]}


def specification(drawn):
    return decks.read(drawn.deck.to_json())


def points(drawn):
    """The data of the layer that can be clicked."""
    return next(layer for layer in specification(drawn)["layers"] if layer["pickable"])["data"]


def fills(drawn):
    """The colour of each outline, as the browser works it out."""
    expression = layers(drawn)["countries"]["getFillColor"]
    colours, numbers = re.fullmatch(r"@@=\((.*)\)\[\((.*)\)\[properties\.n\]\]", expression).groups()
    return [json.loads(colours)[number] for number in json.loads(numbers)]


@pytest.mark.parametrize("shape", maps.SHAPES)
class TestEveryShape:
    def test_asks_nobody_outside(self, shape):
        found = specification(drawing(city(), shape=shape, found=city()))
        assert "http" not in json.dumps(found)
        assert not found.get("mapProvider")
        assert found["mapStyle"] == "__MAP_STYLE__"  # pydeck's word for: none was given
        urls = [layer["data"] for layer in found["layers"] if isinstance(layer["data"], str)]
        assert set(urls) == {LAND, BORDERS}

    def test_has_a_layer_to_click_that_is_named_after_the_turn(self, shape):
        names = set()
        for turn in (0, 1):
            drawn = drawing(city(), shape=shape, turn=turn)
            (layer,) = [layer for layer in specification(drawn)["layers"] if layer["pickable"]]
            assert layer["id"] == drawn.clicks.layer
            names.add(layer["id"])
        assert len(names) == 2

    def test_has_no_white_space(self, shape):
        text = drawing(city(), shape=shape).deck.to_json()
        assert "\n" not in text
        assert '": ' not in text

    def test_a_hostile_name_is_text(self, shape):
        for name in HOSTILE:
            here = city(name, country=name)
            drawn = drawing(here, shape=shape, found=here)
            for layer in specification(drawn)["layers"]:
                rows = layer["data"] if isinstance(layer["data"], list) else []
                texts = [text for row in rows for text in row.values() if isinstance(text, str)]
                assert not [text for text in texts if text.startswith("@@")]
                expressions = {key: value for key, value in layer.items() if str(value).startswith("@@=")}
                assert name not in json.dumps(expressions)
            if shape == "Countries":
                assert drawn.deck._tooltip["html"] == drawing(shape=shape).deck._tooltip["html"]
            else:
                # Text and not HTML: the browser is never asked to read it as anything else.
                assert set(drawn.deck._tooltip) == {"text", "style"}
                assert drawn.deck._tooltip["text"] == "{about}"
                assert name in points(drawn)[0]["about"]

    def test_its_rows_are_an_address_that_ends_nowhere_and_says_nothing_else(self, shape):
        here = city("50 % of #1? é\u2028\\", country="Ž")
        for layer in json.loads(drawing(here, shape=shape, found=here).deck.to_json())["layers"]:
            address = layer["data"]
            assert address in (LAND, BORDERS) or re.fullmatch(
                rf"{decks.ROWS}(?:[^%#\x00-\x1f\x7f-\U0010ffff]|%[0-9A-F]{{2}})*", address
            )

    def test_without_a_sale_nothing_is_divided_by_it(self, shape):
        assert specification(drawing(city(sales="0"), shape=shape))
        assert specification(drawing(shape=shape))

    def test_a_style_stands_in_place_of_the_apps_own_outlines(self, shape):
        drawn = drawing(city(), shape=shape, style_url=STYLE)
        assert specification(drawn)["mapStyle"] == STYLE
        assert "land" not in layers(drawn)

    def test_what_is_not_chosen_is_paler(self, shape):
        cities = city(), city("Quito", country="EC", longitude="-78.5", latitude="0.2")
        plain, chosen = (
            drawing(*cities, shape=shape, chosen=frozenset(names)) for names in ((), ("Lima, PE", "PE"))
        )
        if shape == "Heat":
            assert [row["at"] for row in layers(chosen)["heat"]["data"]] == [[-77.04, -12.05]]
            return
        if shape == "Countries":
            codes = [outline.code for outline in outlines()]
            colours = [
                [each[codes.index(code)] for code in ("PE", "EC")] for each in map(fills, (plain, chosen))
            ]
        else:
            colours = [[row["fill"] for row in points(each)] for each in (plain, chosen)]
        assert colours[0][0] == colours[0][1] == colours[1][0] != colours[1][1]


class TestCities:
    def test_the_area_of_a_circle_is_in_proportion_to_sales_and_the_largest_lies_lowest(self):
        large, small = points(drawing(city("Small", "25"), city("Large", "100")))
        assert large["about"].startswith("Large")
        assert (large["size"] / small["size"]) ** 2 == pytest.approx(4, rel=0.05)
        assert large["fill"] != small["fill"]

    def test_columns_are_as_high_as_sales(self):
        large, small = points(drawing(city("Small", "25"), city("Large", "100"), shape="Columns"))
        assert large["size"] / small["size"] == pytest.approx(4)

    def test_heat_weighs_sales(self):
        large, small = layers(drawing(city("Small", "25"), city("Large", "100"), shape="Heat"))["heat"][
            "data"
        ]
        assert large["sold"] / small["sold"] == pytest.approx(4)

    def test_what_hovering_says_is_exact(self):
        (point,) = points(drawing(city("Lima", "1243508.20")))
        assert point["about"] == "Lima, PE\n$1,243,508.20\n7 units in 3 orders"
        (point,) = points(drawing(city("Lima", "1243508.20"), marks=marks("de")))
        assert "1.243.508,20\u00a0$" in point["about"]

    def test_a_hexagon_names_its_best_cities_and_adds_all_of_them_up(self):
        cities = [city(f"City {number}", f"{number}.10") for number in range(1, 6)]
        (cell,) = points(drawing(*cities, shape="Hexagons"))
        assert cell["about"].split("\n") == [
            *("City 5, PE", "City 4, PE", "City 3, PE", "and 2 more"),
            "$15.50",
            "35 units in 15 orders",
        ]

    def test_a_city_that_was_searched_is_marked(self):
        found = layers(drawing(city(), found=city("São Paulo", country="BR")))
        assert found["found"]["data"][0]["name"] == "São Paulo, BR"
        assert set(layers(drawing(city()))) == {"land", "borders", "circles"}

    def test_a_city_that_is_nowhere_is_not_marked(self):
        nowhere = City("Atlantis", "PE", None, None, figures())
        assert "found" not in layers(drawing(city(), found=nowhere))


class TestCountries:
    def test_each_has_the_colour_of_its_step_and_the_others_that_of_land(self):
        drawn = drawing(city(country="PE", sales="25"), city(country="BR", sales="100"), shape="Countries")
        by_code = dict(zip((outline.code for outline in outlines()), fills(drawn), strict=True))
        assert by_code["BR"] == [*rgb(LIGHT.ramp[-1]), 255]
        assert by_code["PE"] == [*rgb(LIGHT.ramp[2]), 255]
        assert by_code["FR"] == [*rgb(LIGHT.land), 255]

    def test_the_file_is_asked_for_and_not_sent(self):
        drawn = drawing(city(), shape="Countries")
        assert len(drawn.deck.to_json()) < 3_000
        assert layers(drawn)["countries"]["data"] == LAND

    def test_what_hovering_says_is_exact_and_by_the_outlines_number(self):
        text = drawing(city(country="PE", sales="1243508.20"), shape="Countries").deck._tooltip["html"]
        number = [outline.code for outline in outlines()].index("PE")
        (said,) = re.findall(rf'\.rl-n{number}::after{{content:"([^"]*)"}}', text)
        plain = re.sub(r"\\([0-9a-f]{6})", lambda found: chr(int(found[1], 16)), said)
        assert plain == "$1,243,508.20\n7 units in 3 orders"
        assert text.endswith('{name}<div class="rl-n rl-n{n}"></div>')

    @pytest.mark.parametrize("locale", ["de-CH", "fr", "en-IN", "ar", "sv"])
    def test_no_locales_marks_end_the_text(self, locale):
        drawn = drawing(city(country="PE"), shape="Countries", marks=marks(locale, "CHF"))
        for said in re.findall(r'content:"([^"]*)"', drawn.deck._tooltip["html"]):
            assert re.fullmatch(r"(No sales)|([A-Za-z0-9]|\\[0-9a-f]{6})+", said)

    def test_over_a_style_only_what_sold_is_shaded(self):
        drawn = drawing(city(country="PE"), shape="Countries", style_url=STYLE, colours=DARK)
        assert sorted({colour[3] for colour in fills(drawn)}) == [0, 255]


class TestClicks:
    @pytest.mark.parametrize("shape", CITY_SHAPES)
    def test_a_click_means_what_was_drawn_there(self, shape):
        clicks = drawing(
            city("Quito", "9", country="EC", longitude="-78.5", latitude="0.2"), city(), shape=shape
        ).clicks
        assert clicks.picked({clicks.layer: [0]}) == ("Lima, PE",)
        assert clicks.picked({clicks.layer: [1]}) == ("Quito, EC",)

    def test_a_hexagon_means_all_its_cities_if_one_can_choose_so_many(self):
        clicks = drawing(city("A", "2"), city("B", "1"), shape="Hexagons").clicks
        assert clicks.picked({clicks.layer: [0]}) == ("A, PE", "B, PE")
        many = drawing(*(city(f"C{each}") for each in range(MOST_VALUES + 1)), shape="Hexagons").clicks
        assert many.picked({many.layer: [0]}) == ()

    def test_a_country_means_its_code_if_it_sold(self):
        clicks = drawing(city(country="PE"), shape="Countries").clicks
        codes = [outline.code for outline in outlines()]
        assert clicks.picked({clicks.layer: [codes.index("PE")]}) == ("PE",)
        assert clicks.picked({clicks.layer: [codes.index("BR")]}) == ()

    @pytest.mark.parametrize(
        "sent",
        [
            None,
            [],
            "circles-0",
            {},
            {"land": [0]},
            {"circles-1": [0]},
            *(
                {"circles-0": chosen}
                for chosen in (
                    None,
                    {},
                    0,
                    "0",
                    [],
                    [1],
                    [-1],
                    [True],
                    [0.0],
                    ["0"],
                    [None],
                    [[0]],
                    [0, 0],
                    [10**30],
                )
            ),
        ],
        ids=repr,
    )
    def test_what_a_browser_makes_up_means_nothing(self, sent):
        assert drawing(city()).clicks.picked(sent) == ()


def test_a_whole_world_is_there_once_and_a_part_of_it_runs_on():
    for view, repeats in ((WORLD, False), (Viewport(170.0, -20.0, 3.0), True)):
        drawn = maps.city_map([city()], "Circles", maps.Look(view, LIGHT, ENGLISH))
        (seen,) = specification(drawn)["views"]
        assert seen["repeat"] is repeats
