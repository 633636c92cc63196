"""Temporary tables and sessions: names of his own take the place of nothing that others made."""

import pytest

from tests.infra.local.warehouse.access.hostile.world import ADMIN, FRANK, OTHER, build, outcome, script

_GUARDED = """
CREATE TABLE vip (usr VARCHAR(60), number INT);
CREATE VIEW my_secrets AS
    SELECT s.word FROM secrets s JOIN vip v ON v.number = s.number WHERE v.usr = current_user;
CREATE VIEW my_secrets_late AS SELECT s.word FROM public.secrets s
    WHERE s.number IN (SELECT number FROM public.vip WHERE usr = current_user) WITH NO SCHEMA BINDING;
GRANT SELECT ON my_secrets, my_secrets_late, vip TO ROLE "AWSIDC:amer-sales";
CREATE TABLE deals (id INT, region VARCHAR(10));
INSERT INTO deals VALUES (1, 'AMER'), (2, 'ASIA');
CREATE TABLE reach (usr VARCHAR(60), region VARCHAR(10));
INSERT INTO reach VALUES ('AWSIDC:frank@example.com', 'AMER');
CREATE RLS POLICY by_reach WITH (region VARCHAR(10))
    USING (region IN (SELECT region FROM reach WHERE usr = current_user));
ATTACH RLS POLICY by_reach ON deals TO ROLE "AWSIDC:amer-sales";
ALTER TABLE deals ROW LEVEL SECURITY ON;
CREATE TABLE phones (id INT, number VARCHAR(10));
INSERT INTO phones VALUES (1, '424242'), (2, '987654');
CREATE TABLE shown (number VARCHAR(10));
CREATE MASKING POLICY only_shown WITH (n VARCHAR(10))
    USING (CASE WHEN n IN (SELECT number FROM shown) THEN n ELSE 'x'::VARCHAR(10) END);
GRANT SELECT ON shown TO MASKING POLICY only_shown;
ATTACH MASKING POLICY only_shown ON phones(number) TO PUBLIC;
GRANT SELECT ON deals, phones TO ROLE "AWSIDC:amer-sales"
"""
_OWN = """
CREATE TEMP TABLE {t} (usr VARCHAR(60), number INT);
INSERT INTO {t} VALUES ('AWSIDC:frank@example.com', 424242)
"""
ME = "AWSIDC:frank@example.com"


@pytest.fixture(scope="module")
def guarded():
    redshift = build("planted")
    script(redshift, _GUARDED)
    return redshift


@pytest.fixture
def asking(guarded):
    session = guarded.open_session(FRANK)
    yield lambda sql: outcome(guarded, sql, session=session)
    session.close()


def make(ask, text):
    for statement in text.split(";"):
        assert ask(statement)[0] == "changed", statement


@pytest.mark.parametrize("view", ["my_secrets", "my_secrets_late", "public.my_secrets"])
def test_a_view_reads_what_it_was_made_over(asking, view):
    before = asking(f"SELECT * FROM {view}")
    assert before == ("rows", [("word", "varchar", 0)], '{"word": []}')
    make(asking, _OWN.format(t="vip"))
    assert asking(f"SELECT * FROM {view}") == before


@pytest.mark.parametrize("name", ["vip", "VIP", '"vip"', "#vip", "pg_temp.vip", "vip_"])
def test_a_temporary_table_under_any_spelling_opens_no_view(asking, name):
    for statement in _OWN.format(t=name).split(";"):
        asking(statement)
    assert "hush" not in str(asking("SELECT * FROM my_secrets"))


def test_a_policy_looks_up_what_it_was_made_over(asking):
    before = asking("SELECT * FROM deals ORDER BY 1")
    assert before[2] == '{"id": [1], "region": ["AMER"]}'
    make(
        asking,
        "CREATE TEMP TABLE reach (usr VARCHAR(60), region VARCHAR(10));"
        f"INSERT INTO reach VALUES ('{ME}', 'AMER'), ('{ME}', 'ASIA')",
    )
    assert asking("SELECT * FROM deals ORDER BY 1") == before
    assert asking("DELETE FROM deals WHERE id = 2")[:2] == ("error", "42501")


def test_a_mask_looks_up_what_it_was_made_over(asking):
    before = asking("SELECT * FROM phones ORDER BY 1")
    assert before[2] == '{"id": [1, 2], "number": ["x", "x"]}'
    make(
        asking,
        "CREATE TEMP TABLE shown (number VARCHAR(10)); INSERT INTO shown VALUES ('424242'), ('987654')",
    )
    assert asking("SELECT * FROM phones ORDER BY 1") == before


def test_a_qualified_name_is_no_temporary_table(asking):
    before = [asking(f"SELECT count(*) FROM {name}") for name in ("public.orders", "orders_view", "lima")]
    make(asking, "CREATE TEMP TABLE orders AS SELECT 1 AS id, 'mine' AS note")
    assert asking("SELECT * FROM orders")[2] == '{"id": [1], "note": ["mine"]}'
    after = [asking(f"SELECT count(*) FROM {name}") for name in ("public.orders", "orders_view", "lima")]
    assert after == before
    assert asking("SELECT * FROM public.secrets")[:2] == ("error", "42501")


def test_a_temporary_table_of_a_secret_ones_name_gives_no_right_to_that(asking):
    make(asking, "CREATE TEMP TABLE secrets (word VARCHAR(20), number INT)")
    assert asking("SELECT * FROM secrets")[0] == "rows"
    for sql in (
        "SELECT * FROM public.secrets",
        "SELECT * FROM dev.public.secrets",
        "DELETE FROM public.secrets",
        "GRANT SELECT ON public.secrets TO PUBLIC",
        "DROP TABLE public.secrets",
        "SELECT * FROM secret_view",
    ):
        assert asking(sql)[:2] == ("error", "42501"), sql
    make(asking, "DROP TABLE secrets")
    assert asking("SELECT * FROM secrets")[:2] == ("error", "42501")


def test_a_temporary_table_is_its_sessions_alone(guarded, asking):
    make(asking, "CREATE TEMP TABLE regions AS SELECT 424242 AS a; CREATE TABLE stray (a INT)")
    assert asking("SELECT * FROM regions")[2] == '{"a": [424242]}'
    for user in (FRANK, OTHER, ADMIN):
        assert "424242" not in str(outcome(guarded, "SELECT * FROM regions", user=user)), user
    assert outcome(guarded, "SELECT count(*) FROM regions")[2] == '{"count": [3]}'


def test_queries_kept_of_one_session_are_not_anothers(guarded):
    """Compiled in the very batch that changes the catalogue, under the version that everybody sees next."""
    first, second = guarded.open_session(FRANK), guarded.open_session(FRANK)
    batch = [
        "CREATE TEMP TABLE regions AS SELECT 424242 AS a",
        "CREATE TABLE kept (a INT)",
        "SELECT * FROM regions",
    ]
    guarded.execute_batch(batch, user=FRANK, session=first)
    said = outcome(guarded, "SELECT * FROM regions", session=second)
    first.close()
    assert outcome(guarded, "SELECT * FROM regions", session=second) == said
    second.close()
    assert "424242" not in str(said)


def test_the_session_is_the_persons_who_opened_it(guarded):
    session = guarded.open_session(ADMIN)
    script_of = ['SET SESSION AUTHORIZATION "AWSIDC:frank@example.com"', "SELECT * FROM secrets"]
    assert outcome(guarded, script_of[0], user=ADMIN, session=session) == ("changed", 0)
    assert outcome(guarded, script_of[1], user=ADMIN, session=session)[:2] == ("error", "42501")
    assert (
        outcome(guarded, "SELECT current_user AS u", user=ADMIN, session=session)[2] == f'{{"u": ["{ME}"]}}'
    )
    assert outcome(guarded, "RESET SESSION AUTHORIZATION", user=ADMIN, session=session) == ("changed", 0)
    assert outcome(guarded, script_of[1], user=ADMIN, session=session)[0] == "rows"
    session.close()


def test_who_acts_as_another_does_not_become_a_third_by_their_rights(guarded):
    session = guarded.open_session(FRANK)
    for sql in ("RESET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION DEFAULT"):
        assert outcome(guarded, sql, session=session) == ("changed", 0)
        assert outcome(guarded, "SELECT * FROM secrets", session=session)[:2] == ("error", "42501")
    for name in ("admin", "ADMIN", '"admin"', "'admin'", "rdsdb", "default_", '"default"'):
        assert outcome(guarded, f"SET SESSION AUTHORIZATION {name}", session=session)[0] == "error", name
    session.close()
