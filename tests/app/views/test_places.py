"""Cities found by what people type of their names."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from app.views.figures import NOTHING
from app.views.places import Answer, place


def named(text, *places):
    """What is found of these, which sold less and less."""
    rows = [(each, None, None, None, None, 1) for each in places]
    answer = Answer(NOTHING, NOTHING, SimpleNamespace(rows=lambda _: rows))
    return [place(city) for city in answer.named(text)]


class TestNamed:
    def test_the_nearest_names_come_first_and_of_those_the_best(self):
        places = ("New York, US", "Melbourne, AU", "York, US", "Yorkton, CA", "York, GB", "Bournemouth, GB")
        assert named("york", *places) == ["York, US", "York, GB", "Yorkton, CA", "New York, US"]
        assert named("bourne", *places) == ["Bournemouth, GB", "Melbourne, AU"]

    def test_a_city_as_the_filters_name_it_is_that_one_alone(self):
        assert named("york, gb", "New York, GB", "York, GB") == ["York, GB"]

    def test_capitals_and_accents_do_not_matter(self):
        for typed in ("SAO p", "s\u00e3o", "sa\u0303o"):
            assert named(typed, "S\u00e3o Paulo, BR") == ["S\u00e3o Paulo, BR"]
        assert named("strasse", "Stra\u00dfe, DE") == ["Stra\u00dfe, DE"]

    def test_nothing_is_found_of_nothing_and_a_place_once(self):
        assert named("", "Lima, PE") == named(" ", "Lima, PE") == named("\u0301", "Lima, PE") == []
        assert named("lima", "Lima, PE", "Lima, PE") == ["Lima, PE"]

    @given(st.lists(st.text(max_size=12), min_size=1, max_size=6, unique=True), st.text(max_size=12))
    def test_whatever_it_is_called_a_city_is_found_by_its_own_name(self, names, text):
        places = [f"{name}, PE" for name in names]
        for each in places:
            assert each in named(each, *places)
        assert set(named(text, *places)) <= set(places)
