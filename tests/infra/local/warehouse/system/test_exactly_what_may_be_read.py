"""The catalogue's views list the relations and columns that SELECT may read, no others: found by trying."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.warehouse import DbUser, Redshift, SqlError
from tests.infra.local.warehouse.conftest import ADMIN
from tests.infra.local.warehouse.system.asking import DENIED, ask, values

READER = DbUser("AWSIDC:frank@example.com", frozenset({"analysts"}))
GRANTEES = (f'"{READER.name}"', 'ROLE "AWSIDC:analysts"', "ROLE inner_role", "ROLE far_role", "PUBLIC")
SCHEMAS = ("public", "one", "two")
COLUMNS = ("a", "b", "c")
TABLES = [(schema, f"t{number}") for schema in SCHEMAS for number in range(2)]
VIEWS = [(schema, "v") for schema in SCHEMAS]
PREPARED = (
    'CREATE ROLE "AWSIDC:analysts"',
    "CREATE ROLE inner_role",
    "CREATE ROLE far_role",
    *(f"CREATE SCHEMA {schema}" for schema in SCHEMAS[1:]),
    *(f"CREATE TABLE {s}.{t} (a INT, b VARCHAR(10), c DATE)" for s, t in TABLES),
    *(f"CREATE VIEW {s}.{v} AS SELECT a, b, c FROM {s}.t0" for s, v in VIEWS),
)


@st.composite
def grants(draw):
    """Statements that give rights to the reader, to their roles, to everybody, and to others."""
    found = [
        f"GRANT USAGE ON SCHEMA {schema} TO {draw(st.sampled_from(GRANTEES))}"
        for schema in draw(st.lists(st.sampled_from(SCHEMAS[1:]), unique=True))
    ]
    if draw(st.booleans()):
        found.append("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    if draw(st.booleans()):
        found.append('GRANT ROLE inner_role TO ROLE "AWSIDC:analysts"')
    if draw(st.booleans()):
        found.append(f'ALTER TABLE {draw(st.sampled_from(["public.t1", "one.t1"]))} OWNER TO "{READER.name}"')
    for schema, relation in draw(st.lists(st.sampled_from(TABLES + VIEWS), unique=True)):
        for grantee in draw(st.lists(st.sampled_from(GRANTEES), unique=True, max_size=3)):
            columns = draw(st.lists(st.sampled_from(COLUMNS), unique=True))
            named = f" ({', '.join(columns)})" if columns else ""
            found.append(f"GRANT SELECT{named} ON {schema}.{relation} TO {grantee}")
    return found


def readable(redshift):
    """What SELECT reads, column by column."""
    found = set()
    for schema, relation in TABLES + VIEWS:
        for column in COLUMNS:
            try:
                redshift.execute(f"SELECT {column} FROM {schema}.{relation}", user=READER)
                found.add((schema, relation, column))
            except SqlError as error:
                if error.sqlstate != DENIED:
                    raise
    return found


@pytest.fixture(scope="module")
def prepared():
    redshift = Redshift()
    redshift.execute("SELECT 1", user=READER)
    redshift.execute_batch(PREPARED, user=ADMIN)
    return redshift, redshift._catalog


@settings(max_examples=40, deadline=None)
@given(grants())
def test_what_is_listed_is_what_may_be_read(prepared, statements):
    redshift, redshift._catalog = prepared  # a catalogue never changes: each example begins with the first
    if statements:
        redshift.execute_batch(statements, user=ADMIN)
    columns = readable(redshift)
    relations = {column[:2] for column in columns}
    names = ("table_schema", "table_name", "column_name")
    for view, schema in (("svv_columns", "pg_catalog"), ("columns", "information_schema")):
        assert values(ask(redshift, view, READER, schema=schema), *names) == columns
    for view in ("svv_all_columns", "svv_redshift_columns"):
        assert values(ask(redshift, view, READER), "schema_name", *names[1:]) == columns
    for view, schema in (("svv_tables", "pg_catalog"), ("tables", "information_schema")):
        assert values(ask(redshift, view, READER, schema=schema), *names[:2]) == relations
    for view in ("svv_all_tables", "svv_redshift_tables"):
        assert values(ask(redshift, view, READER), "schema_name", "table_name") == relations
    own = values(ask(redshift, "pg_tables", READER), "schemaname", "tablename")
    assert own | values(ask(redshift, "pg_views", READER), "schemaname", "viewname") == relations
    defined = values(ask(redshift, "pg_table_def", READER), "schemaname", "tablename", "column")
    assert defined == {column for column in columns if column[0] == "public" and column[:2] in own}
    granted = ask(redshift, "column_privileges", READER, schema="information_schema")
    assert values(granted, *names) <= columns
