"""Where the columns of a result come from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from infra.local.warehouse.objects import ColumnDefinition, Table, TableKey
from infra.local.warehouse.sql import column_names, kinds
from infra.local.warehouse.sql.sqltypes import from_kind


@dataclass(frozen=True)
class Origin:
    """The stored column that a result's column shows unchanged."""

    table: TableKey
    column: ColumnDefinition


@dataclass(frozen=True)
class Output:
    """A result's column: its name and where it comes from."""

    name: str  # as the result shows it
    alias: str  # as the query around it knows it
    kind: exp.DataType
    origin: Origin | None

    @property
    def column(self) -> ColumnDefinition:
        """The column as a view has it: as it was declared, or as its expression's type says."""
        if self.origin is not None:
            return replace(self.origin.column, name=self.alias, default=None)
        return ColumnDefinition(self.alias, from_kind(self.kind))


def outputs_of(tree: exp.Query, root: Scope, tables: Mapping[TableKey, Table]) -> tuple[Output, ...]:
    """The columns of a qualified query, whose scope is `root`, over these relations."""
    return tuple(
        Output(
            column_names.shown_name(projection),
            projection.alias_or_name,
            kinds.of(projection),
            _origin(root, position, tables),
        )
        for position, projection in enumerate(tree.selects)
    )


def _origin(scope: Scope, position: int, tables: Mapping[TableKey, Table]) -> Origin | None:
    """The stored column behind a projection, through subqueries and CTEs; None for an expression."""
    if not isinstance(scope.expression, exp.Select):
        return None
    column = scope.expression.selects[position].unalias()
    if not isinstance(column, exp.Column):
        return None
    source = scope.sources.get(column.table)
    if isinstance(source, Scope) and isinstance(source.expression, exp.Select):
        names = [projection.alias_or_name for projection in source.expression.selects]
        return _origin(source, names.index(column.name), tables) if column.name in names else None
    if isinstance(source, exp.Table) and source.db:
        table = tables[TableKey(source.db, source.name)]
        definition = table.column(column.name)
        return Origin(table.key, definition) if definition else None
    return None
