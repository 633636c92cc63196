"""Side by side, from the sign-in to both people's rows, as the app's own script shows it."""

import re
import threading
from html import escape

import pytest

from app.errors import SessionExpired, WarehouseBusy
from app.redshift.query import Query
from app.views.compare.seen import fingerprint
from tests.app.compared import ETHAN, FRANK, NORA, OTTO, Demonstration, asking
from tests.app.views import people

PERIOD = """"timestamp" >= dateadd(day, -90, current_date) AND "timestamp" < current_date"""
TOTALS = f"""
SELECT sum(quantity * sales_price) AS s, sum(quantity) AS u, count(*) AS n FROM sales_data WHERE {PERIOD}
"""
EVIL = "Eve <img src=x onerror=alert(1)> [x](javascript:alert(1)) :red[r]"


@pytest.fixture(scope="module")
def world():
    return asking(people.warehouse(people.sample(1_500)))


@pytest.fixture(params=["popup", "redirect"])
def way(request):
    return request.param


@pytest.fixture
def house(monkeypatch, world):
    return Demonstration(monkeypatch, world)


@pytest.fixture
def tab(house):
    """Ethan's, at the page."""
    return house.compare(house.browser(**ETHAN))


def figures(house, person):
    [(row)] = house.rows(person, TOTALS)
    average = row["s"] / row["n"]
    return [f"${row['s']:,.2f}", f"{row['u']:,}", f"{row['n']:,}", f"${average:,.2f}"]


def both(tab):
    """The figures of the left, and those of the right."""
    return [list(side) for side in zip(*tab.metrics.values(), strict=True)]


def signed_in(house):
    return [listed.person for listed in house.sessions.listing()]


def raising(error):
    def raise_it(*_, **__):
        raise error

    return raise_it


class TestBothSides:
    def test_each_sees_what_sql_says_to_them(self, monkeypatch, world, way):
        house = Demonstration(monkeypatch, world, sign_in=way)
        tab = house.compare(house.browser(**ETHAN))
        assert tab.components == 1
        assert both(tab) == [figures(house, ETHAN)]
        tab.join()
        assert tab.components == 0
        assert both(tab) == [figures(house, ETHAN), figures(house, FRANK)]
        for person in (ETHAN, FRANK):
            assert f"{person['groups'][0]} · Rows that Redshift lets {person['name']} see" in tab.text

    def test_both_sent_the_same_and_the_hash_between_them_says_so(self, house, tab):
        tab.join()
        sent = dict(house.aws.asked_by)
        assert sent.keys() == {"ethan@example.com", "frank@example.com"}
        assert {fingerprint(query) for query in sent.values()} == {tab.fingerprint}
        assert re.fullmatch(r"[0-9a-f]{12}", tab.fingerprint)
        assert len(re.findall(r"Statement [0-9a-f]{16} · as of \d\d:\d\d UTC", tab.text)) == 2

    def test_another_value_is_another_hash(self):
        sql = "SELECT :a AS a, :b AS b"
        one = fingerprint(Query("q", sql, {"a": "1", "b": "2"}))
        assert one == fingerprint(Query("another name", sql, {"b": "2", "a": "1"}))
        assert one != fingerprint(Query("q", sql, {"a": "2", "b": "1"}))
        assert one != fingerprint(Query("q", sql + " ", {"a": "1", "b": "2"}))

    def test_both_are_begun_before_either_is_waited_for(self, house, tab):
        tab.join()
        meet = threading.Barrier(2, timeout=10)
        house.aws.arrives = lambda _who: meet.wait()
        tab.press(":primary[Refresh]")
        assert both(tab) == [figures(house, ETHAN), figures(house, FRANK)]

    def test_refresh_asks_both_and_a_redraw_neither(self, house, tab):
        tab.join()
        house.aws.asked_by.clear()
        tab.run()
        assert house.aws.asked_by == []
        tab.press(":primary[Refresh]")
        assert sorted(who for who, _ in house.aws.asked_by) == ["ethan@example.com", "frank@example.com"]

    def test_the_difference_stands_in_numbers(self, house, tab):
        tab.join()
        ethan, frank = figures(house, ETHAN), figures(house, FRANK)
        for label, left, right in zip(tab.metrics, ethan, frank, strict=True):
            assert f'<th scope="row">{label}</th><td>{left}</td><td>{right}</td>' in tab.text
        [left], [right] = (
            house.rows(person, f"SELECT count(DISTINCT country) AS n FROM sales_data WHERE {PERIOD}")
            for person in (ETHAN, FRANK)
        )
        row = [left["n"], right["n"], left["n"] - right["n"]]
        assert "<td>" + "</td><td>".join(map(str, row)) + "</td>" in tab.text
        assert re.search(rf"Only Ethan Global sees {row[2]} countries: .*\$.* more\.", tab.text)
        assert "Only Frank Amer" not in tab.text

    def test_both_sides_are_drawn_by_one_measure(self, tab):
        tab.join()
        specs = [chart.proto.spec for chart in tab.page.get("vega_lite_chart")]
        assert len(specs) == 6
        domains = [re.findall(r'"domain": ?(\[0[^\]]*\])', spec) for spec in specs]
        assert domains[:3] == domains[3:]
        assert all(domains)

    def test_cities_stand_on_two_maps_of_one_view(self, tab):
        tab.join()
        tab.page.button_group(key="look.compared").set_value("Total sales by city")
        tab.run()
        left, right = (chart.proto.json for chart in tab.page.get("deck_gl_json_chart"))
        views = [re.search(r'"initialViewState": ?\{[^}]*\}', each)[0] for each in (left, right)]
        assert views[0] == views[1]
        assert len(left) > len(right)
        assert "Only Ethan Global sees" in tab.text

    def test_one_choice_holds_for_both(self, house, tab):
        tab.join()
        house.aws.asked_by.clear()
        tab.page.multiselect(key="compare.category").select("Cycling")
        tab.run()
        assert len({fingerprint(query) for _, query in house.aws.asked_by}) == 1
        assert len(house.aws.asked_by) == 2
        [(ethan), (frank)] = (
            house.rows(person, f"{TOTALS} AND category = 'Cycling'")[0] for person in (ETHAN, FRANK)
        )
        assert tab.metrics["Total sales"] == [f"${ethan['s']:,.2f}", f"${frank['s']:,.2f}"]

    def test_what_only_the_second_sees_cannot_be_chosen(self, house):
        """The choice goes with the first to their other pages, into links and into what they save."""
        tab = house.compare(house.browser(**FRANK))
        before = tab.page.multiselect(key="compare.country").options
        tab.join(ETHAN)
        assert "Only Ethan Global sees" in tab.text
        assert tab.page.multiselect(key="compare.country").options == before
        assert "Germany" not in before


class TestNothingToSee:
    @pytest.mark.parametrize(("person", "code"), [(NORA, "RL-410"), (OTTO, "RL-412")])
    def test_who_may_see_nothing_is_told_why_and_the_other_stands(self, house, tab, person, code):
        tab.join(person)
        assert "There is nothing here for you yet." in tab.text
        assert code in tab.sent
        assert both(tab)[:1] == [figures(house, ETHAN)]
        assert f"<td>{figures(house, ETHAN)[0]}</td><td>$0.00</td>" in tab.text

    def test_the_first_may_be_the_one(self, house):
        tab = house.compare(house.browser(**NORA)).join(ETHAN)
        assert "RL-410" in tab.sent
        assert both(tab) == [figures(house, ETHAN)]

    def test_filters_may_leave_nothing_on_a_side(self, tab):
        tab.page.query_params = {"country": "DE"}
        del tab.page.session_state["filters"]
        tab.run().join()
        assert "No sales match these filters on this side." in tab.text
        assert tab.metrics["Orders"][1] == "0"

    def test_a_side_that_fails_says_so_and_nothing_is_reckoned_with_it(self, house, tab, monkeypatch):
        tab.join()
        busy = WarehouseBusy("The warehouse is busy.", "Try again.", query_name="q", statement_id="s-1")
        monkeypatch.setattr(tab.guest.warehouse, "begin", raising(busy))
        tab.run()
        assert "The warehouse is busy. Try again. <span>Code RL-450 s-1</span>" in tab.text
        assert both(tab) == [figures(house, ETHAN)]
        assert "The difference" not in tab.text
        assert "apart" not in tab.text

    def test_what_a_cap_on_rows_took_is_not_told_as_a_difference(self, monkeypatch, world):
        house = Demonstration(monkeypatch, world, max_rows=40)
        tab = house.compare(house.browser(**ETHAN)).join()
        assert tab.text.count("There are more rows than a page takes: this side is not whole.") == 2
        assert both(tab) == [figures(house, ETHAN), figures(house, FRANK)]
        assert '<th scope="row">Categories</th>' in tab.text
        assert '<th scope="row">Countries</th>' not in tab.text
        assert "countries:" not in tab.text

    def test_who_pressed_stop_is_asked_for_nothing_until_refresh(self, house, tab):
        tab.join()
        house.aws.asked_by.clear()
        tab.page.session_state["page stopped"] = "compare"
        tab.run()
        assert tab.text.count("The question was stopped before it was answered.") == 2
        assert house.aws.asked_by == []
        assert both(tab.press(":primary[Refresh]")) == [figures(house, ETHAN), figures(house, FRANK)]


class TestStaying:
    def test_a_reload_and_another_tab_find_both(self, house, tab):
        tab.join()
        for other in (house.compare(tab.browser), house.compare(tab.browser)):
            assert both(other) == both(tab)
            assert other.components == 0

    def test_one_button_ends_the_second_and_the_first_stands(self, house, tab):
        tab.join()
        revoked = house.scene.idp.given[1]
        tab.press(":primary[End Frank Amer's side]")
        assert both(tab) == [figures(house, ETHAN)]
        assert "Frank" not in tab.sent
        assert tab.components == 1
        assert house.scene.revoked == [revoked]
        assert both(tab.join(NORA)) == [figures(house, ETHAN)]

    def test_ended_in_another_tab_a_page_that_nobody_touches_finds_out(self, house, tab):
        tab.join()
        other = house.compare(tab.browser)
        tab.press(":primary[End Frank Amer's side]")
        assert "Frank Amer" in other.text
        assert "Frank" not in other.wait().sent

    def test_a_sign_in_that_is_over_is_told_there_and_another_is_offered(self, house, tab):
        tab.join()
        for _ in range(2):
            house.scene.clock.forward(minutes=16)
            house.sessions.find(tab.browser.cookies.session)
        tab.run()
        assert "this page was not used for a while" in tab.text
        assert "Code RL-232" in tab.text
        assert tab.components == 1
        assert both(tab) == [figures(house, ETHAN)]
        assert both(tab.join()) == [figures(house, ETHAN), figures(house, FRANK)]
        assert "RL-232" not in tab.text

    def test_what_ends_the_seconds_sign_in_as_they_ask_ends_theirs_alone(self, house, tab, monkeypatch):
        tab.join()
        gone = SessionExpired("Your sign-in has run out.", "Sign in again.", code="RL-234")
        monkeypatch.setattr(tab.guest.warehouse, "begin", raising(gone))
        tab.run()
        assert (tab.dialog, tab.components) == ("", 1)
        assert "Code RL-234" in tab.text
        assert both(tab) == [figures(house, ETHAN)]
        assert house.sessions.holds(tab.browser.cookies.session)

    def test_the_firsts_end_ends_both(self, house, tab):
        tab.join()
        house.sessions.end(tab.browser.cookies.session)
        tab.run()
        assert tab.dialog == "Sign in again"
        assert "Frank" not in tab.sent
        assert "Ethan" not in tab.sent
        assert sorted(house.scene.revoked) == sorted(house.scene.idp.given)

    def test_somebody_else_in_the_same_tab_finds_no_guest(self, house, tab):
        tab.join()
        tab.browser = house.browser(**NORA)
        tab.run()
        assert "Frank" not in tab.sent
        assert [listed.person for listed in house.sessions.listing()] == [
            "ethan@example.com",
            "nora@example.com",
        ]


class TestForged:
    def test_the_first_as_the_second_is_refused(self, house, tab):
        tab.join(ETHAN)
        assert "Code RL-239" in tab.text
        assert both(tab) == [figures(house, ETHAN)]
        assert tab.components == 1

    @pytest.mark.parametrize(
        "value", [{"token": {"id_token": "x"}}, {"ticket": "A" * 43}, {"session": "A" * 43}, ["x"], "x", 1]
    )
    def test_what_the_component_says_without_a_code_is_nobody(self, house, tab, value):
        tab.answer(value)
        assert "Code RL-22" in tab.text
        assert tab.guest is None
        assert signed_in(house) == ["ethan@example.com"]

    def test_while_somebody_sits_there_no_value_changes_who(self, house, tab):
        component, url = tab.component.proto.id, tab.authorization_url
        answer = house.scene.idp.grant(url, **FRANK)
        tab.answer(answer)
        guest = tab.guest
        for value in (answer, house.scene.idp.grant(url, **NORA)):
            tab.answer(value, component=component)
        assert tab.guest is guest
        assert len(house.sessions.listing()) == 2

    def test_no_secret_of_either_reaches_the_page(self, house, tab):
        sent = [tab.sent]
        tab.join()
        sent += [tab.sent, tab.press(":primary[Refresh]").sent]
        first, guest = house.sessions.find(tab.browser.cookies.session), tab.guest
        secrets = [tab.browser.cookies.session, tab.browser.cookies.visitor, *house.scene.idp.given]
        for user in (first, guest):
            keys = user.keys()
            secrets += [user.key, user.key.partition("#")[2], user.identity.token]
            secrets += [keys.access_key_id, keys.secret_access_key, keys.session_token]
        assert not [secret for secret in secrets for text in sent if secret in text]

    def test_a_name_is_text(self, tab):
        tab.join({**FRANK, "name": EVIL})
        html = "\n".join(element.proto.body for element in tab.page.get("html"))
        assert escape(EVIL) in html
        assert "<img" not in html
        [label] = [label for label in tab.buttons if "side" in label]
        assert "\\[x\\]\\(javascript\\:alert\\(1\\)\\)" in label

    def test_nothing_is_taken_along_or_kept_of_two(self, tab):
        tab.join()
        assert not {"Export", "Save view", "Set alert"} & set(tab.buttons)
        assert tab.page.get("popover") == []


class TestSwitchedOff:
    @pytest.fixture
    def off(self, monkeypatch, world):
        return Demonstration(monkeypatch, world, demo_compare="off")

    def test_the_page_explains_itself_and_offers_nothing(self, off):
        tab = off.compare(off.browser(**ETHAN))
        assert "It is switched off here" in tab.text
        assert (tab.components, tab.metrics, off.aws.asked_by) == (0, {}, [])

    def test_a_value_for_a_component_that_is_not_there_does_nothing(self, monkeypatch, world, off):
        on = Demonstration(monkeypatch, world)
        component = on.compare(on.browser(**ETHAN)).component.proto.id
        monkeypatch.setattr("app.session.services", lambda: off.shared)
        tab = off.compare(off.browser(**ETHAN))
        tab.answer({"code": "x", "state": "x"}, component=component)
        assert off.sessions.guest(tab.browser.cookies.session) is None
        assert len(off.sessions.listing()) == 1


class TestOtherPages:
    def test_they_stay_the_firsts(self, house, tab):
        tab.join()
        seen = []
        house.shows(lambda warehouse, name: seen.append((warehouse, name)))
        house.tab(tab.browser)
        assert seen == [(house.sessions.find(tab.browser.cookies.session).warehouse, "Ethan Global")]


def test_interleaved_refreshes_of_two_browsers_and_two_tabs_never_mix(house):
    """The page itself, whole; that the warehouses below do not, ten times as often, is test_isolation's."""
    pairs = [(ETHAN, FRANK), (FRANK, ETHAN)]
    tabs = []
    for first, second in pairs:
        one = house.compare(house.browser(**first)).join(second)
        tabs += [(one, first, second), (house.compare(one.browser), first, second)]
    told = {person["email"]: figures(house, person) for person in (ETHAN, FRANK)}
    for _ in range(5):
        for tab, first, second in tabs:
            tab.press(":primary[Refresh]")
            assert both(tab) == [told[first["email"]], told[second["email"]]]
