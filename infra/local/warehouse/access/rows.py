"""What policies and masks make of a stored table's rows for one person."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from infra.local.warehouse.access.relations import Relations
from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.errors import SqlError
from infra.local.warehouse.objects import (
    MASKING_POLICY,
    RLS_POLICY,
    Grantee,
    Mask,
    MaskingPolicy,
    Policy,
    Table,
    TableKey,
)
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.functions import cast
from infra.local.warehouse.system.history import AppliedPolicy

if TYPE_CHECKING:
    from infra.local.warehouse.access.rewrite import Compiler


def rules(
    compiler: "Compiler", table: Table, relations: Relations
) -> tuple[dict[str, exp.Expr], exp.Expr | None]:
    """What stands for each masked column, and what a row must satisfy; None when every row may be seen."""
    return _masked(compiler, table, relations), _condition(compiler, table, relations)


def _condition(compiler: "Compiler", table: Table, relations: Relations) -> exp.Expr | None:
    policies = compiler.rights.policies(table)
    if policies is None:
        return None
    names: list[str | None] = [policy.name for policy in policies]
    names = names or [None]
    relations.policies.extend(AppliedPolicy(table.key, name) for name in names)
    if not policies:
        return exp.false()
    conditions = [
        _predicate(compiler, policy, relations, compiler.rights_of_policy(Grantee(RLS_POLICY, policy.name)))
        for policy in policies
    ]
    return exp.or_(*conditions) if table.conjunction == "OR" else exp.and_(*conditions)


def _predicate(compiler: "Compiler", policy: Policy, relations: Relations, reader: Rights) -> exp.Expr:
    """The RLS policy's condition over a row, checked and in DuckDB's terms."""
    (found,) = compiler.over_row(
        [policy.predicate], policy.columns, policy.alias, relations=relations, reader=reader
    )
    return exp.Paren(this=found)


def check_policy(compiler: "Compiler", policy: Policy) -> frozenset[TableKey]:
    """The tables that the RLS policy looks up; SqlError unless its condition can be computed."""
    relations = Relations(compiler)
    _predicate(compiler, policy, relations, _whoever_defines(compiler))
    return _lookups(compiler, relations)


def check_masking_policy(compiler: "Compiler", policy: MaskingPolicy) -> list[exp.DataType]:
    """The types of the masking policy's values; SqlError unless they can be computed."""
    relations = Relations(compiler)
    texts, columns = policy.expressions, policy.columns
    values = compiler.over_row(texts, columns, "", relations=relations, reader=_whoever_defines(compiler))
    _lookups(compiler, relations)
    return [kinds.of(value) for value in values]


def _whoever_defines(compiler: "Compiler") -> Rights:
    """Who defines a policy need not have the right to read what it looks up."""
    return replace(compiler.rights, user=replace(compiler.rights.user, superuser=True))


def _lookups(compiler: "Compiler", relations: Relations) -> frozenset[TableKey]:
    catalog = compiler.rights.catalog
    for key in relations.keys:
        table = catalog.tables.get(key)
        if table is None or table.view is not None or table.rls or key.schema == catalog.temporary:
            raise SqlError(f'relation "{key.name}" cannot be looked up by a policy', "0A000")
    return relations.keys


def _masked(compiler: "Compiler", table: Table, relations: Relations) -> dict[str, exp.Expr]:
    shown: dict[str, exp.Expr] = {}
    values: dict[Mask, list[exp.Expr]] = {}  # a policy shows several columns, and is computed once
    for name, mask in compiler.rights.masks(table).items():
        policy = compiler.rights.catalog.masking_policy(mask.policy)
        if mask not in values:
            values[mask] = _values(compiler, policy, relations)
        found = values[mask][mask.outputs.index(name)]
        inputs = dict(zip((c.name for c in policy.columns), mask.inputs, strict=True))
        shown[name] = _stored_as(table, name, _renamed(found, inputs, compiler.row_alias))
    return shown


def _values(compiler: "Compiler", policy: MaskingPolicy, relations: Relations) -> list[exp.Expr]:
    """What the masking policy shows, over a row that has its columns, checked and in DuckDB's terms."""
    reader = compiler.rights_of_policy(Grantee(MASKING_POLICY, policy.name))
    return compiler.over_row(policy.expressions, policy.columns, "", relations=relations, reader=reader)


def _stored_as(table: Table, name: str, value: exp.Expr) -> exp.Expr:
    column = table.column(name)
    return cast(value, column.type.node) if column is not None else value


def _renamed(value: exp.Expr, names: Mapping[str, str], alias: str) -> exp.Expr:
    """The value over the table's own columns in place of the policy's."""
    for column in value.find_all(exp.Column):
        if column.table == alias:
            column.set("this", exp.to_identifier(names[column.name], quoted=True))
    return value
