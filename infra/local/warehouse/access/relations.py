"""The relations that a statement reads, each resolved, permitted and cut to what its reader may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from infra.local.warehouse.access.early import Question, is_harmless
from infra.local.warehouse.access.readings import Look, check_granted
from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.database import quoted
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedObject
from infra.local.warehouse.objects import PUBLIC_SCHEMA, ColumnDefinition, Table, TableKey, View
from infra.local.warehouse.sql.duckdb_text import generate
from infra.local.warehouse.sql.sqltypes import sql_type
from infra.local.warehouse.system import SYSTEM_FUNCTIONS, SYSTEM_VIEWS, is_reserved
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
    source: str  # what is read, in DuckDB's SQL
    row: str  # under which name its row stands there
    stored: bool  # whether that is a table, which each reference reads anew
    barrier: bool  # whether the statement's conditions must wait until its rows are found

    def look(self, written: TableKey, *, whole: bool) -> Look:
        """The relation as its reader knows it; `*` stands for the columns granted, or, `whole`, for all."""
        return Look(written, self.table.key, self.table.columns, self.granted, whole)


@dataclass
class Reference:
    """Where a statement reads a relation: what stands for it there, and what is read of it."""

    name: str  # of the CTE that stands for it; unguessable
    relation: Relation
    columns: set[str]
    shared: bool  # by every other place where the statement reads the relation
    early: list[str] = field(default_factory=list)

    def ask_early(self, questions: Iterable[Question]) -> None:
        """Asks of the stored rows what the statement asks anyway, where that tells nothing of hidden ones."""
        if self._asks_early:
            masked = self.relation.cut.shown.keys()
            self.early += [question.text for question in questions if not question.columns & masked]

    @property
    def _asks_early(self) -> bool:
        """Whether conditions that raise for no row may be asked before the relation's rows are found."""
        relation = self.relation
        where = relation.cut.where
        harmless = where is None or is_harmless(where, relation.cut.row, relation.table)
        return relation.barrier and not self.shared and harmless

    def cte(self) -> str:
        """The CTE that stands for it; one that is no barrier lets DuckDB ask everything where it likes."""
        relation = self.relation
        columns = sorted(self.columns) or sorted(relation.granted)[:1]
        how = "MATERIALIZED" if relation.barrier else "NOT MATERIALIZED"
        select = relation.cut.select(columns, relation.source, relation.row, self.early)
        return f"{quoted(self.name)} AS {how} ({select})"


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

    def select(self, columns: Sequence[str], source: str, row: str, early: Sequence[str]) -> str:
        """The query that reads these columns of the source, in which the row stands under another name."""
        conditions = [*([generate(self.where)] if self.where is not None else []), *early]
        listed = ", ".join(self._column(column) for column in columns)
        where = f" WHERE {' AND '.join(f'({condition})' for condition in conditions)}" if conditions else ""
        own, there = quoted(self.row), quoted(row)
        return f"SELECT {listed.replace(own, there)} FROM {source}{where.replace(own, there)}"

    def _column(self, name: str) -> str:
        if name in self.shown:
            return f"{generate(self.shown[name])} AS {quoted(name)}"
        return f"{quoted(self.row)}.{quoted(name)}"


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

    def before(self, part: "Part") -> str:
        """The statement with a CTE for each reference before it, each after those that it reads itself."""
        return part.after([reference.cte() for reference in self._references])

    def refer(self, relation: Relation, columns: Iterable[str]) -> Reference:
        """A reference to these columns of the relation; PermissionDenied when one of them is not granted.

        A stored table is read anew by each reference, as DuckDB would; a view's query runs once.
        """
        read = set(columns)
        check_granted(relation.table.key, frozenset(read), relation.granted)
        others = [reference for reference in self._references if reference.relation is relation]
        if others and others[-1].shared:
            others[-1].columns |= read
            return others[-1]
        shared = len(others) >= _MOST_REFERENCES or not relation.stored
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
        system = SYSTEM_VIEWS.get(of_system) or SYSTEM_FUNCTIONS.get(of_system)
        if system is not None:
            return self._system_view(key, system)
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
        source = f"{quoted(self._compiler.storage)}.{quoted(table.physical)}"
        return Relation(table, granted, cut, source, table.physical, stored=True, barrier=barrier)

    def definition(self, table: Table, view: View) -> "Part":
        """What the view's query gives, read with its owner's rights."""
        owner = self._compiler.rights_as(table.owner)
        return self._compiler.part(self._compiler.text_of(view.query), self, owner, whole=True)

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
        source = f"({definition.after(())}) AS {quoted(_INSIDE)}({', '.join(map(quoted, names))})"
        # A view is a barrier as well: its own conditions may hide rows from who may not read what is below.
        return Relation(table, granted, self._cut(table), source, _INSIDE, stored=False, barrier=True)

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
        table = replace(view.table, key=key)
        granted = frozenset(table.column_names)
        return Relation(table, granted, cut, quoted(name), name, stored=True, barrier=False)
