"""How I see this, against the stand-in: what the proof says is what SQL and CloudTrail say."""

import contextlib
import json
import shlex
from datetime import UTC, datetime
from functools import cache

import jmespath
import pyarrow as pa
import pytest

from app.errors import QueryDenied, SessionExpired
from app.redshift.query import Query
from app.redshift.table import Table, Timings
from app.session.assembly import assemble
from app.settings import load
from app.views import VIEWS, personal
from app.views.formats import ENGLISH
from app.views.how import records as how_records
from app.views.how import told as how_told
from app.views.how import words as how_words
from app.views.how.learned import learn
from app.views.reader import Reader
from tests import outside
from tests.app.test_sign_in_to_rows import open_session

TABLES = personal.beside(VIEWS[0].question).relations
SALES, VIEWS_KEPT, ALERTS = TABLES
EFFECT = "SELECT region_code, country, count(*) FROM public.sales_data GROUP BY 1, 2"
SEES = ["Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac"]


def reader_of(user):
    return Reader(user.identity.name, user.warehouse, user.trail, chain=user.chain)


def learned(user, *, fresh=True):
    return learn(reader_of(user), TABLES, list, fresh=fresh)


def html_of(known, user):
    """All that a proof puts on the page."""
    reader = reader_of(user)
    parts = [
        how_told.picture(how_words.links(known, ENGLISH)),
        how_told.sign_in(reader.chain(), datetime.now(UTC), lambda moment: f"{moment:%H:%M}"),
        how_told.redshift(known),
    ]
    for proven in known.tables:
        parts.append(how_told.reasons(how_words.verdict(known, proven, ENGLISH)))
        parts.append(how_told.table(known, proven, ENGLISH))
    return "".join(parts)


def said(known):
    return " ".join(how_words.verdict(known, known.tables[0], ENGLISH).reasons)


@pytest.fixture(scope="module")
def serve(env, tmp_path_factory):
    """The app's services, set up by what the stand-in tells and these settings."""
    with pytest.MonkeyPatch.context() as environment:
        environment.chdir(tmp_path_factory.mktemp("how"))
        for name, value in env.items():
            if not name.startswith("ADMIN_"):
                environment.setenv(name, value)

        def serve(**settings):
            with environment.context() as more:
                for name, value in settings.items():
                    more.setenv(name, value)
                return assemble(load(None))

        yield serve


@pytest.fixture(scope="module")
def shared(serve):
    return serve()


@pytest.fixture(scope="module")
def user_of(shared):
    """Somebody who is signed in, once for all tests that do not end it."""
    return cache(lambda name: shared.sessions.find(open_session(shared, name)))


@pytest.fixture(scope="module")
def as_person(env):
    """Runs SQL as a person, by boto3 alone."""

    @cache
    def client(name):
        return outside.aws(env, "redshift-data", outside.credentials_of(env, name))

    return lambda name, sql: outside.rows(client(name), env, sql)


@pytest.fixture
def admin(env):
    """Runs SQL as the warehouse's superuser."""
    client = outside.aws(env, "redshift-data", outside.administrator(env))

    def run(statement):
        description = outside.run(client, env, statement, SecretArn=env["ADMIN_SECRET_ARN"])
        assert description["Status"] == "FINISHED", description.get("Error")

    return run


@pytest.mark.parametrize("name", SEES)
def test_the_proof_says_what_sql_says_under_the_same_identity(name, user_of, as_person):
    known = learned(user_of(name))
    ((user, session_user),) = as_person(name, "SELECT current_user, session_user")
    assert (known.who.user, known.who.session_user) == (user, session_user)
    (role,) = known.who.names
    assert as_person(name, f"SELECT user_is_member_of(current_user, '{role}')") == [(True,)]
    counted = known.tables[0].counted
    rows = as_person(name, EFFECT)
    assert counted.rows == sum(count for *_, count in rows)
    assert dict(counted.by["region"]).keys() == {region for region, *_ in rows}
    assert dict(counted.by["country"]).keys() == {country for _, country, _ in rows}
    assert known.rights.select(SALES) == (role,)
    assert how_words.links(known, ENGLISH)[-1].state == "holds"


def test_whose_security_is_lifted_and_whom_a_policy_holds_for(user_of):
    ethan, frank = (learned(user_of(name)) for name in ("Ethan Global", "Frank Amer"))
    assert "lifted for AWSIDC:exec-global by IGNORE RLS" in said(ethan)
    assert said(frank).endswith("What holds for you lets through rows whose timezone begins with “America”.")
    assert ethan.tables[0].plan.secured is False


def test_nora_in_no_group_learns_that_her_chain_ends_at_select(user_of):
    known = learned(user_of("Nora Newcomer"))
    assert [link.state for link in how_words.links(known, ENGLISH)] == [*["holds"] * 4, "ends", "unknown"]
    assert "You are in no group, so Redshift gives you no role." in said(known)
    assert isinstance(known.tables[0].counted, QueryDenied)
    assert known.tables[0].plan is None  # nothing was asked that is refused for the same reason


def test_ada_may_read_the_policies_by_name_and_none_of_the_rows(user_of):
    known = learned(user_of("Ada Admin"))
    policies = {(each.policy, each.grantee, each.holds) for each in known.tables[0].attached}
    assert ("amer_region_filter", "AWSIDC:amer-sales", True) in policies
    assert isinstance(known.tables[0].counted, QueryDenied)
    html = how_told.table(known, known.tables[0], ENGLISH)
    for words in ("America", "Europe", "Asia"):
        assert f"rows whose timezone begins with “{words}”" in html
    assert learned(user_of("Frank Amer")).tables[0].attached is None


# What is on record.


def lookup(env, command):
    """Runs what the page says, as the account's administrator: its words, by boto3 and jmespath."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:3] == ["aws", "cloudtrail", "lookup-events"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    attribute = dict(part.split("=", 1) for part in options["--lookup-attributes"].split(","))
    client = outside.aws(env, "cloudtrail", outside.administrator(env))
    pages = client.get_paginator("lookup_events").paginate(LookupAttributes=[attribute])
    events = [event for page in pages for event in page["Events"]]
    return [json.loads(each) for each in jmespath.search(options["--query"], {"Events": events})]


def test_cloudtrail_says_of_the_statement_what_the_page_says(user_of, env):
    user = user_of("Frank Amer")
    table = user.warehouse.fetch(Query("Overview", "SELECT count(*) FROM public.sales_data"))
    chain = user.chain()
    commands = list(how_records.commands(chain, table, "AWSIDC:frank@example.com"))
    (event,) = lookup(env, commands[0].text)
    assert event["responseElements"]["id"] == table.statement_id
    assert event["requestParameters"]["statementName"] == table.label
    assert table.label == f"Overview {user.trail.session}-{how_records.event_id(table)}"
    identity = event["userIdentity"]
    assert identity["onBehalfOf"]["userId"] == chain.user.user_id
    assert identity["onBehalfOf"]["identityStoreArn"].endswith(f"/{chain.user.identity_store}")
    assert identity["arn"].endswith(f"/{chain.session.name}")
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == chain.session.role_arn


def test_the_statement_answers_its_person_alone_and_the_history_who_may_read_it(user_of, env, as_person):
    user = user_of("Frank Amer")
    table = user.warehouse.fetch(Query("Overview", "SELECT count(*) FROM public.sales_data"))
    _, describe, history = how_records.commands(user.chain(), table, "AWSIDC:frank@example.com")
    assert describe.text.endswith(f"--id {table.statement_id}")
    client = outside.aws(env, "redshift-data", outside.administrator(env))
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_statement(Id=table.statement_id)
    for name in ("Ada Admin", "Frank Amer"):
        texts = [row[-1] for row in as_person(name, history.text.rstrip(";"))]
        assert any("count(*) FROM public.sales_data" in text for text in texts)


# What changes is seen.


def test_a_changed_policy_is_seen_at_the_next_refresh(user_of, admin):
    user = user_of("Frank Amer")
    before = learned(user)
    try:
        admin("ALTER RLS POLICY amer_region_filter USING (timezone LIKE 'America/New%')")
        assert said(learned(user, fresh=False)) == said(before)  # from a moment ago, as the page says
        known = learned(user)
        assert "rows whose timezone begins with “America/New”" in said(known)
        assert 0 < known.tables[0].counted.rows < before.tables[0].counted.rows
    finally:
        admin("ALTER RLS POLICY amer_region_filter USING (timezone LIKE 'America%')")
    assert said(learned(user)) == said(before)


def test_without_explain_rls_the_rest_stands(user_of, admin):
    user = user_of("Frank Amer")
    rows = learned(user).tables[0].counted.rows
    try:
        admin('REVOKE EXPLAIN RLS FROM ROLE "AWSIDC:amer-sales"')
        known = learned(user)
        assert "Redshift does not tell you: none of your roles has EXPLAIN RLS." in said(known)
        assert "America" not in how_told.table(known, known.tables[0], ENGLISH).replace("Americas", "")
        assert known.tables[0].counted.rows == rows
    finally:
        admin('GRANT EXPLAIN RLS TO ROLE "AWSIDC:amer-sales"')


@contextlib.contextmanager
def membership(env, name, group):
    """A person in another group too, in the directory that IAM Identity Center reads."""
    store, where = outside.aws(env, "identitystore", outside.administrator(env)), env["IDENTITY_STORE_ID"]

    def one(kind, found, attribute, value):
        return next(each[kind] for each in found if each[attribute] == value)

    groups, users = (
        store.list_groups(IdentityStoreId=where)["Groups"],
        store.list_users(IdentityStoreId=where)["Users"],
    )
    made = store.create_group_membership(
        IdentityStoreId=where,
        GroupId=one("GroupId", groups, "DisplayName", group),
        MemberId={"UserId": one("UserId", users, "DisplayName", name)},
    )["MembershipId"]
    try:
        yield
    finally:
        store.delete_group_membership(IdentityStoreId=where, MembershipId=made)


def test_a_group_in_the_directory_is_seen_at_the_next_refresh(user_of, env):
    user = user_of("Nora Newcomer")
    assert learned(user).who.roles == ()
    with membership(env, "Nora Newcomer", "apac-sales"):
        known = learned(user)
        assert known.who.names == {"AWSIDC:apac-sales"}
        assert "rows whose timezone begins with “Asia”" in said(known)
        assert known.tables[0].counted.rows > 0
    assert learned(user).who.roles == ()


def test_a_group_in_the_directory_is_seen_after_the_next_exchange_without_a_refresh(user_of, env):
    user = user_of("Nora Newcomer")
    assert learned(user).who.roles == ()
    with membership(env, "Nora Newcomer", "apac-sales"):
        user.keys()
        user.renew()  # other credentials than the last signature's: a new exchange
        assert learned(user, fresh=False).who.names == {"AWSIDC:apac-sales"}
    user.keys()
    user.renew()
    assert learned(user, fresh=False).who.roles == ()


def test_of_two_groups_the_rows_of_both_come_through(user_of, env):
    with membership(env, "Frank Amer", "emea-sales"):
        known = learned(user_of("Frank Amer"))
    assert known.rights.select(SALES) == ("AWSIDC:amer-sales", "AWSIDC:emea-sales")
    assert "“America”" in said(known)
    assert "“Europe”" in said(known)
    assert {region for region, _ in known.tables[0].counted.by["region"]} == {"AMER", "EMEA"}


# No secret.


def secrets_of(user, session_id):
    """All that would let somebody else be this person."""
    standing = user._record.standing
    keys = standing.credentials
    found = [session_id, user.key, standing.nonce, standing.refresh_token, standing.context_refresh_token]
    found += [standing.identity.token, standing.identity.token.split(".")[1]]
    if keys is not None:
        found += [keys.access_key_id, keys.secret_access_key, keys.session_token]
    return [secret for secret in found if secret]


@pytest.mark.parametrize("path", ["data-api", "driver"])
def test_no_secret_is_in_the_chain_in_any_of_its_states(path, serve, caplog):
    caplog.set_level("DEBUG", logger="app")
    shared = serve(QUERY_PATH=path, REDSHIFT_HOST="localhost")
    session_id = open_session(shared, "Frank Amer")
    user = shared.sessions.find(session_id)
    told, secrets = [], []

    def look(known=None):
        chain = user.chain()
        told.extend((repr(chain), str(chain), how_told.sign_in(chain, datetime.now(UTC), str)))
        secrets.extend(secrets_of(user, session_id))
        if known is not None:
            told.extend((repr(known), html_of(known, user)))

    look()
    assert user.chain().session is None
    look(learned(user))
    assert user.chain().session is not None
    user.keys()
    user.renew()
    look(learned(user))
    told.extend(
        f"{record.getMessage()} {vars(record)}" for record in caplog.records if record.name.startswith("app")
    )
    everything = "\n".join(told)
    assert len(set(secrets)) > 8
    assert not [secret for secret in secrets if secret in everything]


def test_before_the_first_question_the_later_links_are_not_there_yet(shared):
    user = shared.sessions.find(open_session(shared, "Frank Amer"))
    html = how_told.sign_in(user.chain(), datetime.now(UTC), str)
    assert html.count("Not yet: it comes with the first question to the warehouse.") == 2
    known = learned(user)
    assert known.chain.user.user_id
    assert known.chain.renewal == "context"
    assert known.chain.session.expires_at > known.chain.renews_at


def test_a_sign_in_that_is_over_is_no_part_that_failed(shared):
    session_id = open_session(shared, "Frank Amer")
    user = shared.sessions.find(session_id)
    shared.sessions.end(session_id)
    with pytest.raises(SessionExpired):
        learned(user)


def test_where_the_direct_path_gets_no_token_the_links_before_it_stand(serve):
    shared = serve(QUERY_PATH="driver", REDSHIFT_HOST="localhost")
    user = shared.sessions.find(open_session(shared, "Frank Amer"))
    known = learned(user)
    assert [link.state for link in how_words.links(known, ENGLISH)] == [*["holds"] * 3, "unknown"]
    assert "Code RL-428" in html_of(known, user)
    table = Table(pa.table({}), False, "1234", 0.1, Timings(0.1, 0, 0), datetime.now(UTC))
    (command, _) = how_records.commands(known.chain, table, "AWSIDC:frank@example.com")
    assert "GetIdentityCenterAuthToken" in command.text


def test_a_page_asks_once_however_often_somebody_looks(user_of):
    user = user_of("Frank Amer")
    first, again = learned(user, fresh=False), learned(user, fresh=False)
    assert first.statement_id == again.statement_id
