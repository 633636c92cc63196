"""How many rows come through for somebody: as many as they count themselves; nobody reads one for it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.redshift.read_only import read_only
from app.views.admin import catalogue as catalogues
from app.views.admin import counting, seen
from app.views.admin.catalogue import Attached, Catalogue, Grantee, Policy, Relation
from app.views.admin.counting import CannotCount
from infra.local.warehouse import SqlError
from tests.app.views.admin.conftest import GROUPS

ADA = "ada@example.com"
SALES = Relation("public", "sales_data")
ROLE = Grantee("role", "AWSIDC:amer-sales")


def catalogue(product, address=ADA):
    return catalogues.read(product.person(address).warehouse.fetch(catalogues.CATALOGUE).columns)


def told(product, relation=SALES, groups=GROUPS):
    """What the page says of each person: a count, None where Redshift refuses, or why there is none."""
    found = catalogue(product)
    shown = [seen.sees(found, who, relation) for who in seen.everybody(found, groups)]
    asked = counting.counting(found, relation, shown)
    counts = asked.read(product.person(ADA).warehouse.fetch(asked.query).columns)
    answers = {}
    for each in shown:
        name = each.who.grantee.name.rpartition(":")[2]
        try:
            answers[name] = counts.of(each) if each.reads else None
        except CannotCount as error:
            answers[name] = str(error)
    return answers


def assert_told_as_counted(product, relation=SALES):
    answers = told(product, relation)
    assert {name: answers[name] for name in GROUPS} == {
        name: product.count(name, str(relation)) for name in GROUPS
    }
    return answers


class TestTheCountsAreThoseOfThePeopleThemselves:
    def test_as_it_is_provisioned(self, provisioned):
        answers = assert_told_as_counted(provisioned)
        assert answers["nora@example.com"] is None
        assert answers[ADA] is None
        assert 0 < answers["frank@example.com"] < answers["both@example.com"] < answers["ethan@example.com"]

    def test_under_and(self, product):
        product.run("ALTER TABLE public.sales_data ROW LEVEL SECURITY ON CONJUNCTION TYPE AND")
        answers = assert_told_as_counted(product)
        assert answers["both@example.com"] == 0 < answers["frank@example.com"]

    def test_under_and_with_policies_that_overlap(self, product):
        product.run(
            "CREATE RLS POLICY books WITH (category VARCHAR(100), country VARCHAR(10)) "
            "USING (category IN ('Cycling', 'Hiking') AND NOT (country = 'US'))",
            'ATTACH RLS POLICY books ON public.sales_data TO ROLE "AWSIDC:emea-sales"',
            "ALTER TABLE public.sales_data ROW LEVEL SECURITY ON CONJUNCTION TYPE AND",
        )
        answers = assert_told_as_counted(product)
        assert answers["alex@example.com"] > 0
        product.run("ALTER TABLE public.sales_data ROW LEVEL SECURITY ON CONJUNCTION TYPE OR")
        assert assert_told_as_counted(product)["alex@example.com"] > answers["alex@example.com"]

    def test_with_row_level_security_off(self, product):
        product.run("ALTER TABLE public.sales_data ROW LEVEL SECURITY OFF")
        answers = assert_told_as_counted(product)
        assert answers["frank@example.com"] == answers["ethan@example.com"] > 0

    def test_who_reads_and_has_no_policy_sees_no_row(self, product):
        product.run('DETACH RLS POLICY amer_region_filter ON public.sales_data FROM ROLE "AWSIDC:amer-sales"')
        assert assert_told_as_counted(product)["frank@example.com"] == 0

    def test_with_a_policy_for_one_person_and_one_for_everybody(self, product):
        product.run(
            "ATTACH RLS POLICY apac_region_filter ON public.sales_data TO PUBLIC",
            'GRANT SELECT ON public.sales_data TO "AWSIDC:nora@example.com"',
            'ATTACH RLS POLICY eu_region_filter ON public.sales_data TO "AWSIDC:nora@example.com"',
        )
        answers = assert_told_as_counted(product)
        assert answers["nora@example.com"] == answers["alex@example.com"] > 0

    def test_by_way_of_a_role_of_a_role(self, product):
        product.run('GRANT ROLE "AWSIDC:emea-sales" TO ROLE "AWSIDC:amer-sales"')
        answers = assert_told_as_counted(product)
        assert answers["frank@example.com"] == answers["both@example.com"]

    def test_of_a_table_that_the_administrator_may_read(self, product):
        product.run(
            "CREATE TABLE public.stores (city VARCHAR(100), timezone VARCHAR(50))",
            "INSERT INTO public.stores VALUES ('Lima', 'America/Lima'), ('Rome', 'Europe/Rome'), ('', NULL)",
            'GRANT SELECT ON public.stores TO ROLE "AWSIDC:analytics-admins", ROLE "AWSIDC:amer-sales"',
            'ATTACH RLS POLICY amer_region_filter ON public.stores TO ROLE "AWSIDC:amer-sales"',
            "ALTER TABLE public.stores ROW LEVEL SECURITY ON",
        )
        answers = assert_told_as_counted(product, Relation("public", "stores"))
        assert (answers[ADA], answers["frank@example.com"]) == (3, 1)


class TestNobodyReadsARowForIt:
    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT * FROM public.sales_data",
            "SELECT count(*) FROM public.sales_data",
            "SELECT city FROM rowlight.rows_of_sales_data",
            "SELECT * FROM rowlight.saved_views",
        ],
    )
    def test_the_administrator_is_refused(self, provisioned, statement):
        with pytest.raises(SqlError):
            provisioned.rows(ADA, statement)

    def test_nobody_else_sees_the_aggregates(self, provisioned):
        for address in GROUPS.keys() - {ADA}:
            assert provisioned.count(address, "rowlight.rows_of_sales_data") is None

    def test_a_count_is_one_statement(self, provisioned):
        ada = provisioned.person(ADA)
        found = catalogues.read(ada.warehouse.fetch(catalogues.CATALOGUE).columns)
        shown = [seen.sees(found, who, SALES) for who in seen.everybody(found, GROUPS)]
        ada.warehouse.fetch(counting.counting(found, SALES, shown).query)
        assert len(ada.asked) == 2
        assert read_only(ada.asked[-1]["Sql"]).sql == ada.asked[-1]["Sql"]


class TestWhatIsMissingIsSaid:
    def test_where_nothing_may_be_read(self, provisioned):
        with pytest.raises(CannotCount, match=r"SELECT on rowlight\.saved_views"):
            told(provisioned, Relation("rowlight", "saved_views"))

    def test_the_view_and_how_it_comes_to_be(self, product):
        product.run('REVOKE SELECT ON rowlight.rows_of_sales_data FROM ROLE "AWSIDC:analytics-admins"')
        with pytest.raises(CannotCount, match=r"a view rowlight\.rows_of_sales_data as infra/sql makes it"):
            told(product)

    def test_without_the_right_to_pass_by_the_policies(self, product):
        product.run('REVOKE IGNORE RLS FROM ROLE "AWSIDC:analytics-admins"')
        with pytest.raises(CannotCount, match="IGNORE RLS"):
            told(product)

    def test_a_column_that_is_not_in_the_view(self, product):
        product.run("ALTER RLS POLICY apac_region_filter USING (length(timezone) > 3)")
        product.run(
            "CREATE RLS POLICY small WITH (quantity INT) USING (quantity < 3)",
            'ATTACH RLS POLICY small ON public.sales_data TO ROLE "AWSIDC:amer-sales"',
        )
        answers = told(product)
        assert answers["frank@example.com"] == (
            "The policy small reads quantity, which rowlight.rows_of_sales_data does not have."
        )
        assert answers["ming@example.com"] == product.count("ming@example.com") > 0

    def test_what_depends_on_who_asks(self, product):
        product.run("ALTER RLS POLICY apac_region_filter USING (timezone = current_user)")
        assert "depends on who asks" in told(product)["ming@example.com"]

    def test_what_is_masked_for_the_administrator(self, product):
        product.run(
            "CREATE MASKING POLICY hidden WITH (zone VARCHAR(50)) USING ('x'::VARCHAR(50))",
            'ATTACH MASKING POLICY hidden ON public.sales_data(timezone) TO ROLE "AWSIDC:analytics-admins"',
        )
        assert told(product)["frank@example.com"].endswith("reads timezone, which is masked for you.")


def made_up(condition, *, how="or"):
    """A catalogue in which one policy has this condition, whoever wrote it."""
    me = Grantee("role", "AWSIDC:analytics-admins")
    view = Relation("rowlight", "rows_of_sales_data")
    return Catalogue(
        me="AWSIDC:ada@example.com",
        my_roles=frozenset({me.name}),
        roles=(ROLE.name, me.name),
        usage=frozenset({("public", ROLE), ("rowlight", me)}),
        select=frozenset({(SALES, ROLE), (view, me)}),
        ignores=frozenset({me}),
        secured={SALES: how},
        attached=(Attached(SALES, ROLE, "mine", holds=True, by="admin"),),
        policies={"mine": Policy("mine", condition, "somebody", None)},
        mine={view: ("timezone", "country", "row_count")},
    )


def asked(condition):
    found = made_up(condition)
    return counting.counting(found, SALES, [seen.sees(found, seen.Somebody(ROLE), SALES)])


ATTACKS = [
    "true) THEN 1 END), (SELECT max(city) FROM public.sales_data",
    "timezone = 'a'; DROP TABLE public.sales_data",
    "timezone = 'a') FROM rowlight.rows_of_sales_data; DELETE FROM public.sales_data WHERE (1 = 1",
    "timezone = 'a' -- and no more",
    "timezone = 'a' /* to the end",
    "timezone = 'a' /**/ OR 1 = 1",
    "timezone IN (SELECT timezone FROM public.sales_data)",
    "EXISTS (SELECT 1 FROM public.sales_data)",
    "(SELECT count(*) FROM public.sales_data) > 0",
    "pg_terminate_backend(1)",
    "set_config('a', 'b', false) = 'b'",
    "timezone = current_user",
    "timezone = session_user",
    "user_is_member_of(current_user, 'x')",
    "timezone = 'a\\' OR 1 = 1 --'",
    "timezone = $$a$$",
    "timezone = :first_day",
    "timezone = E'\\x41'",
    "timezone = 'a' UNION SELECT 1",
    "CASE WHEN timezone = 'a' THEN true ELSE (SELECT true) END",
    "\N{FULLWIDTH LATIN SMALL LETTER A} = 'a'",
    "timezone\N{NO-BREAK SPACE}= 'a'",
    "timezone = 'a' OR",
    "(timezone = 'a'",
    "timezone = 'a')",
    "",
]


@pytest.mark.parametrize("condition", ATTACKS)
def test_a_condition_that_could_be_more_is_not_run(condition):
    found = asked(condition)
    assert found.query.sql == "SELECT SUM(row_count) AS whole\nFROM rowlight.rows_of_sales_data"
    assert set(found.missing) == {frozenset({"mine"})}


@settings(max_examples=150, deadline=None)
@given(st.text("'\"();-/*\\:$ \n=aOR1,", max_size=40), st.sampled_from(["timezone = 'a'", "country", ""]))
def test_whatever_was_written_the_statement_stays_one_query_of_the_view(noise, before):
    sql = asked(f"{before}{noise}").query.sql
    assert read_only(sql).sql == sql
    assert sql.startswith("SELECT SUM(row_count) AS whole")
    assert sql.endswith("\nFROM rowlight.rows_of_sales_data")
    assert sql.count("FROM") == 1


def test_a_policy_that_is_not_run_leaves_the_others_their_counts():
    found = made_up("timezone = 'a'")
    other = Grantee("role", "AWSIDC:other")
    found = replace(
        found,
        attached=(*found.attached, Attached(SALES, other, "odd", holds=True, by="admin")),
        select=found.select | {(SALES, other)},
        usage=found.usage | {("public", other)},
        policies={**found.policies, "odd": Policy("odd", "timezone::into = 'a'", "somebody", None)},
    )
    both = [seen.sees(found, seen.Somebody(each), SALES) for each in (ROLE, other)]
    made = counting.counting(found, SALES, both)
    assert made.places == {frozenset({"mine"}): 1}
    assert list(made.missing) == [frozenset({"odd"})]


def test_a_name_of_the_row_is_the_views():
    sql = asked("((rls_table.timezone)::text ~~ 'America%'::text)").query.sql
    assert sql.endswith("FROM rowlight.rows_of_sales_data AS rls_table")


def test_a_row_with_two_names_is_not_counted():
    missing = asked("a.timezone = 'x' OR b.country = 'y'").missing
    assert missing[frozenset({"mine"})] == "The policy mine names its row in more than one way."


@pytest.mark.parametrize(("space", "roles"), [("IAMR", ("amer-sales",)), ("AWSIDC", ())])
def test_by_session_tags_a_persons_roles_are_called_as_their_groups(space, roles):
    user, groups = f"{space}:frank@example.com", {"frank@example.com": ("amer-sales", "gone")}
    found = Catalogue(me=f"{space}:ada@example.com", roles=("amer-sales",), users={user: False})
    assert seen.person(found, user, groups).roles == roles
