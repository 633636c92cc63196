"""Why somebody sees what they see, in words and as HTML: from what was learned, without asking anybody."""

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from app.audit import Trail
from app.chain import CenterUser, Chain, RoleSession, SignedIn
from app.errors import ExchangeRefused, NotAssigned, QueryDenied, QueryTimedOut, RoleRefused
from app.redshift.memory import Memory
from app.redshift.table import Table, Timings
from app.views import VIEWS, personal
from app.views.choice import Filters
from app.views.formats import ENGLISH
from app.views.how import asked as how_asked
from app.views.how import records as how_records
from app.views.how import told as how_told
from app.views.how import words as how_words
from app.views.how.asked import Attached, Counted, Plan, Privilege, Rights, Role, Who
from app.views.how.learned import Known, Proven, learn
from app.views.reader import Reader
from tests.app.views.people import EXPRESSION, IMAGE, MARKDOWN

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SALES = "public.sales_data"
CHAIN = Chain(
    signed_in=SignedIn(
        "https://id", "sub-1", "frank@example.com", ("amer-sales",), NOW, NOW + timedelta(hours=1)
    ),
    application_arn="arn:aws:sso::1:application/ssoins-1/apl-1",
    bridge_role_arn="arn:aws:iam::1:role/Bridge",
    user=CenterUser("11111111-2222-3333-4444-555555555555", "d-1", NOW + timedelta(hours=1)),
    session=RoleSession(
        "arn:aws:iam::1:role/Data", "frank@example.com", NOW + timedelta(minutes=59, seconds=30)
    ),
    renews_at=NOW + timedelta(minutes=45),
    renewal="context",
    ends_at=NOW + timedelta(hours=8),
    region="us-east-1",
    warehouse="sales",
    database="dev",
    path="data-api",
)
FRANK = Who("IDC:frank@example.com", "IDC:frank@example.com", (Role("IDC:amer-sales", "session"),))
SELECT = Privilege("table", SALES, "", "SELECT", "IDC:amer-sales", "role")
SCAN = "XN Seq Scan on sales_data rls_table  (cost=0.00..20.00 rows=333 width=0)"
SECURED = "XN RLS SecureScan sales_data  (cost=0.00..10.00 rows=1000 width=4)"
AMERICA = Plan((SECURED, f"  ->  {SCAN}", "        Filter: ((timezone)::text ~~ 'America%'::text)"))
DENIED = QueryDenied("No.", "Ask.", query_name="rows", statement_id="statement-1", code="RL-410")
SLOW = QueryTimedOut("Too long.", "Narrow it.", query_name="rows", statement_id="statement-2")


def rights(*held, who=FRANK):
    return Rights(tuple(held), who)


def known(proven=None, *, who=FRANK, held=(SELECT,), chain=CHAIN):
    proven = proven or Proven(SALES, Counted(7), AMERICA)
    allowed = rights(*held, who=who) if isinstance(who, Who) else who
    return Known(chain, who, allowed, (proven,) if isinstance(who, Who) else (), "statement-0")


def said(found):
    verdict = how_words.verdict(found, found.tables[0], ENGLISH)
    return " ".join((verdict.headline, *verdict.reasons, verdict.remedy))


def states(found):
    return [link.state for link in how_words.links(found, ENGLISH)]


def answer(**columns):
    return Table(
        pa.table(columns),
        False,
        "statement-9",
        0.5,
        Timings(0.5, 0, 0),
        NOW,
        label="Overview 0a1b2c3d-9f8e7d6c",
    )


# What the person is told.


def test_whoever_sees_rows_is_told_through_whom_and_which():
    found = known()
    assert said(found).strip() == (
        "You see 7 rows of public.sales_data. SELECT is held by IDC:amer-sales. Row-level security is on. "
        "What holds for you lets through rows whose timezone begins with “America”."
    )
    assert states(found) == ["holds"] * 6


@pytest.mark.parametrize(
    ("plan", "held", "told"),
    [
        (Plan((SCAN,)), "IGNORE RLS", "lifted for IDC:amer-sales by IGNORE RLS: every row comes through."),
        (Plan((SCAN,)), "", "off on this table: SELECT alone decides, and every row comes through."),
        (SLOW, "", "perhaps on: how Redshift reads the table for you could not be learned."),
        (SLOW, "IGNORE RLS", "lifted for IDC:amer-sales by IGNORE RLS: every row comes through."),
        (Plan((SECURED,)), "", "none of your roles has EXPLAIN RLS."),
        (Plan((SECURED,)), "EXPLAIN RLS", "On which condition, Redshift does not tell you."),
        (
            Plan((SECURED, f"  ->  {SCAN}", "        Filter: false")),
            "EXPLAIN RLS",
            "No policy for you or for a role of yours lets rows through, and without one no row is shown.",
        ),
        (
            Plan(
                (
                    SECURED,
                    "  -> XN Hash Join",
                    f"  ->  {SCAN}",
                    "  -> XN Seq Scan on people",
                    "  Filter: (a = 1)",
                )
            ),
            "EXPLAIN RLS",
            "What holds for you looks at other tables as well: the plan has it in Redshift's words.",
        ),
    ],
)
def test_what_row_level_security_does_is_told_as_the_plan_has_it(plan, held, told):
    system = [Privilege("system", "", "", held, "IDC:amer-sales", "role")] if held else []
    assert said(known(Proven(SALES, Counted(7), plan), held=(SELECT, *system))).rstrip().endswith(told)


def test_no_rows_is_said_where_the_policies_leave_none():
    found = known(Proven(SALES, Counted(0), AMERICA))
    assert said(found).startswith("You see no rows of public.sales_data. SELECT is held by")
    assert states(found) == [*["holds"] * 5, "ends"]


NOBODY = replace(FRANK, roles=())
NO_GROUPS = replace(CHAIN, signed_in=replace(CHAIN.signed_in, groups=()))
OTHERS = SELECT._replace(holder="IDC:emea-sales")


@pytest.mark.parametrize(
    ("who", "chain", "held", "told"),
    [
        (
            NOBODY,
            NO_GROUPS,
            (),
            "You are in no group, so Redshift gives you no role. Only roles hold SELECT here",
        ),
        (NOBODY, CHAIN, (), "Redshift has no role for amer-sales, or IAM Identity Center has not heard"),
        (FRANK, CHAIN, (), "Your role is IDC:amer-sales. It does not hold SELECT on public.sales_data."),
        (FRANK, CHAIN, (OTHERS,), "IDC:emea-sales holds it."),
        (FRANK, CHAIN, (SELECT,), "SELECT on the table is held, but not USAGE on its schema public."),
        (
            FRANK,
            CHAIN,
            (SELECT._replace(kind="column", part="city"),),
            "SELECT is held on some columns alone: city by IDC:amer-sales.",
        ),
    ],
)
def test_whoever_is_denied_is_told_which_link_is_missing_and_who_can_mend_it(who, chain, held, told):
    found = known(Proven(SALES, DENIED), who=who, chain=chain, held=held)
    assert told in said(found)
    assert "What would change it: whoever looks after access adds you" in said(found)
    assert states(found) == [*["holds"] * 4, "ends", "unknown"]
    assert "RL-410, statement <code>statement-1</code>" in how_told.table(found, found.tables[0], ENGLISH)


@pytest.mark.parametrize(
    ("error", "chain", "expected"),
    [
        (
            NotAssigned("No.", "Ask."),
            replace(CHAIN, user=None, session=None),
            ["holds", "ends", "unknown", "unknown"],
        ),
        (
            ExchangeRefused("No.", "Ask."),
            replace(CHAIN, user=None, session=None),
            ["holds", "ends", "unknown", "unknown"],
        ),
        (RoleRefused("No.", "Ask."), replace(CHAIN, session=None), ["holds", "holds", "ends", "unknown"]),
        (DENIED, CHAIN, ["holds", "holds", "holds", "ends"]),
        (SLOW, CHAIN, ["holds", "holds", "holds", "unknown"]),
    ],
)
def test_a_chain_that_ends_before_redshift_says_at_which_link_and_with_which_code(error, chain, expected):
    found = known(who=error, chain=chain)
    assert states(found) == expected
    assert f"Code {error.code}" in how_told.redshift(found)
    assert "Not yet" in how_told.sign_in(chain, NOW, str) or chain.session


def test_a_part_that_fails_says_so_with_its_code_and_the_others_stand():
    found = known(Proven(SALES, SLOW, AMERICA, DENIED))
    html = how_told.table(found, found.tables[0], ENGLISH)
    assert "Code RL-430 statement-2" in html
    assert "Code RL-410 statement-1" in html
    assert "America%" in html
    assert states(found) == [*["holds"] * 4, "unknown", "unknown"]


# Where there is no Identity Center.

TAGGED = replace(
    CHAIN,
    signed_in=replace(
        CHAIN.signed_in, database_user="frank@example.com", database_roles=("amer-sales", "emea-sales")
    ),
    application_arn="",
    bridge_role_arn="",
    user=None,
    renewal="provider",
    propagation="session_tags",
)
UNNAMED = replace(TAGGED, signed_in=replace(TAGGED.signed_in, database_roles=()))
BY_TAG = Who("IAMR:frank@example.com", "IAMR:frank@example.com", (Role("amer-sales", "session"),))


def told_of(found):
    """All that a proof says, but for its tables."""
    parts = (
        said(found),
        how_told.picture(how_words.links(found, ENGLISH)),
        how_told.sign_in(found.chain, NOW, lambda moment: f"{moment:%H:%M}"),
        how_told.redshift(found),
        how_told.records(found.chain, answer(a=[1]), Trail("", ""), str),
        *(each.title + each.text for each in how_records.commands(found.chain, answer(a=[1]), "")),
    )
    return "".join(parts)


def test_by_session_tags_the_chain_is_a_link_shorter_and_says_nothing_of_identity_center():
    found = known(who=BY_TAG, chain=TAGGED, held=(SELECT._replace(holder="amer-sales"),))
    assert [link.name for link in how_words.links(found, ENGLISH)] == [
        "ID token",
        "Role session",
        "Redshift",
        "SELECT",
        "Rows",
    ]
    assert states(found) == ["holds"] * 5
    html = told_of(found)
    assert "Identity Center" not in html
    assert "onBehalfOf" not in html
    assert "<code>amer-sales</code> by the tag RedshiftDbRoles" in html
    assert "<dt>Tag RedshiftDbUser</dt><dd><code>frank<wbr>@example.com</code></dd>" in html
    assert "<code>amer-sales</code>, <code>emea-sales</code>" in html
    assert "by a new ID token from the identity provider" in html
    assert "AssumeRoleWithWebIdentity" in html
    numbers = re.findall(r'<h2><i aria-hidden="true">(\d)</i>', html)
    assert numbers == ["1", "2", "3"]


def test_the_events_of_the_tags_are_found_by_the_tokens_subject():
    (command,) = [each for each in how_records.commands(TAGGED, answer(a=[1]), "") if "tags" in each.title]
    assert "AttributeKey=Username,AttributeValue=sub-1" in command.text
    assert not [each for each in how_records.commands(CHAIN, answer(a=[1]), "") if "tags" in each.title]


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        (TAGGED, "Redshift has no role of the name amer-sales and emea-sales. Only roles hold SELECT here"),
        (
            UNNAMED,
            "Your ID token's tags name no role, so Redshift gives you none. Only roles hold SELECT here",
        ),
    ],
)
def test_by_session_tags_who_has_no_role_is_told_of_the_tags(chain, told):
    found = known(Proven(SALES, DENIED), who=NOBODY, chain=chain, held=())
    assert told in said(found)
    assert "It counts once you sign in again, or when this sign-in is renewed." in said(found)
    assert "Identity Center" not in told_of(found)


@pytest.mark.parametrize("error", [ExchangeRefused("No.", "Ask."), RoleRefused("No.", "Ask.")])
def test_by_session_tags_a_refused_sign_in_ends_at_the_role_session(error):
    chain = replace(TAGGED, session=None)
    found = known(who=error, chain=chain)
    assert states(found) == ["holds", "ends", "unknown"]
    assert "Not yet" in how_told.sign_in(chain, NOW, str)


# What is read of the answers.


def test_roles_are_those_of_the_connection_those_granted_and_what_they_lead_to():
    rows = [
        ("person", "IDC:frank@example.com", "IDC:frank@example.com"),
        ("session", "IDC:amer-sales", None),
        ("granted", "analyst", None),
        ("inherited", "reader", "analyst"),
        ("inherited", "root", "reader"),
        ("inherited", "sys:superuser", "somebody else's"),
    ]
    kinds, names, others = zip(*rows, strict=True)
    who = how_asked.who(answer(kind=kinds, name=names, other=others))
    assert who.roles == (
        Role("IDC:amer-sales", "session"),
        Role("analyst", "granted"),
        Role("reader", "inherited", "analyst"),
        Role("root", "inherited", "reader"),
    )


def test_select_is_held_by_a_role_by_the_person_by_everybody_or_by_a_grant_on_the_schema():
    def through(**changes):
        return rights(SELECT._replace(**changes)).select(SALES)

    assert through() == ("IDC:amer-sales",)
    assert through(holder="IDC:frank@example.com", holder_type="user") == ("IDC:frank@example.com",)
    assert through(holder="public", holder_type="public") == ("public",)
    assert through(kind="schema", object="public", part="TABLES") == ("IDC:amer-sales",)
    assert through(kind="schema", object="public", part="SCHEMA") == ()
    assert through(holder="IDC:emea-sales") == through(holder="IDC:amer-sales", holder_type="user") == ()
    assert through(object="public.other") == ()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_a_pages_tables_are_all_that_its_statement_reads(view):
    question = personal.beside(view.question)
    bases = " ".join(section.base.sql for section in (question, *question.sections))
    named = re.findall(r"(?<!:):(\w+)", bases)
    asked = question.query(dict.fromkeys(named, "1"), **view.conditions(Filters(NOW.date(), NOW.date())))
    tree = sqlglot.parse_one(asked.sql, read="redshift")
    read = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}
    assert set(question.relations) == read
    assert question.relations[0] == SALES


def test_no_name_that_is_none_comes_into_a_statement():
    for name in ("sales; DROP", 'a"b', "a.b.c.d", ""):
        with pytest.raises(ValueError, match="cannot name a table"):
            how_asked.count_query(name)
        with pytest.raises(ValueError, match="cannot name a table"):
            how_asked.plan_query(name)


# What reaches the browser.

OURS = {
    *("section", "h2", "i", "p", "dl", "div", "dt", "dd", "code", "wbr", "time", "span", "b", "ol", "li"),
    *("strong", "em", "br", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
}


class Marks(HTMLParser):
    """The tags and the attributes of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("text", [IMAGE, MARKDOWN, EXPRESSION, "</style><script>alert(1)</script>", '"><b>'])
def test_whatever_names_say_they_stay_text(text):
    chain = replace(
        CHAIN,
        signed_in=replace(CHAIN.signed_in, issuer=text, subject=text, email=text, groups=(text,)),
        user=CenterUser(text, text, None),
        session=RoleSession(text, text, NOW),
    )
    who = Who(text, text, (Role(text, "session"), Role("b", "inherited", text)))
    policies = (Attached(SALES, text, text, "role", True, "or", text),)
    counted = Counted(2, {"region": ((text, 1),), "country": tuple((f"{text}{n}", 1) for n in range(20))})
    proven = Proven(SALES, counted, Plan((f"{SECURED}{text}", f"Filter: {text}")), policies)
    found = known(proven, who=who, chain=chain, held=(SELECT._replace(holder=text),))
    shown = replace(answer(a=[1]), statement_id=text, label=text)
    html = "".join(
        (
            how_told.picture(how_words.links(found, ENGLISH)),
            how_told.reasons(how_words.verdict(found, proven, ENGLISH)),
            how_told.sign_in(chain, NOW, lambda _: text),
            how_told.redshift(found),
            how_told.table(found, proven, ENGLISH),
            how_told.records(chain, shown, Trail("", ""), lambda _: text),
        )
    )
    seen = Marks()
    seen.feed(html)
    assert seen.tags <= OURS
    assert seen.attributes <= {"class", "style", "datetime", "scope", "aria-hidden", "aria-label", "role"}
    assert not list(how_records.commands(chain, shown, text))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "in 0 s"),
        (59, "in 59 s"),
        (60, "in 1 min"),
        (3599, "in 59 min"),
        (3600, "in 1 h 0 min"),
        (9000, "in 2 h 30 min"),
    ],
)
def test_how_long_it_is_is_said_in_words(seconds, text):
    assert how_told.in_minutes(seconds) == text


def test_what_is_left_ticks_in_the_browser_while_somebody_would_watch_it():
    html = how_told.sign_in(CHAIN, NOW, lambda moment: f"{moment:%H:%M}")
    assert '--from:3570"><span>in 59 min</span><b aria-hidden="true"></b>' in html
    assert "20:00</time> in 8 h 0 min" in html
    late = how_told.sign_in(CHAIN, NOW + timedelta(hours=2), lambda moment: f"{moment:%H:%M}")
    assert "13:00</time> over" in late


def test_the_event_in_our_log_is_the_end_of_the_statements_name():
    assert how_records.event_id(answer(a=[1])) == "9f8e7d6c"


class Slow:
    """A warehouse that answers nothing until the test is over."""

    def __init__(self):
        self.over, self.flights = threading.Event(), []
        self._memory = Memory(person="somebody", seconds=0, clock=lambda: 0.0)

    def begin(self, query, *, fresh):
        self.flights.append(self._memory.fly(query.key, lambda _: self.over.wait(10), fresh=fresh))
        return self.flights[-1]


def test_who_goes_elsewhere_while_it_is_learned_stops_all_that_was_asked():
    class Gone(BaseException):
        """As Streamlit leaves a script."""

    def gone(flights):
        assert len(flights) == 2
        raise Gone

    slow = Slow()
    with pytest.raises(Gone):
        learn(Reader("Frank Amer", slow), (SALES,), gone)
    assert all(flight.abandoned.is_set() for flight in slow.flights)
    slow.over.set()
