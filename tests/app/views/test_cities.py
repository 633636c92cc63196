"""The map's page as a person meets it: map, list and table in step, and what a click chooses."""

import json
from decimal import Decimal
from html import escape

import pytest

from app.views.ground import outlines
from app.views.page import Page
from tests.app.views import people
from tests.app.views.people import ETHAN, EXPRESSION, FRANK, IMAGE, MARKDOWN, Person
from tests.app.views.test_pages import deck, grid, html, metrics, open_page

SHAPES = ("Circles", "Columns", "Heat", "Hexagons", "Countries")


def open_cities(person, *, table=True, **how):
    """The page, its table opened."""
    return open_page(person, "cities", state={"cities.table": table}, **how)


def points(page):
    """The data of the layer that can be clicked."""
    return next(each for each in deck(page)["layers"] if each["pickable"])["data"]


def layer(page):
    """The name of that layer."""
    return next(each for each in deck(page)["layers"] if each["pickable"])["id"]


def listed(page):
    """The labels of the list's buttons, without what Markdown needs."""
    buttons = [button for button in page.button if button.key.startswith("cities.list.")]
    return [button.label.replace("\\", "") for button in buttons]


def show(page, shape):
    page.button_group(key="cities.shape").set_value(shape).run()
    assert not page.exception
    return page


def total(page):
    return metrics(page)["Total sales"].help


def say(page, widget, text):
    """What a browser says of a widget, be it possible or not: a text, or several."""
    states = page._tree.get_widget_states()
    kept = [each for each in states.widgets if each.id != widget.proto.id]
    del states.widgets[:]
    states.widgets.extend(kept)
    said = states.widgets.add(id=widget.proto.id)
    if isinstance(text, str):
        said.string_value = text
    else:
        said.string_array_value.data.extend(text)
    page._tree.get_widget_states = lambda: states
    page.run()


def click(page, sent):
    (chart,) = page.get("deck_gl_json_chart")
    say(page, chart, sent if isinstance(sent, str) else json.dumps(sent))


def clicked(page, index):
    click(page, {"selection": {"indices": {layer(page): [index]}, "objects": {layer(page): [{}]}}})


def chosen(page, dimension="place"):
    return page.multiselect(key=f"cities.{dimension}").value


class TestInStep:
    def test_map_list_table_and_total_agree(self, world):
        page = open_cities(Person(world, FRANK))
        page.selectbox(key="cities.top").select("All cities").run()
        rows, places = grid(page), points(page)
        assert len(rows) == len(places) > 100
        assert rows.Sales.is_monotonic_decreasing
        assert total(page) == f"${rows.Sales.sum():,.2f}"
        assert round(rows["Share"].sum()) == 100
        for row, place, line in zip(rows.itertuples(), places, listed(page), strict=False):
            assert place["about"].startswith(f"{row.City}, {row.Country}\n${row.Sales:,.2f}\n")
            assert line.startswith(f"{row.City}, {row.Country} **$")

    @pytest.mark.parametrize("shape", SHAPES)
    def test_another_top_or_shape_asks_nothing(self, world, shape):
        person = Person(world, ETHAN)
        page = open_cities(person)
        page.selectbox(key="cities.top").select("Top 10").run()
        show(page, shape)
        assert len(person.asked) == 1

    def test_countries_are_shaded_listed_and_in_the_table(self, world):
        page = show(open_cities(Person(world, ETHAN)), "Countries")
        rows = grid(page)
        assert rows.Sales.is_monotonic_decreasing
        assert total(page) == f"${rows.Sales.sum():,.2f}"
        assert listed(page)[0].startswith(f"{rows.Country[0]} **$")
        assert [header.value for header in page.header] == ["Top countries"]

    def test_how_many_cities_are_shown_outlives_a_look_at_the_countries(self, world):
        page = open_cities(Person(world, ETHAN))
        page.selectbox(key="cities.top").select("Top 10").run()
        show(page, "Countries")
        assert "cities.top" not in [box.key for box in page.selectbox]
        page.run()
        show(page, "Heat")
        assert page.selectbox(key="cities.top").value == "Top 10"
        assert len(points(page)) == 10

    def test_the_list_goes_on_when_it_is_asked_to(self, world):
        page = open_cities(Person(world, ETHAN))
        assert len(listed(page)) == 12
        page.button(key="cities.list-more").click().run()
        assert len(listed(page)) == 60
        page.selectbox(key="cities.top").select("Top 10").run()
        assert len(listed(page)) == 10

    def test_a_shape_or_top_that_was_not_offered_is_the_usual_one(self, world):
        page = open_cities(Person(world, ETHAN))
        say(page, page.selectbox(key="cities.top"), "Top -1")
        assert page.selectbox(key="cities.top").value == "Top 250"
        for sent in (["Pie"], [], ["Heat", "Pie"]):
            say(page, page.button_group(key="cities.shape"), sent)
            assert not page.exception
            assert layer(page).partition("-")[0] in ("circles", "spots")

    def test_the_top_says_what_it_leaves_out(self, world):
        page = open_cities(Person(world, ETHAN))
        page.selectbox(key="cities.top").select("Top 10").run()
        assert len(grid(page)) == len(points(page)) == 10
        assert "The best 10 of " in html(page)
        assert "Everything else: $" in html(page)

    def test_a_capped_answer_admits_it(self, world):
        page = open_cities(Person(world, ETHAN, max_rows=600))
        assert "There are more cities than a page takes. Narrow the filters" in html(page)
        assert "of more than " in html(page)

    @pytest.mark.parametrize("most", [2, 3, 40])
    def test_an_answer_that_was_capped_early_is_no_fault(self, world, most):
        page = open_cities(Person(world, ETHAN, max_rows=most))
        assert "There are more cities than a page takes." in html(page)
        assert "There are more countries than a page takes." in html(show(page, "Countries"))

    def test_a_share_has_no_more_digits_than_a_reader_can_hear(self, world):
        shares = grid(open_cities(Person(world, ETHAN))).Share
        assert (shares == shares.round(2)).all()

    def test_a_city_without_coordinates_is_in_the_table_and_said(self, hostile):
        page = open_cities(Person(hostile, ETHAN))
        assert len(grid(page)) == len(points(page)) + 1
        assert "1 of them has no coordinates" in html(page)

    def test_a_country_without_an_outline_is_said(self, world):
        page = show(open_cities(Person(world, ETHAN)), "Countries")
        (said,) = [line for line in html(page).split("\n") if "Not on the map" in line]
        assert "Singapore $" in said

    @pytest.mark.parametrize("shape", SHAPES)
    def test_hostile_names_are_text(self, hostile, shape):
        page = show(open_cities(Person(hostile, ETHAN)), shape)
        for name in (IMAGE, MARKDOWN):
            assert name not in html(page)
            for button in page.button:
                assert name not in button.label
        assert EXPRESSION not in json.dumps([layer for layer in deck(page)["layers"] if "url" in layer])


class TestTakenAlong:
    def parts(self, person, address=()):
        """What the page offers to take along, by name."""
        offered = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Page, "offer", lambda _, name, *parts: offered.update({name: parts}))
            open_cities(person, address=address)
        return offered

    def test_it_is_exact_and_all_of_what_was_chosen(self, world):
        page = open_cities(Person(world, FRANK))
        cities, countries = (table() for table, _ in self.parts(Person(world, FRANK)).values())
        for rows in (cities, countries):
            assert f"${sum(rows['Sales'].to_pylist()):,.2f}" == total(page)
        best = cities["City"][0].as_py()
        (one, _), _ = self.parts(Person(world, FRANK), {"city": best}).values()
        assert one()["City"].to_pylist() == [best]

    def test_the_countries_are_those_of_the_chosen_regions(self):
        bonn = people.row(city="Bonn", country="DE", region_code="EMEA")
        sold = people.warehouse(people.rows(people.row(), bonn))
        _, (countries, _) = self.parts(Person(sold, ETHAN), {"region": "AMER"}).values()
        assert countries()["Country"].to_pylist() == ["Peru"]
        page = show(open_cities(Person(sold, ETHAN), address={"region": "AMER"}), "Countries")
        assert list(grid(page).Country) == ["Peru"]
        assert "1 country: all that sold." in html(page)

    def test_it_comes_as_a_picture_too(self, world):
        for _, chart in self.parts(Person(world, FRANK)).values():
            assert chart()["layer"]


class TestChoosing:
    @pytest.mark.parametrize("shape", ["Circles", "Columns", "Heat", "Hexagons"])
    def test_a_click_on_a_city_filters_and_another_lets_go(self, world, shape):
        person = Person(world, FRANK)
        page = show(open_cities(person), shape)
        before, drawn = total(page), points(page)
        clicked(page, 0)
        assert chosen(page)
        rows = grid(page)
        assert total(page) == f"${rows.Sales.sum():,.2f}" != before
        assert len(points(page)) == len(drawn)  # the others stay
        assert len(person.asked) == 2
        clicked(page, 0)
        assert total(page) == before
        assert len(person.asked) == 2  # its answer was there

    def test_a_click_on_a_country_filters(self, world):
        page = show(open_cities(Person(world, ETHAN)), "Countries")
        clicked(page, [outline.code for outline in outlines()].index("BR"))
        assert chosen(page, "country") == ["BR"]
        assert list(grid(page).Country) == ["Brazil"]
        assert total(page) == f"${grid(page).Sales[0]:,.2f}"

    def test_the_list_chooses_as_a_click_does(self, world):
        page = open_cities(Person(world, ETHAN))
        first = listed(page)[0].partition(" **")[0]
        page.button(key=f"cities.list.1.{first}").click().run()
        assert chosen(page) == [first]
        assert page.button(key=f"cities.list.1.{first}").icon == ":material/check:"
        assert len(listed(page)) == 12
        page.button(key=f"cities.list.1.{first}").click().run()
        assert chosen(page) == []

    def test_a_city_that_lies_in_two_places_is_listed_twice(self):
        row = people.row
        found = people.rows(row(), row(latitude=Decimal("1.500000")), row(latitude=None, longitude=None))
        page = open_cities(Person(people.warehouse(found), ETHAN))
        assert listed(page) == ["Lima, PE **$21.00**"] * 3

    def test_what_is_chosen_is_there_however_little_it_sold(self, world):
        person = Person(world, ETHAN)
        page = open_cities(person)
        page.selectbox(key="cities.top").select("Top 1,000").run()
        least = grid(page).iloc[-1]
        value = f"{least.City}, {least.Country}"
        page = open_cities(person, address={"city": value})
        page.selectbox(key="cities.top").select("Top 10").run()
        assert list(grid(page).City) == [least.City]
        assert any(point["about"].startswith(value) for point in points(page))

    def test_what_was_clicked_is_no_longer_selected(self, world):
        page = open_cities(Person(world, ETHAN))
        gone = layer(page)
        clicked(page, 0)
        assert layer(page) != gone
        kept = chosen(page)
        click(page, {"selection": {"indices": {gone: [1]}, "objects": {}}})
        assert chosen(page) == kept

    def test_a_click_that_cannot_be_chooses_nothing(self, world):
        person = Person(world, ETHAN)
        page = open_cities(person)
        for sent in (
            *("{}", "[]", '"x"'),
            {"selection": {}},
            *(
                {"selection": {"indices": indices}}
                for indices in (None, [0], {"land": [0]}, {"circles-0": "0"})
            ),
            *({"selection": {"indices": {layer(page): [index]}}} for index in (10**9, -1, True, None)),
            {"selection": {"indices": {"none": [0]}, "objects": {"none": [{"about": "Lima, PE"}]}}},
        ):
            click(page, sent)
            assert not page.exception
            assert chosen(page) == []
        assert len(person.asked) == 1


class TestSearch:
    def seek(self, page, text):
        page.text_input(key="cities.find").set_value(text).run()
        assert not page.exception
        return page

    def ring(self, page):
        """The city that the map marks, by name and place; None where it marks none."""
        layers = {layer["id"]: layer for layer in deck(page)["layers"]}
        if "found" not in layers:
            return None
        return layers["found-name"]["data"][0]["name"], layers["found"]["data"][0]["at"]

    def others(self, page):
        buttons = [button for button in page.button if button.key.startswith("cities.other.")]
        return [button.label.replace("\\", "") for button in buttons]

    def test_a_city_is_found_among_all_and_marked(self, world):
        person = Person(world, ETHAN)
        page = open_cities(person)
        page.selectbox(key="cities.top").select("All cities").run()
        least = grid(page).iloc[-1]
        wanted = f"{least.City}, {least.Country}"
        page.selectbox(key="cities.top").select("Top 10").run()
        before = deck(page)["initialViewState"]
        self.seek(page, wanted)
        view = deck(page)["initialViewState"]
        name, at = self.ring(page)
        assert name == wanted
        assert at == pytest.approx([view["longitude"], view["latitude"]], abs=0.001)
        assert view["zoom"] > before["zoom"]
        assert len(points(page)) == 11
        assert len(person.asked) == 1
        page.button(key="cities.found").click().run()
        assert chosen(page) == [wanted]
        assert list(grid(page).City) == [least.City]

    def test_of_several_the_map_shows_one_and_the_others_are_a_click_away(self):
        row = people.row
        names = ("San José", "Santiago", "Lima", "Sucre", "San Luis", "San Juan", "Sana", "San Pedro")
        rows = [row(city=name, country="CR", quantity=100 - each) for each, name in enumerate(names)]
        page = self.seek(open_cities(Person(people.warehouse(people.rows(*rows)), ETHAN)), "san j")
        assert self.ring(page)[0] == "San José, CR"
        assert self.others(page) == ["San Juan, CR"]
        self.seek(page, "san")
        assert len(self.others(page)) == 5
        assert "And 1 more" not in html(page)
        page.button(key="cities.other.2.San Luis, CR").click().run()
        assert page.text_input(key="cities.find").value == "San Luis, CR"
        assert self.ring(page)[0] == "San Luis, CR"
        assert self.others(page) == []
        assert "San Luis, CR: $" in html(page)
        assert chosen(page) == []  # nothing is chosen by looking for it

    def test_many_of_a_name_are_counted(self):
        rows = [people.row(city=f"Santa {each}", quantity=100 - each) for each in range(9)]
        page = self.seek(open_cities(Person(people.warehouse(people.rows(*rows)), ETHAN)), "SANTA")
        assert self.others(page) == [f"Santa {each}, PE" for each in range(1, 6)]
        assert "And 3 more: type more of the name." in html(page)

    def test_a_name_that_nothing_has_is_said_and_stays_text(self, world):
        page = open_cities(Person(world, ETHAN))
        for sent in ("Nowhere, XX", IMAGE):
            self.seek(page, sent)
            assert self.ring(page) is None
            assert f"No city that sold anything has “{escape(sent)}” in its name." in html(page)
        self.seek(page, "")
        assert "in its name." not in html(page)

    def test_hostile_names_that_are_found_are_text(self, hostile):
        for attack in (IMAGE, MARKDOWN, EXPRESSION):
            page = self.seek(open_cities(Person(hostile, ETHAN)), attack)
            assert attack in self.ring(page)[0]
            assert not self.ring(page)[0].startswith("@@")
            assert "<img" not in html(page)


class TestTable:
    def test_it_is_drawn_once_it_is_opened(self, world):
        person = Person(world, ETHAN)
        page = open_cities(person, table=False)
        assert not page.dataframe
        page = open_cities(person)
        assert len(grid(page)) == len(points(page))
