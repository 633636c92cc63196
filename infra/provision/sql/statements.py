"""infra/sql/, filled in with a specification: every statement that it asks for, in the order of running."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from infra.provision.specification.access import COPY_FORMATS, SALES, Column, Group
from infra.provision.specification.spec import Spec
from infra.provision.sql.record import name_in_sql
from infra.provision.sql.script import Sets, Step, Values, read

FOLDER = Path(__file__).parents[2] / "sql"


def steps(spec: Spec) -> tuple[Step, ...]:
    """The statements of all the files, one after the other."""
    values, sets = values_of(spec), sets_of(spec)
    return tuple(
        replace(step, script=file.stem)
        for file in sorted(FOLDER.glob("*.sql"))
        for step in read(file.read_text("utf-8"), values, sets)
    )


def values_of(spec: Spec) -> Values:
    """What the files' placeholders stand for, whatever the statement is for."""
    role = f"'{spec.role_arn(spec.load_role)}'"
    return {
        "namespace": spec.identity_namespace,
        "database": spec.database,
        # A warehouse that was there before keeps its default role.
        "copy_role": "default" if spec.create_warehouse else role,
    }


def sets_of(spec: Spec) -> Sets:
    """What statements are for each of."""
    return {**_sets_of_tables(spec), **_sets_of_policies(spec), **_sets_of_groups(spec)}


def _sets_of_tables(spec: Spec) -> Sets:
    made = [table for table in spec.tables if table.create]
    return {
        "table": [_named(table.name) for table in spec.tables],
        "schema to be made": [{"schema": name} for name in _schemas(table.name for table in made)],
        "sales table to be made": [{} for table in made if table.name == SALES],
        "other table to be made": [
            {**_named(table.name), "columns": _columns(table.columns, ",\n    ")}
            for table in made
            if table.name != SALES
        ],
        "table to be loaded": [
            {**_named(name), "location": location, "format": COPY_FORMATS[written]}
            for name, (location, written) in spec.loads.items()
        ],
    }


def _sets_of_policies(spec: Spec) -> Sets:
    governed = {policy.name: policy.tables for policy in spec.policies}
    return {
        "policy": [
            {"policy": policy.name, "columns": _columns(policy.columns, ", "), "condition": policy.using}
            for policy in spec.policies
        ],
        "policy of a group": [
            {"policy": name, **_named(table), "role": spec.role_of(group.name)}
            for group in spec.groups
            for name in group.policies
            for table in governed[name]
            if table in group.tables
        ],
    }


def _sets_of_groups(spec: Spec) -> Sets:
    reads = [group for group in spec.groups if group.tables]

    def roles(groups: Iterable[Group]) -> list[Values]:
        return [{"role": spec.role_of(group.name)} for group in groups]

    return {
        "group": roles(spec.groups),
        "group that reads": roles(reads),
        "group that sees all rows": roles([group for group in spec.groups if group.all_rows]),
        "group that administers": roles([group for group in spec.groups if group.administers]),
        "table that a group reads": [
            {**_named(table), "role": spec.role_of(group.name)} for group in reads for table in group.tables
        ],
        "schema that a group reads": [
            {"schema": schema, "role": spec.role_of(group.name)}
            for group in reads
            for schema in dict.fromkeys(table.partition(".")[0] for table in group.tables)
        ],
    }


def _named(table: str) -> dict[str, str]:
    schema, _, relation = table.partition(".")
    return {"table": table, "schema": schema, "relation": relation}


def _schemas(tables: Iterable[str]) -> list[str]:
    """Of the tables, but public, which is always there."""
    return [name for name in dict.fromkeys(each.partition(".")[0] for each in tables) if name != "public"]


def _columns(columns: Sequence[Column], between: str) -> str:
    return between.join(f"{name_in_sql(column.name)} {column.type}" for column in columns)
