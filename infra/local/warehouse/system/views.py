"""The system views that the stand-in answers, as rows made from the catalogue."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.objects import ColumnDefinition, Table, TableKey
from infra.local.warehouse.sql.sqltypes import sql_type

SYSTEM_SCHEMA = "pg_catalog"
Cell = str | bool | None
_TEXT = sql_type("varchar", (65_535,))
_BOOL = sql_type("bool")


@dataclass(frozen=True)
class SystemView:
    """A view's columns and how its rows come from the catalogue."""

    table: Table
    rows: Callable[[Catalog, str], Iterable[tuple[Cell, ...]]]


def _policies(catalog: Catalog, database: str) -> Iterable[tuple[Cell, ...]]:
    for policy in catalog.policies.values():
        columns = [{"colname": c.name, "type": str(c.type)} for c in policy.columns]
        yield database, policy.name, policy.alias or None, str(columns), policy.predicate, True, "admin"


def _attached(catalog: Catalog, _: str) -> Iterable[tuple[Cell, ...]]:
    for attachment in sorted(catalog.attachments):
        table, grantee = catalog.tables[attachment.table], attachment.grantee
        yield (
            *(table.key.schema, table.key.name, "table", attachment.policy, "admin"),
            *(str(grantee), grantee.kind, True, table.rls, table.conjunction),
        )


def _relations(catalog: Catalog, database: str) -> Iterable[tuple[Cell, ...]]:
    for table in catalog.tables.values():
        if table.rls:
            yield database, table.key.schema, table.key.name, "table", True, table.conjunction


def _roles(catalog: Catalog, _: str) -> Iterable[tuple[Cell, ...]]:
    for role in sorted(catalog.roles):
        yield role, "admin"


def _tables(catalog: Catalog, database: str) -> Iterable[tuple[Cell, ...]]:
    for key in sorted(catalog.tables):
        yield database, key.schema, key.name, "TABLE"


def _view(
    name: str,
    columns: str,
    rows: Callable[[Catalog, str], Iterable[tuple[Cell, ...]]],
) -> tuple[str, SystemView]:
    definitions = tuple(
        ColumnDefinition(column, _BOOL if column in _FLAGS else _TEXT) for column in columns.split()
    )
    return name, SystemView(Table(TableKey(SYSTEM_SCHEMA, name), "", definitions), rows)


_FLAGS = frozenset({"polenabled", "is_pol_on", "is_rls_on"})
SYSTEM_VIEWS: Mapping[str, SystemView] = dict(
    (
        _view("svv_rls_policy", "poldb polname polalias polatts polqual polenabled polmodifiedby", _policies),
        _view(
            "svv_rls_attached_policy",
            "relschema relname relkind polname grantor grantee granteekind is_pol_on is_rls_on"
            " rls_conjunction_type",
            _attached,
        ),
        _view(
            "svv_rls_relation",
            "datname relschema relname relkind is_rls_on rls_conjunction_type",
            _relations,
        ),
        _view("svv_roles", "role_name role_owner", _roles),
        _view("svv_tables", "table_catalog table_schema table_name table_type", _tables),
    )
)


def select(view: SystemView, catalog: Catalog, *, database: str) -> exp.Expr:
    """A query whose rows are the view's, each value a literal of the tree."""
    columns = view.table.columns
    queries = [
        exp.select(*(_value(value, column) for value, column in zip(row, columns, strict=True)))
        for row in view.rows(catalog, database)
    ]
    nothing = exp.select(*(_value(None, column) for column in columns)).where(exp.false())
    rows: exp.Expr = nothing
    for query in queries:
        rows = exp.Union(this=rows, expression=query, distinct=False)
    return rows


def _value(value: Cell, column: ColumnDefinition) -> exp.Expr:
    literal: exp.Expr = exp.Null()
    if isinstance(value, bool):
        literal = exp.Boolean(this=value)
    elif value is not None:
        literal = exp.Literal.string(value)
    return exp.alias_(exp.Cast(this=literal, to=column.type.node), column.name, quoted=True)
