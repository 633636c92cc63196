"""A system view: documented columns, and rows that are made for whoever asks."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from infra.local.warehouse.access.rights import DbUser, Rights
from infra.local.warehouse.admin.loader import arrow_type
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.errors import PermissionDenied
from infra.local.warehouse.objects import ColumnDefinition, Table, TableKey
from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR, SqlType, sql_type
from infra.local.warehouse.system.history import History

SYSTEM_SCHEMA = "pg_catalog"
INFORMATION_SCHEMA = "information_schema"
Cell = str | int | float | bool | datetime | None
Row = tuple[Cell, ...]
_COLUMN = re.compile(r"(\w+) (\w+)(?:\((\d+)\))?")


def stored_columns(table: Table) -> Sequence[ColumnDefinition]:
    """The relation's columns as the catalogue has them: of a view without binding, none."""
    return table.columns


@dataclass(frozen=True)
class Moment:
    """Who asks, and what the warehouse is when they do."""

    rights: Rights
    database: str
    history: History
    now: datetime  # UTC, naive
    namespace: str = "AWSIDC"
    people: Mapping[str, DbUser] = field(default_factory=dict)  # users who have connected, by name
    columns_of: Callable[[Table], Sequence[ColumnDefinition]] = stored_columns
    base_capacity: int = 8  # Redshift processing units

    @property
    def catalog(self) -> Catalog:
        return self.rights.catalog

    @property
    def user(self) -> str:
        return self.rights.user.name


@dataclass(frozen=True)
class SystemView:
    """A view's columns, its rows for somebody, and who may query it at all."""

    table: Table
    rows: Callable[[Moment], Iterable[Row]]
    allowed: Callable[[Rights], bool]

    def rows_for(self, moment: Moment) -> pa.Table:
        """The rows that the asker may see; PermissionDenied when they may not query the view."""
        if not self.allowed(moment.rights):
            raise PermissionDenied(f"permission denied for relation {self.table.key.name}")
        columns = self.table.columns
        rows = list(self.rows(moment))
        cells: Iterable[Sequence[Cell]] = zip(*rows, strict=True) if rows else [()] * len(columns)
        return pa.Table.from_arrays(
            [
                pa.array(values, arrow_type(column.type))
                for column, values in zip(columns, cells, strict=True)
            ],
            names=list(self.table.column_names),
        )


def _everybody(_: Rights) -> bool:
    return True


def view(
    name: str,
    columns: str,
    rows: Callable[[Moment], Iterable[Row]],
    *,
    schema: str = SYSTEM_SCHEMA,
    allowed: Callable[[Rights], bool] = _everybody,
) -> SystemView:
    """A system view whose columns are written as in its documentation: `name type, …`."""
    definitions = tuple(_column(text) for text in columns.split(","))
    return SystemView(Table(TableKey(schema, name), "", definitions), rows, allowed)


def _column(text: str) -> ColumnDefinition:
    found = _COLUMN.fullmatch(" ".join(text.split()))
    if found is None:
        raise ValueError(text)
    return ColumnDefinition(found[1], _type(found[2], found[3]))


def _type(name: str, length: str | None) -> SqlType:
    if name == "text":  # PostgreSQL's, without a limit
        return sql_type("varchar", (MAX_VARCHAR,))
    return sql_type(name, (int(length),) if length else ())
