"""Policy tests by the warehouse's rules: what the people themselves would find, or that it is not known."""

import pytest

from app.policies.expectations import read_expectations
from app.policies.verdicts import Verdict
from app.views import policy_rules
from app.views.admin import catalogue as catalogues
from tests.app.views.admin.conftest import GROUPS

ADA = "ada@example.com"


def verdicts(product, text, groups=GROUPS) -> list[Verdict]:
    warehouse = product.person(ADA).warehouse

    def ask(query):
        return warehouse.fetch(query, fresh=True).columns

    found = catalogues.read(ask(catalogues.CATALOGUE))
    return policy_rules.verdicts_of(found, groups, read_expectations(text), ask)


def verdict(product, expected, person="frank@example.com", table="public.sales_data") -> tuple[str, str]:
    (found,) = verdicts(product, f"expect: {{{person}: {{{table}: {expected}}}}}")
    return found.outcome, found.words.partition(": ")[2]


WHERES = [
    "timezone LIKE 'America%'",
    "timezone LIKE 'America/New%'",
    "timezone LIKE 'America%' OR timezone LIKE 'Europe%'",
    "country = 'US'",
    "NOT (country = 'US')",
    "timezone LIKE 'Asia%'",
    "timezone IS NULL",
    "category IN ('Cycling', 'Tennis') AND timezone NOT LIKE 'Europe%'",
]


@pytest.mark.parametrize("where", WHERES)
@pytest.mark.parametrize("person", ["frank@example.com", "both@example.com", "head@example.com"])
def test_a_test_holds_where_the_person_sees_exactly_those_rows(provisioned, where, person):
    outcome, _ = verdict(provisioned, f'{{rows: {{where: "{where}"}}}}', person)
    whole = provisioned.rows("ethan@example.com", f"SELECT count(*) FROM public.sales_data WHERE {where}")
    own = provisioned.rows(
        person, f"SELECT count(*), sum(CASE WHEN {where} THEN 1 ELSE 0 END) FROM public.sales_data"
    )
    ((expected,),), ((rows, holding),) = whole, own
    assert (outcome == "holds") == (rows == holding == expected)


def test_a_number_is_compared_with_what_the_person_counts(provisioned):
    rows = provisioned.count("frank@example.com")
    assert verdict(provisioned, f"{{rows: {rows}}}") == ("holds", f"sees {rows:,} rows")
    assert verdict(provisioned, f"{{rows: {rows + 1}}}")[0] == "differs"


def test_a_row_that_differs_is_told(provisioned):
    expected = "{rows: {where: \"timezone LIKE 'America%' AND country <> 'PE'\"}}"
    outcome, words = verdict(provisioned, expected)
    assert outcome == "differs"
    assert words.endswith("beyond them, for example timezone America/Lima, country PE")


def test_whose_groups_are_not_known_is_not_told(provisioned):
    (found,) = verdicts(provisioned, "expect: {frank@example.com: {public.sales_data: denied}}", groups={})
    assert found.outcome == "unknown"


def test_a_table_that_nobody_was_granted_is_not_told(provisioned):
    assert verdict(provisioned, "denied", table="public.nothing")[0] == "unknown"


class TestWhatThePolicyIs:
    """The condition is its author's text: what is not plainly of one row is not run as the administrator."""

    def test_who_asks_is_the_person_and_not_the_administrator(self, provisioned):
        own = '{rows: {where: "owner = current_user"}}'
        another = "{rows: {where: \"owner = 'AWSIDC:ada@example.com'\"}}"
        assert verdict(provisioned, own, table="rowlight.alerts")[0] == "holds"
        assert verdict(provisioned, another, table="rowlight.alerts")[0] == "unknown"

    @pytest.mark.parametrize(
        "condition",
        [
            "timezone IN (SELECT name FROM public.zones)",
            "EXISTS (SELECT 1 FROM public.zones)",
            "CASE WHEN timezone = 'a' THEN TRUE ELSE FALSE END",
        ],
    )
    def test_one_that_looks_further_is_not_run(self, product, condition):
        product.run("CREATE TABLE public.zones (name VARCHAR(50))")
        product.run(f"ALTER RLS POLICY amer_region_filter USING ({condition})")
        outcome, words = verdict(product, "{rows: all}")
        assert outcome == "unknown"
        assert "amer_region_filter" in words

    def test_one_that_was_changed_by_hand_differs(self, product):
        product.run("ALTER RLS POLICY amer_region_filter USING (timezone LIKE 'America%' OR TRUE)")
        outcome, words = verdict(product, "{rows: {where: \"timezone LIKE 'America%'\"}}")
        assert outcome == "differs"
        assert "for example timezone " in words

    def test_one_that_was_taken_away_differs(self, product):
        product.run('DETACH RLS POLICY amer_region_filter ON public.sales_data FROM ROLE "AWSIDC:amer-sales"')
        assert verdict(product, "{rows: none}") == ("holds", "sees no rows")
        assert verdict(product, "{rows: {where: \"timezone LIKE 'America%'\"}}")[0] == "differs"


def test_a_column_that_the_aggregate_has_not_is_not_counted(provisioned):
    outcome, words = verdict(provisioned, '{rows: {where: "sku = 1"}}')
    assert outcome == "unknown"
    assert "sku is not among the columns of rowlight.rows_of_sales_data" in words


def test_columns_are_compared_where_they_are_known(product):
    columns = "{columns: {masked: [sku]}}"
    outcome, words = verdict(product, columns)
    assert (outcome, words) == ("differs", "sku is not masked, which was expected")
    product.run(
        "CREATE MASKING POLICY hidden WITH (sku VARCHAR(50)) USING ('X'::VARCHAR(50))",
        'ATTACH MASKING POLICY hidden ON public.sales_data(sku) TO ROLE "AWSIDC:amer-sales"',
    )
    assert verdict(product, columns)[0] == "holds"


def test_the_first_text_is_what_holds_and_says_it_as_people_do(provisioned):
    warehouse = provisioned.person(ADA).warehouse
    found = catalogues.read(warehouse.fetch(catalogues.CATALOGUE).columns)
    text = policy_rules.example(found, GROUPS)
    assert "    public.sales_data: {rows: {where: \"timezone LIKE 'America%'\"}}" in text
    assert {each.outcome for each in verdicts(provisioned, text)} == {"holds"}
    assert policy_rules.example(found, {}) == policy_rules.EMPTY
    assert [test.person for test in read_expectations(policy_rules.EMPTY).tests] == ["somebody@example.com"]
