"""Dynamic data masking: policies, and the columns that they are attached to."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from infra.local.warehouse.access import rows
from infra.local.warehouse.admin.statements import (
    AlterMaskingPolicy,
    ChangeMask,
    CreateMaskingPolicy,
    DropMaskingPolicy,
)
from infra.local.warehouse.admin.work import Changed, Work, duplicate
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedColumn, UndefinedObject
from infra.local.warehouse.objects import ColumnDefinition, Mask, MaskingPolicy, Table
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.dialect import parse_expression
from infra.local.warehouse.sql.sqltypes import SqlType

_WIDTHS = ("int2", "int4", "int8")
_FLOATS = ("float4", "float8")
_Kinds = Sequence[exp.DataType]


def create(at: Work, statement: CreateMaskingPolicy, catalog: Catalog) -> Changed:
    """CREATE MASKING POLICY: values that can be computed from the columns that it names."""
    if statement.name in catalog.masking_policies:
        if statement.if_not_exists:
            return catalog, 0
        raise duplicate("masking policy", statement.name, "42710")
    names = [column.name for column in statement.columns]
    if len(set(names)) != len(names):
        raise SqlError("a column is specified more than once", "42701")
    policy = MaskingPolicy(statement.name, statement.columns, statement.expressions, at.stamp)
    _check(at, policy)
    return catalog.with_one("masking_policies", policy.name, policy), 0


def alter(at: Work, statement: AlterMaskingPolicy, catalog: Catalog) -> Changed:
    """ALTER MASKING POLICY: other values, at once for everybody whom the policy masks."""
    present = catalog.masking_policy(statement.name)
    policy = replace(present, expressions=statement.expressions, changed=at.stamp)
    given = _check(at, policy)
    for mask in catalog.masks:
        if mask.policy == policy.name:
            _check_columns(policy, given, catalog.tables[mask.table], mask.outputs, mask.inputs)
    return catalog.with_one("masking_policies", policy.name, policy), 0


def _check(at: Work, policy: MaskingPolicy) -> _Kinds:
    """The types of what the policy shows; SqlError unless it can be computed.

    Unlike a policy of row-level security it is not granted its lookup tables: GRANT … TO MASKING POLICY is.
    """
    for text in policy.expressions:
        # A constant says what it is: what it would be taken for is not left to the column.
        if isinstance(parse_expression(text).unnest(), exp.Literal):
            raise SqlError("a constant in a masking policy must be cast to the type of its column", "42804")
    return rows.check_masking_policy(at.compiler, policy)


def drop(_: Work, statement: DropMaskingPolicy, catalog: Catalog) -> Changed:
    """DROP MASKING POLICY: one that is attached to nothing."""
    policy = catalog.masking_policy(statement.name)
    if any(mask.policy == policy.name for mask in catalog.masks):
        raise SqlError(f'cannot drop masking policy "{policy.name}" because it is attached', "2BP01")
    return catalog.without_masking_policy(policy.name), 0


def change_mask(at: Work, statement: ChangeMask, catalog: Catalog) -> Changed:
    """ATTACH and DETACH MASKING POLICY."""
    policy = catalog.masking_policy(statement.policy)
    at.require_grantees(catalog, statement.grantee)
    table = catalog.table(statement.table)
    if statement.attach:
        return _attached(at, statement, policy, table, catalog), 0
    gone = frozenset(
        m
        for m in catalog.masks
        if (m.policy, m.table, m.outputs, m.grantee)
        == (policy.name, table.key, statement.outputs, statement.grantee)
    )
    if not gone:
        raise UndefinedObject(f'masking policy "{policy.name}" is not attached', "42704")
    return catalog.changed(masks=catalog.masks - gone), 0


def _attached(
    at: Work, statement: ChangeMask, policy: MaskingPolicy, table: Table, catalog: Catalog
) -> Catalog:
    if table.view is not None and not table.view.bound:
        raise NotSupported("a masking policy on a late-binding view")
    if any(above.materialized for above in catalog.dependents(table.key)):
        raise NotSupported("a masking policy on the base table of a materialized view")
    if table.key.schema == catalog.temporary:
        raise SqlError("masking policies cannot be attached to temporary tables", "0A000")
    inputs = statement.inputs or statement.outputs
    _check_columns(policy, _check(at, policy), table, statement.outputs, inputs)
    mask = Mask(
        policy.name, table.key, statement.outputs, inputs, statement.grantee, statement.priority, at.user
    )
    _check_others(catalog, mask)
    return catalog.changed(masks=catalog.masks | {mask})


def _check_others(catalog: Catalog, mask: Mask) -> None:
    """A column has one mask for each grantee, and its masks have priorities that differ.

    The same attachment may have one priority for several grantees.
    """
    for other in catalog.masks:
        if other.table != mask.table or not set(other.outputs) & set(mask.outputs):
            continue
        if other.grantee == mask.grantee:
            raise SqlError("a masking policy is already attached to the column for this grantee", "42710")
        same = (other.policy, other.outputs, other.inputs) == (mask.policy, mask.outputs, mask.inputs)
        if other.priority == mask.priority and not same:
            raise SqlError(
                f"a masking policy with priority {mask.priority} is already attached to the column", "42710"
            )


def _check_columns(
    policy: MaskingPolicy, given: _Kinds, table: Table, outputs: Sequence[str], inputs: Sequence[str]
) -> None:
    """Raises SqlError unless the policy reads columns of its types and gives each masked one a value."""
    if len(set(outputs)) != len(outputs):
        raise SqlError("a column is specified more than once", "42701")
    if len(policy.expressions) != len(outputs):
        raise SqlError(f'masking policy "{policy.name}" has {len(policy.expressions)} outputs', "42P10")
    if len(policy.columns) != len(inputs):
        raise SqlError(f'masking policy "{policy.name}" has {len(policy.columns)} inputs', "42P10")
    for kind, text, name in zip(given, policy.expressions, outputs, strict=True):
        masked = _column(table, name).type
        if not _fits(kind, masked) or (masked.is_text and _length(text, kind) > masked.length):
            raise SqlError(f'masking policy "{policy.name}" does not give what "{name}" can hold', "42804")
    for wanted, name in zip(policy.columns, inputs, strict=True):
        found = _column(table, name)
        if not _takes(wanted.type, found.type):
            raise SqlError(
                f'masking policy "{policy.name}" takes {wanted.type}, column "{name}" is {found.type}',
                "42804",
            )


def _column(table: Table, name: str) -> ColumnDefinition:
    found = table.column(name)
    if found is None:
        raise UndefinedColumn(f'column "{name}" of relation "{table.key.name}" does not exist')
    return found


def _takes(wanted: SqlType, found: SqlType) -> bool:
    """Whether a policy's column of one type may stand for a table's of the other."""
    if wanted.is_text and found.is_text:
        return found.length <= wanted.length
    if wanted.name in _WIDTHS and found.name in _WIDTHS:
        return _WIDTHS.index(found.name) <= _WIDTHS.index(wanted.name)
    return wanted.duckdb == found.duckdb or (wanted.name == "numeric" and found.name in _FLOATS)


def _fits(kind: exp.DataType, column: SqlType) -> bool:
    """Whether values of the type may stand in the column."""
    if kind.this in (exp.DType.UNKNOWN, exp.DType.NULL):
        return True
    if column.name in _FLOATS:
        return kinds.is_number(kind)
    if column.name == "numeric":
        return kinds.is_integer(kind) or kinds.is_decimal(kind)
    if column.name in _WIDTHS:
        return kinds.is_integer(kind)
    return kinds.is_text(kind) if column.is_text else bool(kind.this == column.node.this)


def _length(text: str, kind: exp.DataType) -> int:
    """How long the text is that an expression gives, as far as it says so itself; else 0."""
    found = parse_expression(text).unnest()
    inside = found.this.unnest() if isinstance(found, exp.Cast) else found
    if isinstance(inside, exp.Literal) and inside.is_string:
        return len(inside.name.encode())
    return int(kind.expressions[0].name) if kind.expressions else 0
