"""How wide a plan says that rows are: by the columns' types alone."""

from collections.abc import Mapping

from sqlglot import exp

from infra.local.warehouse.access.relations import Relation
from infra.local.warehouse.objects import TableKey
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.sqltypes import SqlType

_BYTES = {
    "int2": 2, "int4": 4, "int8": 8, "float4": 4, "float8": 8, "bool": 1,
    "date": 4, "time": 8, "timestamp": 8, "timestamptz": 8, "numeric": 8, "super": 32,
}  # fmt: skip
_KINDS = {
    exp.DType.SMALLINT: 2, exp.DType.INT: 4, exp.DType.FLOAT: 4, exp.DType.BOOLEAN: 1, exp.DType.DATE: 4,
}  # fmt: skip
_SHORT, _LONG = 32, 1_000
_NUMBER = 8


def of_sources(
    select: exp.Select, sources: Mapping[str, exp.Expr], here: Mapping[TableKey, Relation]
) -> dict[str, int]:
    """The width of what the SELECT reads of each source."""
    read: dict[str, dict[str, int]] = {alias: {} for alias in sources}
    for column in select.find_all(exp.Column):
        source = sources.get(column.table)
        if source is not None:
            read[column.table][column.name] = _column(column, source, here)
    return {alias: sum(columns.values()) for alias, columns in read.items()}


def _column(column: exp.Column, source: exp.Expr, here: Mapping[TableKey, Relation]) -> int:
    relation = here.get(TableKey(source.db, source.name)) if isinstance(source, exp.Table) else None
    definition = relation.table.column(column.name) if relation is not None else None
    return of_type(definition.type) if definition is not None else of_kind(column)


def of_type(kind: SqlType) -> int:
    """The width of a column: of a long text, PostgreSQL's guess."""
    if kind.name in _BYTES:
        return _BYTES[kind.name]
    most = kind.length
    return most if most <= _SHORT else _SHORT + (min(most, _LONG) - _SHORT) // 2


def of_kind(node: exp.Expr) -> int:
    """The width of an expression."""
    kind = kinds.of(node)
    return _SHORT if kinds.is_text(kind) or kinds.is_super(kind) else _KINDS.get(kind.this, _NUMBER)
