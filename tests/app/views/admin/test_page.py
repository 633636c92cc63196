"""The administrators' page as an administrator uses it, over the real warehouse of the stand-in."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import audit
from app.audit import NOBODY, Trail
from app.views.reader import Present, Reader, SignedOut
from tests.app.views.admin.conftest import GROUPS
from tests.app.views.people import IMAGE, MARKDOWN

READER = SimpleNamespace(now=None)
NOW = datetime.now(UTC)
ADA = Trail("ada@example.com", "0a1b2c3d")


def script():
    """The page as the app's own script shows it."""
    import streamlit as st

    from app.errors import AppError
    from app.views.admin import PROOF
    from tests.app.views.admin.test_page import READER

    st.set_page_config(layout="wide")
    try:
        PROOF.draw(READER.now)
    except AppError as error:
        st.error(error.code)


def present():
    return [Present(f"0000000{n}", who, GROUPS[who], NOW, NOW, NOW) for n, who in enumerate(GROUPS)]


@pytest.fixture(autouse=True)
def remembered(monkeypatch):
    """What the process remembers: nothing at first."""
    monkeypatch.setattr(audit, "_recent", {event: kept.__copy__() for event, kept in audit._recent.items()})
    for kept in audit._recent.values():
        kept.clear()


def open_page(person, tab="Who sees what", *, administers=True, **reader):
    asks = {"administers": lambda: administers, "signed_in": present, **reader}
    READER.now = Reader("Ada Admin", person.warehouse, trail=ADA, **asks)
    page = AppTest.from_function(script, default_timeout=60)
    page.session_state["admin.tab"] = tab
    return again(page)


def again(page):
    page.run()
    assert not page.exception
    return page


def html(page):
    return "".join(element.proto.body for element in page.get("html"))


def said(page):
    """All that the page says, without its markup."""
    return unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html(page), flags=re.DOTALL))


def rows(page):
    """The tables' rows: each cell's text."""
    found = re.findall(r'<tr role="row"><th scope="row".*?</tr>', html(page), re.DOTALL)
    cells = (re.findall(r"<t[hd] [^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in found)
    return [[" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row] for row in cells]


def row(page, start):
    (found,) = (each for each in rows(page) if each[0].startswith(start))
    return found


class TestForWhomItIs:
    def test_who_administers_nothing_is_told_what_is_missing_and_whom_to_ask(self, provisioned):
        frank = provisioned.person("frank@example.com")
        page = open_page(frank, administers=False)
        assert "none of your roles has ACCESS SYSTEM TABLE" in " ".join(said(page).split())
        assert "Ask the person who looks after access" in said(page)
        assert page.code[0].value == "RL-415 0a1b2c3d"
        assert frank.asked == []

    def test_nothing_is_asked_for_a_tab_that_nobody_looks_at(self, provisioned):
        ada = provisioned.person("ada@example.com")
        open_page(ada, "Sign-ins")
        assert ada.asked == []
        open_page(ada, "Policies")
        assert len(ada.asked) == 1

    @pytest.mark.parametrize("tab", ["Who sees what", "Statements", "Policies"])
    def test_a_tab_whose_views_are_refused_says_which_grant_they_need(self, provisioned, tab):
        page = open_page(provisioned.person("frank@example.com"), tab, rpu_hour_price=Decimal(1))
        assert "ACCESS SYSTEM TABLE" in said(page)
        assert "Code RL-410" in said(page)
        assert rows(page) == []


class TestWhoSeesWhat:
    def test_each_row_says_what_reads_bounds_and_comes_through(self, provisioned):
        page = open_page(provisioned.person("ada@example.com"))
        count = f"{provisioned.count('frank@example.com'):,}"
        assert row(page, "AWSIDC:frank@example.com") == [
            "AWSIDC:frank@example.com person has AWSIDC:amer-sales",
            "All columns through AWSIDC:amer-sales",
            "amer_region_filter rows whose timezone begins with “America”",
            "Nothing",
            count,
        ]
        assert row(page, "AWSIDC:both@example.com")[2] == (
            "amer_region_filter rows whose timezone begins with “America” OR "
            "eu_region_filter rows whose timezone begins with “Europe”"
        )
        assert row(page, "AWSIDC:nora@example.com")[1:] == [
            "No SELECT",
            "No policy: no row",
            "Nothing",
            "refused",
        ]
        assert row(page, "AWSIDC:exec-global")[2:] == [
            *("Lifted: IGNORE RLS", "Nothing", f"{provisioned.count('ethan@example.com'):,}")
        ]

    def test_columns_masks_and_policies_that_are_off_are_named(self, product):
        product.run(
            'REVOKE SELECT ON public.sales_data FROM ROLE "AWSIDC:apac-sales"',
            'GRANT SELECT (city, timezone) ON public.sales_data TO ROLE "AWSIDC:apac-sales"',
            "CREATE MASKING POLICY hidden WITH (city VARCHAR(100)) USING ('***'::VARCHAR(100))",
            'ATTACH MASKING POLICY hidden ON public.sales_data(city) TO ROLE "AWSIDC:apac-sales"',
        )
        page = open_page(product.person("ada@example.com"))
        assert row(page, "AWSIDC:ming@example.com")[1:4:2] == ["Columns city, timezone", "city by hidden"]

    def test_a_person_can_be_looked_at_with_other_roles(self, provisioned):
        ada = provisioned.person("ada@example.com")
        page = open_page(ada)
        page.selectbox(key="admin.who").set_value("AWSIDC:nora@example.com (person)")
        again(page)
        assert len(rows(page)) == 1
        page.multiselect[0].set_value(["AWSIDC:emea-sales", "AWSIDC:amer-sales"])
        again(page)
        assert rows(page)[0][-1] == f"{provisioned.count('both@example.com'):,}"

    def test_a_table_without_a_way_to_count_says_what_is_missing(self, provisioned):
        page = open_page(provisioned.person("ada@example.com"))
        page.selectbox(key="admin.table").set_value("rowlight.saved_views")
        again(page)
        assert "Rows are not counted. Counting needs SELECT on rowlight.saved_views" in said(page)
        assert row(page, "AWSIDC:frank@example.com")[-1] == "not counted"
        assert (
            row(page, "AWSIDC:frank@example.com")[2]
            == "rowlight_own_rows rows whose owner is the current user"
        )

    def test_who_is_not_known_here_is_said_to_be_so(self, provisioned, monkeypatch):
        ada = provisioned.person("ada@example.com")
        monkeypatch.setattr("tests.app.views.admin.test_page.present", list)
        page = open_page(ada)
        assert "groups not known" in row(page, "AWSIDC:frank@example.com")[0]

    @pytest.mark.parametrize("value", ["rowlight.nothing", IMAGE, None])
    def test_a_browser_that_says_something_else_gets_the_first_table_of_everybody(
        self, provisioned, monkeypatch, value
    ):
        monkeypatch.setattr("streamlit.selectbox", lambda *_, **__: value)
        page = open_page(provisioned.person("ada@example.com"))
        assert "of public.sales_data" in said(page)
        assert row(page, "AWSIDC:exec-global")


class TestPolicies:
    def test_each_in_words_and_as_sql_with_whom_it_is_for_and_who_changed_it(self, provisioned):
        page = open_page(provisioned.person("ada@example.com"), "Policies")
        found = row(page, "amer_region_filter")
        assert found[1].startswith("rows whose timezone begins with “America”")
        assert "LIKE" in found[1]
        assert found[2] == "public.sales_data (joined by OR) role AWSIDC:amer-sales by admin"
        assert found[3].endswith("by admin")
        assert len(rows(page)) == 4

    def test_what_its_author_wrote_stays_text(self, product):
        quoted = IMAGE.replace("'", "''")
        product.run(
            f"CREATE RLS POLICY \"{IMAGE}\" WITH (city VARCHAR(100)) USING (city = '{quoted}{MARKDOWN}')",
            f"CREATE MASKING POLICY hidden WITH (city VARCHAR(100)) USING ('{quoted}'::VARCHAR(100))",
        )
        page = open_page(product.person("ada@example.com"), "Policies")
        assert "<img" not in html(page)
        assert "&lt;img" in html(page)
        assert IMAGE in said(page)
        assert MARKDOWN in said(page)


class TestSignIns:
    def test_who_is_here_and_who_came_and_went(self, provisioned):
        Trail("frank@example.com", "11112222").record("sign-in", way="popup")
        Trail("olga@example.com", "55556666").record("sign-in", way="beside")
        Trail("frank@example.com", "11112222").record("sign-out", reason="RL-232")
        Trail("alex@example.com", "33334444").record("renewal", outcome="RL-310")
        NOBODY.record("refusal", outcome="RL-223", way="redirect")
        page = open_page(provisioned.person("ada@example.com"), "Sign-ins")
        text = " ".join(said(page).split())
        assert f"Signed in now: {len(GROUPS)}" in text
        assert row_of(page, "11112222", 0, 2) == ["frank@example.com", "by the pop-up"]
        assert row_of(page, "55556666", 0, 2) == ["olga@example.com", "beside another person"]
        assert row_of(page, "11112222", 0, 2, nth=1) == ["frank@example.com", "RL-232"]
        assert row_of(page, "33334444", 0, 2) == ["alex@example.com", "RL-310"]
        assert any(each[0] == "RL-223" and each[2] == "by the whole page" for each in rows(page))
        assert "Other processes keep their own" in text

    def test_nobody_is_listed_for_who_does_not_administer(self, provisioned):
        page = open_page(provisioned.person("frank@example.com"), "Sign-ins", administers=False)
        assert "ethan@example.com" not in html(page)


class Leavers:
    """Who is signed in, until an administrator ends it."""

    def __init__(self, unconfirmed=0):
        self.here, self.asked, self.unconfirmed = present() + present()[:1], [], unconfirmed

    def end(self, person):
        self.asked.append(person)
        before = len(self.here)
        self.here = [each for each in self.here if each.person != person]
        return SignedOut(before - len(self.here), self.unconfirmed)

    def reader(self):
        return {"signed_in": lambda: self.here, "end_sign_ins": self.end}


class TestEndingSignIns:
    @pytest.fixture
    def look(self, provisioned):
        def at(leavers):
            return open_page(provisioned.person("ada@example.com"), "Sign-ins", **leavers.reader())

        return at

    def choose(self, page, person):
        page.selectbox(key="admin.leaver").set_value(person)
        return again(page)

    def test_of_one_person_all_end_and_they_are_listed_no_more(self, look):
        leavers = Leavers()
        leaver = leavers.here[0].person
        page = self.choose(look(leavers), leaver)
        assert leavers.asked == []
        page.button(key="admin.end").click()
        again(page)
        assert leavers.asked == [leaver]
        assert f"2 sign-ins of {leaver} ended." in said(page)
        assert f"Signed in now: {len(leavers.here)}" in said(page)
        assert leaver not in [each[0] for each in rows(page)]
        again(page)
        assert page.selectbox(key="admin.leaver").value is None
        assert leavers.asked == [leaver]

    def test_nobody_is_chosen_at_first_and_nothing_can_be_pressed(self, look):
        page = look(Leavers())
        assert page.selectbox(key="admin.leaver").value is None
        assert page.button(key="admin.end").disabled

    def test_who_has_left_meanwhile_is_said_to_have(self, look):
        leavers = Leavers()
        leaver = leavers.here[1].person
        page = self.choose(look(leavers), leaver)
        leavers.end = lambda _: SignedOut(0, 0)
        READER.now = replace(READER.now, end_sign_ins=leavers.end)
        page.button(key="admin.end").click()
        again(page)
        assert f"{leaver} is not signed in any more. Nothing was changed." in said(page)

    def test_what_the_provider_did_not_confirm_has_its_code(self, look):
        leavers = Leavers(unconfirmed=1)
        page = self.choose(look(leavers), leavers.here[1].person)
        page.button(key="admin.end").click()
        again(page)
        assert "1 sign-in of " in said(page)
        assert "For 1 the identity provider did not confirm it" in said(page)
        assert "Code RL-235" in said(page)

    def test_a_press_of_who_administers_no_more_ends_nothing(self, look):
        leavers = Leavers()
        page = self.choose(look(leavers), leavers.here[0].person)
        READER.now = replace(READER.now, administers=lambda: False)
        page.button(key="admin.end").click()
        again(page)
        assert leavers.asked == []
        assert page.code[0].value.startswith("RL-415")

    @pytest.mark.parametrize("value", ["somebody@example.com", IMAGE])
    def test_a_browser_that_names_somebody_who_is_not_there_ends_nobody(self, look, monkeypatch, value):
        leavers = Leavers()
        monkeypatch.setattr("streamlit.selectbox", lambda *_, **__: value)
        page = look(leavers)
        page.button(key="admin.end").click()
        again(page)
        assert "is not signed in any more. Nothing was changed." in said(page)
        assert "<img" not in html(page)
        assert len(leavers.here) == len(present()) + 1

    def test_an_address_is_text_wherever_it_stands(self, look):
        leavers = Leavers()
        leavers.here = [replace(leavers.here[0], person=f"{IMAGE}@example.com")]
        page = self.choose(look(leavers), f"{IMAGE}@example.com")
        page.button(key="admin.end").click()
        again(page)
        assert "<img" not in html(page)
        assert f"1 sign-in of {IMAGE}@example.com ended." in said(page)

    def test_afterwards_the_list_says_who_ended_it(self, look):
        Trail("frank@example.com", "11112222").record("sign-out", reason="RL-241", by="ada@example.com")
        found = [each for each in rows(look(Leavers())) if each[-1] == "11112222"]
        assert found[0][2] == "RL-241 by ada@example.com"


def row_of(page, reference, *places, nth=0):
    found = [each for each in rows(page) if each[-1] == reference]
    return [found[nth][place] for place in places]


class TestStatements:
    def test_the_figures_are_those_of_the_history(self, provisioned):
        ada = provisioned.person("ada@example.com")
        provisioned.count("frank@example.com")
        provisioned.count("nora@example.com")
        page = open_page(ada, "Statements", rpu_hour_price=Decimal("0.375"))
        history = (
            "SELECT count(*), sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END), sum(returned_rows) "
            "FROM sys_query_history WHERE username = 'AWSIDC:{}@example.com'"
        )
        for name in ("frank", "nora", "ming"):
            ((count, failed, returned),) = provisioned.rows("ada@example.com", history.format(name))
            found = row(page, f"AWSIDC:{name}@example.com")
            assert [found[1], found[2], found[5]] == [f"{int(n):,}" for n in (count, failed, returned)]
            assert found[6].startswith("$")
        assert "$0.375 for an RPU-hour" in said(page)
        assert "an estimate" in said(page)

    def test_without_a_price_no_cost_is_shown_and_usage_is_not_asked_for(self, provisioned):
        ada = provisioned.person("ada@example.com")
        page = open_page(ada, "Statements")
        assert "Costs are not shown: RPU_HOUR_PRICE is not set." in said(page)
        assert "$" not in "".join("".join(each) for each in rows(page))
        assert "sys_serverless_usage" not in ada.asked[-1]["Sql"]

    def test_one_persons_statements_can_be_looked_at_alone(self, provisioned):
        ada = provisioned.person("ada@example.com")
        provisioned.count("nora@example.com")
        page = open_page(ada, "Statements")
        page.selectbox(key="admin.person").set_value("AWSIDC:nora@example.com")
        again(page)
        assert "Slowest of AWSIDC:nora@example.com" in said(page)
        ran = [each[1] for each in rows(page) if each[0].isdigit() and len(each) > 5 and ":" in each[1]]
        assert set(ran) == {"AWSIDC:nora@example.com"}
        assert "permission denied for relation sales_data" in said(page)

    def test_from_a_statement_to_its_audit_event(self, provisioned):
        ada = provisioned.person("ada@example.com")
        began = datetime.now(UTC)
        provisioned.rows("ming@example.com", "SELECT 'traced' AS it")
        after = round((datetime.now(UTC) - began) / timedelta(milliseconds=1)) + 1
        Trail("ming@example.com", "55556666").record(
            "query",
            event_id="77778888",
            query="Overview",
            statement="a-statement",
            rows=1,
            milliseconds=after,
        )
        page = open_page(ada, "Statements")
        page.selectbox(key="admin.person").set_value("AWSIDC:ming@example.com")
        again(page)
        text = " ".join(said(page).split())
        assert "Overview 55556666-77778888" in text
        assert """jq -c 'select(.logger == "app.audit" and (.id == "77778888"))' rowlight.log""" in text
        assert "AttributeKey=Username,AttributeValue=ming@example.com" in text
        assert "contains(CloudTrailEvent, 'a-statement')" in text

    def test_texts_of_statements_stay_text(self, provisioned):
        provisioned.rows("ming@example.com", f"SELECT '{IMAGE}' AS it")
        page = open_page(provisioned.person("ada@example.com"), "Statements")
        assert "<img" not in html(page)
