"""Row-level security: policies, whom they are attached to, and the relations under them."""

from dataclasses import replace

from infra.local.warehouse.access import rows
from infra.local.warehouse.admin.lookups import lookups_of_policies
from infra.local.warehouse.admin.statements import (
    AlterPolicy,
    AlterRowLevelSecurity,
    ChangeAttachment,
    CreatePolicy,
    DropPolicy,
)
from infra.local.warehouse.admin.work import Changed, Work, duplicate
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedColumn, UndefinedObject
from infra.local.warehouse.objects import RLS_POLICY, Attachment, Grant, Grantee, Policy, Table, TableKey


def create(at: Work, statement: CreatePolicy, catalog: Catalog) -> Changed:
    """CREATE RLS POLICY: a condition that can be computed, with SELECT on its lookup tables."""
    if statement.name in catalog.policies:
        if statement.if_not_exists:
            return catalog, 0
        raise duplicate("RLS policy", statement.name, "42710")
    policy = Policy(statement.name, statement.columns, statement.alias, statement.predicate, at.stamp)
    return _with(at, policy, catalog), 0


def alter(at: Work, statement: AlterPolicy, catalog: Catalog) -> Changed:
    """ALTER RLS POLICY: another condition, at once for everybody whom the policy bounds."""
    present = catalog.policy(statement.name)
    policy = replace(present, predicate=statement.predicate, changed=at.stamp)
    return _with(at, policy, catalog), 0


def _with(at: Work, policy: Policy, catalog: Catalog) -> Catalog:
    """The catalogue with the policy, which may read its lookup tables; SqlError if it cannot be computed."""
    whom = Grantee(RLS_POLICY, policy.name)
    read = rows.check_policy(at.compiler, policy)
    if any(attachment.table in read for attachment in catalog.attachments):
        raise _unfit("a relation with policies cannot be a lookup table")
    granted = frozenset(Grant(whom, "SELECT", *key) for key in read)
    return catalog.with_one("policies", policy.name, policy).changed(grants=catalog.grants | granted)


def _unfit(why: str) -> SqlError:
    """Something that Redshift's own documentation says it does not do."""
    return SqlError(why, "0A000")


def drop(_: Work, statement: DropPolicy, catalog: Catalog) -> Changed:
    """DROP RLS POLICY: with CASCADE also one that is attached."""
    if statement.name not in catalog.policies and statement.if_exists:
        return catalog, 0
    policy = catalog.policy(statement.name)
    attached = any(attachment.policy == policy.name for attachment in catalog.attachments)
    if attached and not statement.cascade:
        raise SqlError(f'cannot drop RLS policy "{policy.name}" because it is attached; use CASCADE', "2BP01")
    return catalog.without_policy(policy.name), 0


def change_attachment(at: Work, statement: ChangeAttachment, catalog: Catalog) -> Changed:
    """ATTACH and DETACH RLS POLICY."""
    policy = catalog.policy(statement.policy)
    at.require_grantees(catalog, *statement.grantees)
    tables = [catalog.table(key) for key in statement.tables]
    pairs = [(table.key, grantee) for table in tables for grantee in statement.grantees]
    present = {(a.table, a.grantee): a for a in catalog.attachments if a.policy == policy.name}
    if not statement.attach:
        if not present.keys() >= set(pairs):
            raise UndefinedObject(f'RLS policy "{policy.name}" is not attached', "42704")
        gone = frozenset(present[pair] for pair in pairs)
        return catalog.changed(attachments=catalog.attachments - gone), 0
    for table in tables:
        _check_target(catalog, table)
        _check_fit(policy, table)
        _check_alias(catalog, policy, table.key)
    if present.keys() & set(pairs):
        raise SqlError(f'RLS policy "{policy.name}" is already attached', "42710")
    named = frozenset(Attachment(policy.name, key, grantee, at.user) for key, grantee in pairs)
    return catalog.changed(attachments=catalog.attachments | named), 0


def _check_target(catalog: Catalog, table: Table) -> None:
    """Raises SqlError unless the relation's rows can be bounded by policies."""
    name = table.key.name
    if table.view is not None and not table.view.bound:
        raise NotSupported("row-level security on a late-binding view")
    if table.key.schema == catalog.temporary:
        raise _unfit(f'RLS policies cannot be attached to temporary table "{name}"')
    if table.key in lookups_of_policies(catalog):
        raise _unfit(f'relation "{name}" is a lookup table of a policy')
    if any(above.materialized for above in catalog.dependents(table.key)):
        raise _unfit(f'relation "{name}" is the base table of a materialized view')


def _check_fit(policy: Policy, table: Table) -> None:
    for column in policy.columns:
        found = table.column(column.name)
        if found is None:
            raise UndefinedColumn(f'column "{column.name}" of relation "{table.key.name}" does not exist')
        if found.type.duckdb != column.type.duckdb:
            raise SqlError(
                f'RLS policy "{policy.name}" has type {column.type} for column "{column.name}",'
                f" the relation has {found.type}",
                "42804",
            )


def _check_alias(catalog: Catalog, policy: Policy, key: TableKey) -> None:
    """Every policy on a relation was created with the same alias."""
    others = (catalog.policies[a.policy] for a in catalog.attachments if a.table == key)
    if any(other.alias != policy.alias for other in others):
        raise _unfit(f'policies on relation "{key.name}" must have the same table alias')


def alter_security(_: Work, statement: AlterRowLevelSecurity, catalog: Catalog) -> Changed:
    """ROW LEVEL SECURITY ON and OFF: on, and no policy for somebody, is no row for them."""
    table = catalog.table(statement.key)
    if statement.on:
        _check_target(catalog, table)
    conjunction = statement.conjunction or ("AND" if statement.on else table.conjunction)
    return catalog.with_table(replace(table, rls=statement.on, conjunction=conjunction)), 0
