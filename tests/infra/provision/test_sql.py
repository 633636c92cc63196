"""infra/sql is filled in for the specification, run as far as it is needed, recorded, and taken back."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.sample import to_parquet
from infra.local.warehouse import DbUser, Redshift, SqlError
from infra.provision.errors import ProvisioningError, SpecError
from infra.provision.specification.access import SALES, Column, Group, RowPolicy, Table, condition_fault
from infra.provision.specification.spec import Spec
from infra.provision.sql import script, statements, warehouse
from infra.provision.sql.admin import Admin, NotRun
from infra.provision.sql.conditions import alike
from infra.provision.sql.record import Made
from infra.provision.sql.script import Step
from tests.app.views import people
from tests.infra.provision.test_policies import spec

ADMIN = people.ADMIN
AS_BEFORE = Path(__file__).parent / "default.sql"
AMER = "AWSIDC:amer-sales"
RETURNS = Table(
    name="shop.returns",
    columns=(Column(name="order", type="INT"), Column(name="country", type="VARCHAR(10)")),
    copy_from="s3://returns/all/",
    copy_format="CSV",
)
PERU = RowPolicy(
    name="peru",
    columns=(Column(name="country", type="VARCHAR(10)"),),
    using="country = 'PE'",
    tables=("shop.returns",),
)


def wider() -> Spec:
    """With a second table, in a schema of its own, for a group of its own."""
    lima = Group(name="lima", tables=("shop.returns",), policies=("peru",))
    base = spec()
    return replace(
        base,
        tables=(*base.tables, RETURNS),
        policies=(*base.policies, PERU),
        groups=(*base.groups, lima),
    )


def small() -> Spec:
    """The same with fewer groups, for what is done again and again."""
    groups = wider().groups
    return replace(wider(), groups=(groups[0], groups[-1]))


# Reading


def test_statements_end_at_semicolons_outside_of_text() -> None:
    text = """
        -- a comment; with a semicolon
        SELECT ';', "a;b"; -- and one behind
        SELECT 1 - 2;
    """
    assert [step.sql for step in script.read(text, {})] == ["""SELECT ';', "a;b\"""", "SELECT 1 - 2"]


def test_a_statement_says_when_it_is_not_needed() -> None:
    text = """
        -- Why this is so.
        -- unless: SELECT 1 FROM a
        --   WHERE b = '{name}'
        CREATE ROLE "{name}";
        SELECT 2;
    """
    assert script.read(text, {"name": "x"}) == (
        Step('CREATE ROLE "x"', "SELECT 1 FROM a WHERE b = 'x'"),
        Step("SELECT 2"),
    )


def test_a_statement_is_repeated_for_each() -> None:
    text = """
        -- for each thing:
        -- makes: role | {role} | |
        CREATE ROLE "{role}";
        -- for each other thing:
        DROP ROLE "{role}";
    """
    sets = {"thing": [{"role": "a"}, {"role": "b"}], "other thing": []}
    steps = script.read(text, {}, sets)
    assert [step.sql for step in steps] == ['CREATE ROLE "a"', 'CREATE ROLE "b"']
    assert [step.made for step in steps] == [Made("role", "a"), Made("role", "b")]
    assert steps[0].unless == "SELECT 1 FROM svv_roles WHERE role_name = 'a'"


@pytest.mark.parametrize("text", ["SELECT 1; SELECT 2", "-- for each unknown thing:\nSELECT 1;"])
def test_a_fault_in_a_file_is_told(text: str) -> None:
    with pytest.raises((ValueError, KeyError), match=r"SELECT 2|unknown thing"):
        script.read(text, {})


@given(st.text(alphabet="a';\"-{}\n/*\\ "))
def test_whatever_a_value_is_a_text_stays_one_statement(value: str) -> None:
    (step, after) = script.read("SELECT '{value}', \"{value}\"; SELECT 2;", {"value": value})
    doubled = value.replace("'", "''"), value.replace('"', '""')
    assert step.sql == f"SELECT '{doubled[0]}', \"{doubled[1]}\""
    assert after.sql == "SELECT 2"


@pytest.mark.parametrize("value", ["1; DROP TABLE x", "1 -- and no more"])
def test_a_value_brings_no_statement_along(value: str) -> None:
    with pytest.raises(ValueError, match="more than one statement"):
        script.read("SELECT {value};", {"value": value})


# Filled in


def test_the_defaults_are_the_statements_of_before() -> None:
    """As the articles' steps have them, and since then: a file that nothing writes."""
    assert ";\n".join(step.sql for step in statements.steps(spec())) + ";\n" == AS_BEFORE.read_text()


def test_every_file_is_filled_in() -> None:
    steps = statements.steps(wider())
    assert len({step.script for step in steps}) == 8
    assert not any(re.search(r"\{\w+\}", f"{step.sql}{step.unless}{step.means}{step.made}") for step in steps)
    sqls = {step.sql for step in steps}
    assert "CREATE SCHEMA IF NOT EXISTS shop" in sqls
    assert 'CREATE TABLE IF NOT EXISTS shop.returns (\n    "order" INT,\n    country VARCHAR(10)\n)' in sqls
    assert 'GRANT USAGE ON SCHEMA shop TO ROLE "AWSIDC:lima"' in sqls
    assert 'ATTACH RLS POLICY peru ON shop.returns TO ROLE "AWSIDC:lima"' in sqls
    copy = next(each for each in sqls if each.startswith("COPY shop"))
    assert copy.startswith("COPY shop.returns\nFROM 's3://returns/all/'\nIAM_ROLE default\nFORMAT AS CSV")


def test_a_table_that_is_there_is_neither_made_nor_loaded() -> None:
    there = replace(spec(data_bucket=""), tables=(Table(name=SALES, create=False),))
    sqls = [step.sql for step in statements.steps(there)]
    assert not any(each.startswith(("COPY", f"CREATE TABLE IF NOT EXISTS {SALES}")) for each in sqls)
    assert f"ALTER TABLE {SALES} ROW LEVEL SECURITY ON CONJUNCTION TYPE OR" in sqls
    assert not there.readable


def test_a_warehouse_that_is_there_keeps_its_default_role() -> None:
    copies = [each.sql for each in statements.steps(spec(create_warehouse=False)) if "COPY" in each.sql]
    assert "IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftDataLoadRole'" in copies[0]


def test_roles_have_no_namespace_where_session_tags_divide_them_by_a_colon() -> None:
    tagged = spec(propagation="session_tags", instance_arn="", identity_store_id="")
    assert 'CREATE ROLE "amer-sales"' in {step.sql for step in statements.steps(tagged)}


def test_what_cannot_be_repeated_has_a_guard() -> None:
    """Redshift has no IF NOT EXISTS for most of these, and COPY appends."""
    assert all(step.unless for step in statements.steps(wider()))


def test_rows_are_filtered_before_anybody_may_read() -> None:
    steps = [step.sql for step in statements.steps(wider())]
    granted_on = {match[1] for step in steps if (match := re.match(r"GRANT [A-Z, ]+ ON (\w+\.\w+) ", step))}
    assert granted_on == {
        *("public.sales_data", "shop.returns", "rowlight.saved_views", "rowlight.alerts"),
        "rowlight.rows_of_sales_data",  # counts alone
    }
    for table in granted_on - {"rowlight.rows_of_sales_data"}:
        on = next(i for i, step in enumerate(steps) if f"{table} ROW LEVEL SECURITY ON" in step)
        granted = [i for i, step in enumerate(steps) if step.startswith("GRANT") and f" ON {table} " in step]
        assert min(granted) > on


# What a specification may not say


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "  ",
        "true); DROP TABLE public.sales_data; --",
        "true) OR (true",
        "true /* and",
        "true -- and",
        "country = 'PE",
        'country = "PE',
        "country = 'a\\' OR true --'",
        "(country = 'PE'",
        "country = 'PE')",
        "country IN ('PE', 'BR'])",
        "true, false",
        "country = $$PE$$",
        "true; true",
    ],
)
def test_a_condition_that_is_not_one_expression_is_refused(condition: str) -> None:
    with pytest.raises(SpecError, match=r"^policies 'peru' has a condition"):
        replace(wider(), policies=(*spec().policies, replace(PERU, using=condition)))


@given(st.text(alphabet="a'\"();,-/*[] $\\\n", max_size=12))
def test_a_condition_that_is_let_in_stays_within_its_brackets(condition: str) -> None:
    if condition_fault(condition):
        return
    (step,) = script.read("ALTER RLS POLICY p USING ({condition});", {"condition": condition})
    depth = 0
    bare = re.sub(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""", "", step.sql.partition(" USING ")[2])
    for place, letter in enumerate(bare):
        depth += (letter == "(") - (letter == ")")
        assert (depth == 0) == (place == len(bare) - 1)


def group(**changes: Any) -> tuple[Group, ...]:
    return (*spec().groups, Group(**{"name": "lima", **changes}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tables": (Table(name="public.returns", columns=RETURNS.columns),)}, "lack public.sales_data"),
        ({"tables": (*spec().tables, Table(name="shop.returns"))}, "has no columns"),
        ({"tables": (*spec().tables, replace(RETURNS, name="rowlight.returns"))}, "the schema rowlight"),
        ({"tables": (*spec().tables, replace(RETURNS, name='x.y"; DROP'))}, "it must be schema.table"),
        ({"tables": (*spec().tables, replace(RETURNS, copy_from="s3://x' CREDENTIALS"))}, "copy_from"),
        ({"tables": (*spec().tables, replace(RETURNS, create=False))}, "there already"),
        ({"tables": (*spec().tables, *spec().tables)}, "stands there twice"),
        (
            {"tables": (*spec().tables, replace(RETURNS, columns=(Column(name="a", type="INT); DROP"),)))},
            "has the type",
        ),
        ({"policies": (*spec().policies, PERU)}, "names the table 'shop.returns'"),
        ({"policies": (*spec().policies, replace(PERU, name="rowlight_own_rows"))}, "the app's own"),
        ({"policies": (*spec().policies, replace(PERU, name="a b"))}, "has the name 'a b'"),
        ({"groups": group(policies=("nowhere",))}, "names the policy 'nowhere'"),
        ({"groups": group(tables=("shop.returns",), all_rows=True)}, "names the table 'shop.returns'"),
        ({"groups": group()}, "would see no row of public.sales_data"),
        ({"groups": group(policies=("amer_region_filter",), all_rows=True)}, "one of both"),
        ({"groups": group(name='a"b', all_rows=True)}, "letters, digits, spaces"),
    ],
)
def test_what_could_be_misread_or_has_no_effect_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError, match=re.escape(told)):
        replace(spec(), **changes)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SpecError) as raised:
        spec(region="x", client_id="*", groups=group())
    assert [fault.partition(" ")[0] for fault in raised.value.faults] == ["region", "client_id", "groups"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("timezone LIKE 'America%'", "rls_table.timezone LIKE 'America%'", True),
        ("timezone LIKE 'America%'", '(("rls_table"."timezone")::text ~~ \'America%\'::text)', True),
        ("timezone LIKE 'America%'", "timezone LIKE '%'", False),
        ("owner = current_user", '"rls_table"."owner" = CAST(CURRENT_USER AS VARCHAR)', True),
        ("owner = current_user", "owner = 'current_user'", False),
        ("NOT (a = 1 OR b = 2)", "a <> 1 AND b <> 2", True),
        ("CASE WHEN a THEN b END", "case  when A then b end", True),
        ("CASE WHEN a THEN b END", "CASE WHEN a THEN c END", False),
    ],
)
def test_conditions_are_compared_by_what_they_mean(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert alike(one, other) is same


# Run


class Client:
    """A Data API over a warehouse, where a batch is one transaction; it dies after so many."""

    def __init__(self, warehouse: Redshift) -> None:
        self.warehouse = warehouse
        self.parameters: list[dict[str, Any]] = []
        self.changed: list[str] = []
        self.results: list[Any] = []
        self.error = ""
        self.lives = 1_000

    def batch_execute_statement(self, *, Sqls: list[str], **parameters: Any) -> dict[str, str]:  # noqa: N803
        assert len(Sqls) <= 40
        self.parameters.append(parameters)
        changes = [each for each in Sqls if not each.startswith("SELECT")]
        if changes:
            self.lives -= 1
            if self.lives < 0:
                raise ConnectionError
        try:
            self.results, self.error = self.warehouse.execute_batch(Sqls, user=ADMIN), ""
        except SqlError as error:
            self.error = str(error)
        else:
            self.changed += changes
        return {"Id": "0"}

    def describe_statement(self, **_: Any) -> dict[str, Any]:
        if self.error:
            return {"Status": "FAILED", "Error": f"ERROR: {self.error}", "Id": "0"}
        parts = [
            {"Id": str(place), "ResultRows": result.table.num_rows if result.table else 0}
            for place, result in enumerate(self.results)
        ]
        return {"Status": "FINISHED", "SubStatements": parts, "Id": "0"}

    def get_paginator(self, _: str) -> "Client":
        return self

    def paginate(self, *, Id: str) -> list[dict[str, Any]]:  # noqa: N803
        rows = self.results[int(Id)].table.to_pylist()
        cells = [[{"stringValue": str(value)} for value in row.values()] for row in rows]
        return [{"Records": cells}]


SOLD = to_parquet(people.sample(50))
RETURNED = b"order,country\n1,PE\n2,BR\n3,PE\n"


def read_object(bucket: str, *_: Any) -> list[tuple[str, bytes]]:
    return [("returned.csv", RETURNED)] if bucket == "returns" else [("part-0.parquet", SOLD)]


@pytest.fixture
def client() -> Client:
    """Of a warehouse with nothing in it."""
    return Client(Redshift(read_object=read_object))


def admin(client: Client, of: Spec | None = None) -> Admin:
    return Admin(client, of or spec(), secret_arn="arn:secret")  # type: ignore[arg-type]


def applied(client: Client, of: Spec) -> list[str]:
    """What was changed, and what stays against the specification's will."""
    changes: list[str] = []
    left = warehouse.apply(admin(client, of), of, changes.append)
    return [*changes, *left]


def actions(client: Client, of: Spec) -> list[tuple[str, str]]:
    return [(change.action, change.title) for change in warehouse.plan(admin(client, of), of)]


def run(client: Client, *statements: str) -> None:
    for statement in statements:
        client.warehouse.execute(statement, user=ADMIN)


def seen(client: Client, group: str, table: str) -> int | str:
    """How many rows somebody of the group sees."""
    user = DbUser("AWSIDC:somebody@example.com", frozenset({group}))
    try:
        found = client.warehouse.execute(f"SELECT count(*) FROM {table}", user=user).table
    except SqlError as error:
        return str(error)
    return int(found.column(0)[0].as_py())


_STATE = {
    "policies": "SELECT polname, polqual FROM svv_rls_policy",
    "attachments": "SELECT relschema, relname, polname, grantee FROM svv_rls_attached_policy",
    "security": "SELECT relschema, relname, rls_conjunction_type FROM svv_rls_relation",
    "roles": "SELECT role_name FROM svv_roles",
    "grants": "SELECT relation_name, privilege_type, identity_name FROM svv_relation_privileges",
    "usage": "SELECT namespace_name, privilege_type, identity_name FROM svv_schema_privileges",
    "rights": "SELECT system_privilege, identity_name FROM svv_system_privileges",
    "tables": "SELECT table_schema, table_name FROM svv_tables WHERE table_schema NOT LIKE 'pg%'",
    "schemas": "SELECT schema_name FROM svv_redshift_schemas",
}


def state(client: Client) -> dict[str, list[tuple[Any, ...]]]:
    """All that the catalogue says of the warehouse."""
    found = {}
    for name, query in _STATE.items():
        table = client.warehouse.execute(query, user=ADMIN).table
        found[name] = sorted(tuple(row.values()) for row in table.to_pylist())
    return found


def test_an_empty_warehouse_becomes_what_is_specified(client: Client) -> None:
    planned = actions(client, wider())
    assert {action for action, _ in planned} == {"create"}
    assert not client.changed, "a plan changes nothing"
    assert applied(client, wider()) == [title for _, title in planned]
    assert seen(client, "lima", "shop.returns") == 2
    assert "permission denied" in str(seen(client, "lima", SALES))
    assert actions(client, wider()) == []
    before = client.changed
    assert applied(client, wider()) == []
    assert client.changed == before


def test_it_runs_as_the_admin_by_secret(client: Client) -> None:
    admin(client).run(["SELECT 1"])
    assert client.parameters[-1]["SecretArn"] == "arn:secret"
    assert client.parameters[-1]["WorkgroupName"] == "redshift-tip-enabled"
    assert "DbUser" not in client.parameters[-1]
    admin(client, spec(cluster="sales")).run(["SELECT 1"])
    assert client.parameters[-1]["ClusterIdentifier"] == "sales"
    assert "WorkgroupName" not in client.parameters[-1]


def test_a_failed_statement_is_told_in_redshifts_words(client: Client) -> None:
    with pytest.raises(NotRun, match='relation "nowhere" does not exist'):
        admin(client).run(["SELECT 1 FROM nowhere"])
    with pytest.raises(NotRun, match="syntax"):
        admin(client).counts(["SELECT FROM WHERE"])
    assert admin(client).counts(["SELECT 1 FROM nowhere"]) == {"SELECT 1 FROM nowhere": 0}


DRIFTS = {
    f'REVOKE SELECT ON {SALES} FROM ROLE "{AMER}"': ("create", f'GRANT SELECT ON {SALES} TO ROLE "{AMER}"'),
    f'REVOKE USAGE ON SCHEMA public FROM ROLE "{AMER}"': (
        "create",
        f'GRANT USAGE ON SCHEMA public TO ROLE "{AMER}"',
    ),
    f'REVOKE DELETE ON rowlight.alerts FROM ROLE "{AMER}"': (
        "create",
        f'GRANT SELECT, INSERT, DELETE ON rowlight.alerts TO ROLE "{AMER}"',
    ),
    'REVOKE IGNORE RLS FROM ROLE "AWSIDC:exec-global"': (
        "create",
        'GRANT IGNORE RLS TO ROLE "AWSIDC:exec-global"',
    ),
    f'DETACH RLS POLICY amer_region_filter ON {SALES} FROM ROLE "{AMER}"': (
        "create",
        f'ATTACH RLS POLICY amer_region_filter ON {SALES} TO ROLE "{AMER}"',
    ),
    "ALTER RLS POLICY amer_region_filter USING (timezone LIKE '%')": (
        "change",
        "ALTER RLS POLICY amer_region_filter USING (timezone LIKE 'America%')",
    ),
    f"ALTER TABLE {SALES} ROW LEVEL SECURITY OFF": (
        "create",
        f"ALTER TABLE {SALES} ROW LEVEL SECURITY ON CONJUNCTION TYPE OR",
    ),
    f"ALTER TABLE {SALES} ROW LEVEL SECURITY ON CONJUNCTION TYPE AND": (
        "change",
        f"ALTER TABLE {SALES} ROW LEVEL SECURITY ON CONJUNCTION TYPE OR",
    ),
    "DROP VIEW rowlight.rows_of_sales_data": (
        "create",
        "CREATE OR REPLACE VIEW rowlight.rows_of_sales_data AS",
    ),
}


@pytest.fixture(scope="module")
def provisioned() -> Client:
    """Of a warehouse as the defaults make it; whoever changes it mends it."""
    client = Client(Redshift(read_object=read_object))
    applied(client, spec())
    return client


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_was_changed_by_hand_is_seen_and_mended(provisioned: Client, drift: str) -> None:
    before = state(provisioned)
    run(provisioned, drift)
    assert DRIFTS[drift] in actions(provisioned, spec())
    applied(provisioned, spec())
    assert state(provisioned) == before
    assert actions(provisioned, spec()) == []


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (
            f'ATTACH RLS POLICY eu_region_filter ON {SALES} TO ROLE "{AMER}"',
            f'DETACH RLS POLICY eu_region_filter ON {SALES} FROM ROLE "{AMER}"',
        ),
        (f'GRANT IGNORE RLS TO ROLE "{AMER}"', f'REVOKE IGNORE RLS FROM ROLE "{AMER}"'),
        (
            f'GRANT SELECT ON {SALES} TO ROLE "AWSIDC:analytics-admins"',
            f'REVOKE SELECT ON {SALES} FROM ROLE "AWSIDC:analytics-admins"',
        ),
    ],
)
def test_what_lets_a_group_see_more_and_was_given_by_hand_is_seen_and_taken(
    provisioned: Client, given: str, taken: str
) -> None:
    before = state(provisioned)
    run(provisioned, given)
    (change,) = warehouse.plan(admin(provisioned), spec())
    assert (change.action, change.sql) == ("remove", taken)
    assert "given by hand" in change.remark
    assert applied(provisioned, spec()) == [taken]
    assert state(provisioned) == before


def test_what_was_attached_by_hand_does_not_keep_policies_from_joining_by_or(provisioned: Client) -> None:
    before = state(provisioned)
    run(
        provisioned,
        f'ATTACH RLS POLICY eu_region_filter ON {SALES} TO ROLE "{AMER}"',
        f"ALTER TABLE {SALES} ROW LEVEL SECURITY ON CONJUNCTION TYPE AND",
    )
    assert applied(provisioned, spec()) == [
        f'DETACH RLS POLICY eu_region_filter ON {SALES} FROM ROLE "{AMER}"',
        f"ALTER TABLE {SALES} ROW LEVEL SECURITY ON CONJUNCTION TYPE OR",
    ]
    assert state(provisioned) == before


def test_roles_of_others_and_tables_of_others_are_their_affair(client: Client) -> None:
    run(
        client,
        f'CREATE ROLE "{AMER}"',  # there before
        f'GRANT IGNORE RLS TO ROLE "{AMER}"',
        "CREATE TABLE public.stores (id INT)",
    )
    applied(client, spec())
    run(client, 'GRANT SELECT ON public.stores TO ROLE "AWSIDC:emea-sales"')
    assert actions(client, spec()) == []


def test_a_group_that_is_taken_out_loses_all_that_it_was_given(client: Client) -> None:
    applied(client, wider())
    before = state(client)
    without = replace(wider(), groups=spec().groups, policies=spec().policies)
    planned = actions(client, without)
    assert {action for action, _ in planned} == {"remove"}
    assert 'DETACH RLS POLICY peru ON shop.returns FROM ROLE "AWSIDC:lima"' in {title for _, title in planned}
    assert applied(client, without) == [title for _, title in planned]
    assert "permission denied" in str(seen(client, "lima", "shop.returns"))
    assert actions(client, without) == []
    assert "shop.returns" in {f"{schema}.{name}" for schema, name in state(client)["tables"]}, "its rows stay"
    applied(client, wider())
    assert state(client) == before


def test_a_group_that_is_no_longer_to_see_all_is_filtered_from_then_on(client: Client) -> None:
    applied(client, spec())
    assert seen(client, "exec-global", SALES) == 50
    groups = tuple(
        replace(each, all_rows=False, policies=("apac_region_filter",)) if each.all_rows else each
        for each in spec().groups
    )
    applied(client, replace(spec(), groups=groups))
    assert seen(client, "exec-global", SALES) == seen(client, "apac-sales", SALES) < 50


def test_all_of_ours_is_taken_back_and_nothing_else(client: Client) -> None:
    run(
        client,
        "CREATE TABLE public.stores (id INT)",
        "CREATE ROLE clerks",
        "GRANT SELECT ON public.stores TO ROLE clerks",
        "CREATE RLS POLICY some_stores WITH (id INT) USING (id > 3)",
        "ATTACH RLS POLICY some_stores ON public.stores TO ROLE clerks",
        "ALTER TABLE public.stores ROW LEVEL SECURITY ON",
        f'CREATE ROLE "{AMER}"',  # there before, and only used
    )
    before = state(client)
    applied(client, wider())
    left = warehouse.undo(admin(client), warehouse.remaining(admin(client)), lambda _: None)
    assert left == ()
    assert state(client) == before
    assert warehouse.remaining(admin(client)) == ()


def test_an_existing_table_is_governed_and_given_back_as_it_was(client: Client) -> None:
    applied(client, spec())
    run(client, "DROP TABLE rowlight.provisioned")  # all of it becomes a company's own
    made, there = wider(), replace(RETURNS, create=False, columns=(), copy_from="")
    of = replace(made, tables=(replace(made.tables[0], create=False), there))
    with pytest.raises(ProvisioningError, match=r"no table shop\.returns"):
        warehouse.plan(admin(client), of)
    run(client, "CREATE SCHEMA shop", "CREATE TABLE shop.returns (country VARCHAR(10))")
    run(client, "INSERT INTO shop.returns VALUES ('PE'), ('BR')")
    before = state(client)
    (turned,) = [change for change in warehouse.plan(admin(client), of) if change.remark]
    assert turned.sql == "ALTER TABLE shop.returns ROW LEVEL SECURITY ON CONJUNCTION TYPE OR"
    assert "whoever reads shop.returns without one of these policies" in turned.remark
    applied(client, of)
    assert seen(client, "lima", "shop.returns") == 1
    assert warehouse.undo(admin(client), warehouse.remaining(admin(client)), lambda _: None) == ()
    assert state(client) == before


def test_the_security_that_others_policies_need_by_now_stays(client: Client) -> None:
    run(client, "CREATE SCHEMA shop", "CREATE TABLE shop.returns (country VARCHAR(10))")
    there = replace(RETURNS, create=False, columns=(), copy_from="")
    of = replace(wider(), tables=(*spec().tables, there))
    applied(client, of)
    run(
        client,
        "CREATE ROLE clerks",
        "CREATE RLS POLICY brazil WITH (country VARCHAR(10)) USING (country = 'BR')",
        "ATTACH RLS POLICY brazil ON shop.returns TO ROLE clerks",
    )
    assert warehouse.undo(admin(client), warehouse.remaining(admin(client)), lambda _: None) == ()
    assert state(client)["security"] == [("shop", "returns", "or")]


def test_what_others_made_use_of_stays_and_is_told(client: Client) -> None:
    applied(client, spec())
    run(client, "CREATE ROLE chief", f'GRANT ROLE "{AMER}" TO ROLE chief')
    (left,) = warehouse.undo(admin(client), warehouse.remaining(admin(client)), lambda _: None)
    assert left.startswith(f'DROP ROLE "{AMER}": it stays, for Redshift says')
    assert warehouse.remaining(admin(client))[1].title == f'DROP ROLE "{AMER}"'
    run(client, f'REVOKE ROLE "{AMER}" FROM ROLE chief')
    assert warehouse.undo(admin(client), warehouse.remaining(admin(client)), lambda _: None) == ()
    assert warehouse.remaining(admin(client)) == ()


def test_others_policies_are_not_changed(client: Client) -> None:
    run(client, "CREATE RLS POLICY amer_region_filter WITH (timezone VARCHAR(50)) USING (timezone = 'UTC')")
    with pytest.raises(ProvisioningError, match="amer_region_filter that was not made here"):
        warehouse.plan(admin(client), spec())
    run(client, "ALTER RLS POLICY amer_region_filter USING (timezone LIKE 'America%')")
    applied(client, spec())
    warehouse.undo(admin(client), warehouse.remaining(admin(client)), lambda _: None)
    assert [name for name, _ in state(client)["policies"]] == ["amer_region_filter"]


def test_others_do_not_see_more_rows_for_our_conjunction(client: Client) -> None:
    applied(client, spec())
    run(
        client,
        "CREATE ROLE clerks",
        "CREATE RLS POLICY peru WITH (country VARCHAR(10)) USING (country = 'PE')",
        f"ATTACH RLS POLICY peru ON {SALES} TO ROLE clerks",
        f"ALTER TABLE {SALES} ROW LEVEL SECURITY ON CONJUNCTION TYPE AND",
    )
    with pytest.raises(ProvisioningError, match="the policy peru of role clerks, which was not made here"):
        warehouse.plan(admin(client), spec())


def test_what_the_record_says_becomes_no_statement_of_its_own(client: Client) -> None:
    """Whoever could write there would have the admin run what they write."""
    applied(client, spec())
    for kind, name, relation, grantee in (
        ("role", 'x"; DROP TABLE public.sales_data; --', "", ""),
        ("system grant", "ALL PRIVILEGES", "", "x"),
        ("grant", "SELECT", "public.sales_data; DROP", "x"),
        ("grant", "ALL", "public.sales_data", "x"),
        ("database", "dev", "", ""),
        ("schema", "rowlight", "public.sales_data", ""),
    ):
        values = ", ".join("'" + each.replace("'", "''") + "'" for each in (kind, name, relation, grantee))
        run(client, f"INSERT INTO rowlight.provisioned VALUES ({values}, getdate())")
    known = {step.made for step in statements.steps(spec()) if step.made}
    assert set(warehouse.recorded(admin(client))) == known


def test_killed_after_each_transaction_and_run_again_it_ends_the_same(client: Client) -> None:
    ended = state(uninterrupted())
    while killed(client, lambda: applied(client, small())):
        assert state(client) != ended
    assert state(client) == ended
    assert set(warehouse.recorded(admin(client))) == {
        step.made for step in statements.steps(small()) if step.made
    }


def test_killed_while_it_is_taken_back_it_goes_on(client: Client) -> None:
    before = state(client)
    applied(client, small())
    while killed(
        client, lambda: warehouse.undo(admin(client), warehouse.remaining(admin(client)), lambda _: None)
    ):
        assert state(client) != before
    assert state(client) == before


def uninterrupted() -> Client:
    found = Client(Redshift(read_object=read_object))
    applied(found, small())
    return found


def killed(client: Client, work: Callable[[], object]) -> bool:
    """Whether it was, after the one transaction that it was let to make."""
    client.lives = 1
    try:
        work()
    except ConnectionError:
        return True
    return False
