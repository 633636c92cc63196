"""The relations that a statement reads, each resolved, permitted and cut to what its reader may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.schema import MappingSchema

from infra.local.warehouse.access.early import is_harmless
from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.errors import NotSupported, PermissionDenied, SqlError, UndefinedObject
from infra.local.warehouse.objects import PUBLIC_SCHEMA, ColumnDefinition, Table, TableKey, View
from infra.local.warehouse.sql import dialect
from infra.local.warehouse.sql.dialect import DIALECT
from infra.local.warehouse.sql.sqltypes import sql_type
from infra.local.warehouse.system import SYSTEM_VIEWS, is_reserved
from infra.local.warehouse.system.history import AppliedPolicy
from infra.local.warehouse.system.view import SYSTEM_SCHEMA, SystemView

if TYPE_CHECKING:
    from infra.local.warehouse.access.rewrite import Compiler, Part

_MOST_VIEWS = 32  # one inside the other
_MOST_COLUMNS = 20_000  # that the stars of a statement and its views stand for
_MOST_REFERENCES = 16  # to a stored table that each have a CTE of their own
_INSIDE = "v"  # a view's query, where its columns are read


@dataclass(frozen=True)
class Relation:
    """A relation that a statement may read: which of its columns, and how they are read."""

    table: Table
    granted: frozenset[str]
    cut: "Cut"
    source: exp.Expr  # what is read
    row: str  # under which name its row stands there
    barrier: bool  # whether the statement's conditions must wait until its rows are found

    def seen(self, *, whole: bool) -> Table:
        """The relation with the columns that its reader knows of: those granted, or, `whole`, all."""
        if whole or len(self.granted) == len(self.table.columns):
            return self.table
        return replace(self.table, columns=tuple(c for c in self.table.columns if c.name in self.granted))

    @property
    def unseen(self) -> frozenset[str]:
        """The columns that are not granted to its reader."""
        return frozenset(self.table.column_names) - self.granted


@dataclass
class Reference:
    """Where a statement reads a relation: what stands for it there, and what is read of it."""

    name: str  # of the CTE that stands for it; unguessable
    relation: Relation
    columns: set[str]
    shared: bool  # by every other place where the statement reads the relation
    early: list[exp.Expr] = field(default_factory=list)

    @property
    def table(self) -> Table:
        return self.relation.table

    @property
    def masked(self) -> frozenset[str]:
        return frozenset(self.relation.cut.shown)

    @property
    def asks_early(self) -> bool:
        """Whether conditions that raise for no row may be asked before the relation's rows are found."""
        relation = self.relation
        where = relation.cut.where
        harmless = where is None or is_harmless(where, relation.cut.row, relation.table)
        return relation.barrier and not self.shared and harmless

    def ask_early(self, condition: exp.Expr, alias: str) -> None:
        """Asks of the stored rows what the statement asks of those under the alias."""
        asked = condition.copy()
        for column in asked.find_all(exp.Column):
            if column.table == alias:
                column.set("table", exp.to_identifier(self.relation.cut.row, quoted=True))
        self.early.append(asked)

    def cte(self) -> exp.CTE:
        """The CTE that stands for it; one that is no barrier lets DuckDB ask everything where it likes."""
        relation = self.relation
        columns = sorted(self.columns) or sorted(relation.granted)[:1]
        return exp.CTE(
            this=relation.cut.select(columns, relation.source, relation.row, self.early),
            alias=exp.TableAlias(this=exp.to_identifier(self.name, quoted=True)),
            materialized=relation.barrier,
        )


@dataclass(frozen=True)
class Cut:
    """What policies and masks leave of a relation whose row stands under `row`."""

    row: str
    shown: Mapping[str, exp.Expr]
    where: exp.Expr | None

    @property
    def cuts(self) -> bool:
        """Whether it leaves anything out or shows anything else."""
        return bool(self.shown) or self.where is not None

    def select(
        self, columns: Sequence[str], source: exp.Expr, row: str, early: Sequence[exp.Expr]
    ) -> exp.Select:
        """The query that reads these columns of the source, in which the row stands under another name."""
        conditions = [condition for condition in (self.where, *early) if condition is not None]
        found = exp.Select(expressions=[self._column(column) for column in columns]).from_(source.copy())
        found = found.where(*conditions) if conditions else found
        for column in found.find_all(exp.Column):
            if column.table == self.row:
                column.set("table", exp.to_identifier(row, quoted=True))
        return found

    def _column(self, name: str) -> exp.Expr:
        if name in self.shown:
            return exp.alias_(self.shown[name].copy(), name, quoted=True)
        return exp.column(name, self.row, quoted=True)


def schema_of(tables: Iterable[Table]) -> MappingSchema:
    """The relations' columns as sqlglot's optimizer wants them."""
    schema: dict[str, Any] = {}
    for table in tables:
        columns = {column.name: column.type.duckdb for column in table.columns}
        schema.setdefault(table.key.schema, {})[table.key.name] = columns
    return MappingSchema(schema, dialect=DIALECT, normalize=False)


def columns_given(view: View, definition: "Part") -> tuple[ColumnDefinition, ...]:
    """The columns that the query gives the view, under the names that CREATE VIEW gave them."""
    names = view.names or [output.alias for output in definition.outputs]
    return tuple(replace(o.column, name=n) for n, o in zip(names, definition.outputs, strict=True))


class Relations:
    """What one statement reads, inside its views and policies too, in the order in which it must stand."""

    def __init__(self, compiler: "Compiler") -> None:
        self._compiler = compiler
        self._found: dict[tuple[TableKey, str], Relation] = {}
        self._references: list[Reference] = []
        self._open: list[TableKey] = []
        self._registered: set[str] = set()
        self._columns = 0
        self.lasting = True  # means the same at another moment, under the same catalogue
        self.policies: list[AppliedPolicy] = []

    @property
    def keys(self) -> frozenset[TableKey]:
        """The relations of the statement."""
        return frozenset(relation.table.key for relation in self._found.values())

    @property
    def touched(self) -> frozenset[str]:
        """What the statement may touch, under DuckDB's names."""
        stored = {r.table.physical for r in self._found.values() if r.table.physical}
        return frozenset({f"{self._compiler.storage}.{name}" for name in stored} | self._registered)

    def before(self, tree: exp.Expr) -> exp.Expr:
        """The statement with a CTE for each reference before it, each after those that it reads itself."""
        ctes = [reference.cte() for reference in self._references]
        if ctes:
            present = tree.args.get("with_")
            own = present.expressions if present else []
            recursive = present.args.get("recursive") if present else None
            tree.set("with_", exp.With(expressions=[*ctes, *own], recursive=recursive))
        return tree

    def refer(self, relation: Relation, columns: Iterable[str]) -> Reference:
        """A reference to these columns of the relation; PermissionDenied when one of them is not granted.

        A stored table is read anew by each reference, as DuckDB would; a view's query runs once.
        """
        read = set(columns)
        if not read <= relation.granted:
            raise PermissionDenied(f"permission denied for relation {relation.table.key.name}")
        others = [reference for reference in self._references if reference.relation is relation]
        if others and others[-1].shared:
            others[-1].columns |= read
            return others[-1]
        stored = isinstance(relation.source, exp.Table)
        shared = len(others) >= _MOST_REFERENCES or not stored
        reference = Reference(f"{self._compiler.prefix}{len(self._references)}", relation, read, shared)
        self._references.append(reference)
        return reference

    def widen(self, columns: int) -> None:
        """Counts the columns that `*` stands for at most; SqlError when they are too many together."""
        self._columns += columns
        if self._columns > _MOST_COLUMNS:
            raise SqlError("statement is too complex: * stands for too many columns", "54001")

    def get(self, key: TableKey, reader: Rights) -> Relation:
        """The relation, as the reader may read it and the statement's user may see its rows."""
        asked = (key, reader.user.name)
        if asked not in self._found:
            self._found[asked] = self._relation(key, reader)
        return self._found[asked]

    def _relation(self, key: TableKey, reader: Rights) -> Relation:
        catalog = reader.catalog
        # Before anybody's own: who may create in `public` must not put a false system view before an admin.
        of_system = TableKey(SYSTEM_SCHEMA if key.schema == PUBLIC_SCHEMA else key.schema, key.name)
        if of_system in SYSTEM_VIEWS:
            return self._system_view(key, SYSTEM_VIEWS[of_system])
        if is_reserved(of_system) and key not in catalog.tables:
            raise NotSupported(f"system view {key.name}")
        if key.schema not in {*catalog.schemas, catalog.temporary}:
            raise UndefinedObject(f'schema "{key.schema}" does not exist', "3F000")
        reader.require_schema(key.schema)
        table = catalog.relation(key)
        if key in self._open or len(self._open) > _MOST_VIEWS:
            raise SqlError(f'infinite recursion detected in rules for relation "{key.name}"', "42P17")
        self._open.append(key)
        try:
            if table.view is None or table.view.materialized:
                return self._stored(table, reader)
            return self._view(table, table.view, reader)
        finally:
            self._open.pop()

    def _stored(self, table: Table, reader: Rights) -> Relation:
        granted = reader.require(table, "SELECT")
        for key in table.view.sources if table.view else ():
            self._require_base(key, reader, self._compiler.rights_as(table.owner))
        cut = self._cut(table)
        barrier = cut.cuts
        if table.key == self._compiler.numbered:
            number = ColumnDefinition(self._compiler.row_number, sql_type("int8"))
            table, granted = replace(table, columns=(*table.columns, number)), granted | {number.name}
            rowid = exp.column("rowid", cut.row, quoted=True)
            cut = replace(cut, shown={**cut.shown, number.name: rowid})
        # Under its own name: DuckDB's list of the tables touched would show an alias as part of it.
        source = exp.Table(
            this=exp.to_identifier(table.physical, quoted=True),
            db=exp.to_identifier(self._compiler.storage, quoted=True),
        )
        return Relation(table, granted, cut, source, table.physical, barrier)

    def definition(self, table: Table, view: View) -> "Part":
        """What the view's query gives, read with its owner's rights."""
        owner = self._compiler.rights_as(table.owner)
        return self._compiler.part(dialect.parse(view.query), self, owner, whole=True)

    def columns_of(self, table: Table) -> tuple[ColumnDefinition, ...]:
        """The relation's columns; of a view without binding, what its query gives now, if it gives any."""
        if table.view is None or table.view.bound:
            return table.columns
        try:
            return columns_given(table.view, self.definition(table, table.view))
        except (SqlError, RecursionError, ValueError):
            return ()

    def _view(self, table: Table, view: View, reader: Rights) -> Relation:
        definition = self.definition(table, view)
        names = view.names or tuple(output.alias for output in definition.outputs)
        if not view.bound:
            table = replace(table, columns=columns_given(view, definition))
        granted = reader.require(table, "SELECT")
        alias = exp.TableAlias(
            this=exp.to_identifier(_INSIDE, quoted=True),
            columns=[exp.to_identifier(name, quoted=True) for name in names],
        )
        source = exp.Subquery(this=definition.tree, alias=alias)
        # A view is a barrier as well: its own conditions may hide rows from who may not read what is below.
        return Relation(table, granted, self._cut(table), source, _INSIDE, barrier=True)

    @staticmethod
    def _require_base(key: TableKey, reader: Rights, owner: Rights) -> None:
        """Below a materialized view: whoever reads it looks into the schema, its owner reads the table."""
        reader.require_schema(key.schema)
        owner.require(owner.catalog.relation(key), "SELECT")

    def _cut(self, table: Table) -> Cut:
        shown, where = self._compiler.rows(table, self)
        return Cut(self._compiler.row_alias, shown, where)

    def _system_view(self, key: TableKey, view: SystemView) -> Relation:
        """A system view: its rows are made for the statement's user, whoever owns what reads it."""
        self.lasting = False
        name = self._compiler.system(view)
        self._registered.add(name)
        cut = Cut(self._compiler.row_alias, {}, None)
        source = exp.Table(this=exp.to_identifier(name, quoted=True))
        table = replace(view.table, key=key)
        return Relation(table, frozenset(table.column_names), cut, source, name, barrier=False)
