"""The system views of row-level security and of masking."""

import json
from collections.abc import Iterable, Iterator

from infra.local.warehouse.objects import ColumnDefinition, MaskingPolicy, Table
from infra.local.warehouse.system.conditions import alias_of, condition_of
from infra.local.warehouse.system.relations import declared_type
from infra.local.warehouse.system.view import Moment, Row, SystemView, view
from infra.local.warehouse.system.visibility import sees_masks, sees_policies, sees_system_tables


def _kind(table: Table) -> str:
    if table.view is None:
        return "table"
    if table.view.materialized:
        return "materialized view"
    return "view" if table.view.bound else "late binding view"


def _attributes(columns: Iterable[ColumnDefinition]) -> str:
    return _json([{"colname": column.name, "type": declared_type(column.type)} for column in columns])


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _policies(moment: Moment) -> Iterator[Row]:
    if not sees_policies(moment.rights):
        return
    for name, policy in sorted(moment.catalog.policies.items()):
        alias, attributes, condition = alias_of(policy), _attributes(policy.columns), condition_of(policy)
        changed = policy.changed
        yield moment.database, name, alias, attributes, condition, True, changed.by, changed.at


def _attached(moment: Moment) -> Iterator[Row]:
    for attachment in sorted(moment.catalog.attachments):
        table, grantee = moment.catalog.tables[attachment.table], attachment.grantee
        yield (
            *(*table.key, _kind(table), attachment.policy, attachment.grantor),
            *(str(grantee), grantee.kind, True, table.rls, table.conjunction.lower()),
        )


def _protected(moment: Moment) -> Iterator[Row]:
    if not sees_policies(moment.rights):
        return
    for key, table in sorted(moment.catalog.tables.items()):
        if table.rls:
            yield moment.database, *key, _kind(table), True, False, table.conjunction.lower(), "and"


def _applied(moment: Moment) -> Iterator[Row]:
    for record in moment.history.records():
        statement = record.statement
        for applied in record.policies:
            yield (
                *(statement.user, statement.query_id, statement.transaction_id, statement.session_id),
                *(record.began, applied.command, statement.database, *applied.table),
                *(applied.policy, None if applied.policy else "f"),
            )


def _masking_policies(moment: Moment) -> Iterator[Row]:
    if not sees_masks(moment.rights):
        return
    for name, policy in sorted(moment.catalog.masking_policies.items()):
        inputs, expressions = _attributes(policy.columns), _json(list(_expressions(policy)))
        yield moment.database, name, inputs, expressions, policy.changed.by, policy.changed.at


def _expressions(policy: MaskingPolicy) -> Iterator[dict[str, str]]:
    for expression in policy.expressions:
        yield {"expr": expression}


def _masks(moment: Moment) -> Iterator[Row]:
    if not sees_masks(moment.rights):
        return
    for mask in sorted(moment.catalog.masks):
        table = moment.catalog.tables[mask.table]
        yield (
            *(mask.policy, *mask.table, _kind(table), mask.grantor, str(mask.grantee), mask.grantee.kind),
            *(mask.priority, _json(list(mask.inputs)), _json(list(mask.outputs)), False),
        )


VIEWS: tuple[SystemView, ...] = (
    view(
        "svv_rls_policy",
        "poldb text, polname text, polalias text, polatts text, polqual text, polenabled boolean,"
        "polmodifiedby text, polmodifiedtime timestamp",
        _policies,
    ),
    view(
        "svv_rls_attached_policy",
        "relschema text, relname text, relkind text, polname text, grantor text, grantee text,"
        "granteekind text, is_pol_on boolean, is_rls_on boolean, rls_conjunction_type character(3)",
        _attached,
        allowed=sees_policies,
    ),
    view(
        "svv_rls_relation",
        "datname text, relschema text, relname text, relkind text, is_rls_on boolean,"
        "is_rls_datashare_on boolean, rls_conjunction_type character(3),"
        "rls_datashare_conjunction_type character(3)",
        _protected,
    ),
    view(
        "svv_rls_applied_policy",
        "username text, query integer, xid bigint, pid integer, recordtime timestamp, command char(1),"
        "datname text, relschema text, relname text, polname text, poldefault char(1)",
        _applied,
        allowed=sees_system_tables,
    ),
    view(
        "svv_masking_policy",
        "policy_database text, policy_name text, input_columns text, policy_expression text,"
        "policy_modified_by text, policy_modified_time timestamp",
        _masking_policies,
    ),
    view(
        "svv_attached_masking_policy",
        "policy_name text, schema_name text, table_name text, table_type text, grantor text, grantee text,"
        "grantee_type text, priority int, input_columns text, output_columns text,"
        "is_masking_datashare_on boolean",
        _masks,
    ),
)
