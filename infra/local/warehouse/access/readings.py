"""What queries mean, whoever asks: worked out once for everybody to whom the relations look the same.

A query is read in two steps, and this module has neither a catalogue nor anybody's rights to do it with. Its
text alone says which relations it names (`Named`). What it then means depends on how those relations look to
its reader, on their `Look`s, and on nothing else (`Reading`). Which rows and values they may see, and whether
they may ask at all, is decided anew for each person and each moment of the catalogue, by `rewrite`.
"""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlglot import exp
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.qualify_columns import qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import Scope, traverse_scope

from infra.local.warehouse.access import early, scopes
from infra.local.warehouse.access.early import Question
from infra.local.warehouse.access.outputs import Output, outputs_of
from infra.local.warehouse.access.templates import Fits
from infra.local.warehouse.database import quoted
from infra.local.warehouse.errors import NotSupported, PermissionDenied
from infra.local.warehouse.kept import Kept
from infra.local.warehouse.objects import UNNAMED, ColumnDefinition, Table, TableKey
from infra.local.warehouse.sql import column_names, dialect, forms, inference, joins, meaning, shape
from infra.local.warehouse.sql.context import Context, place
from infra.local.warehouse.sql.duckdb_text import generate

_MOST_TEXTS = 256
_MOST_READINGS = 256


@dataclass(frozen=True)
class Text:
    """A query as somebody wrote it, with its values; one without a key is read anew each time."""

    key: Hashable
    parse: Callable[[], exp.Expr]
    row: tuple[ColumnDefinition, ...] | None = None  # of an expression over a row: the row's columns


@dataclass(frozen=True)
class Named:
    """What a text says by itself: the relations that it names, as they are written."""

    tables: tuple[TableKey, ...]
    stars: int  # how often it says `*` for columns
    momentary: bool  # whether it means something else a moment later
    personal: bool  # whether it means something else for another user


@dataclass(frozen=True)
class Look:
    """A relation as a reader knows it: all that the meaning of a query may depend on."""

    written: TableKey  # as the query names it
    key: TableKey
    columns: tuple[ColumnDefinition, ...]
    granted: frozenset[str]
    whole: bool  # whether `*` stands for the columns that are not granted, too

    @property
    def unseen(self) -> frozenset[str]:
        """The columns that are not granted to its reader."""
        return frozenset(column.name for column in self.columns) - self.granted

    @cached_property
    def table(self) -> Table:
        """The relation with all of its columns."""
        return Table(self.key, "", self.columns)

    @cached_property
    def seen(self) -> Table:
        """The relation with the columns that a name or `*` may stand for."""
        if self.whole:
            return self.table
        return Table(self.key, "", tuple(c for c in self.columns if c.name in self.granted))


@dataclass(frozen=True)
class Read:
    """One place where a query reads a relation: what it reads there, and may ask of hidden rows as well."""

    key: TableKey
    columns: frozenset[str]
    early: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A query in DuckDB's terms, with a mark in each place where it reads a relation."""

    reads: tuple[Read, ...]
    outputs: tuple[Output, ...] = ()
    ctes: tuple[str, ...] = ()
    recursive: bool = False
    body: str = ""
    values: tuple[exp.Expr, ...] = ()  # of expressions over a row

    def named(self, names: Sequence[str], marks: "Marks") -> "Reading":
        """The query with the names of what stands for the relations; its expressions are copies."""
        values = tuple(marks.in_tree(value.copy(), names) for value in self.values)
        if all(name == marks.name(number) for number, name in enumerate(names)):
            return replace(self, values=values)
        ctes = tuple(marks.in_text(cte, names) for cte in self.ctes)
        return replace(self, values=values, ctes=ctes, body=marks.in_text(self.body, names))


@dataclass(frozen=True)
class Marks:
    """What stands for a query's relations until they have names: nobody can guess or write it."""

    prefix: str

    def name(self, number: int) -> str:
        return f"{self.prefix}{number}"

    def number(self, name: str) -> int | None:
        """Which of the marks the name is; None when it is none."""
        rest = name.removeprefix(self.prefix)
        return int(rest) if rest != name and rest.isdecimal() else None

    def in_text(self, text: str, names: Sequence[str]) -> str:
        """The text with the names in the place of the marks."""
        return re.sub(rf'"{re.escape(self.prefix)}([0-9]+)"', lambda m: quoted(names[int(m[1])]), text)

    def in_tree(self, tree: exp.Expr, names: Sequence[str]) -> exp.Expr:
        """The tree with the names in the place of the marks, in place."""
        for table in tree.find_all(exp.Table) if names else ():
            number = self.number(table.name)
            if number is not None:
                table.set("this", exp.to_identifier(names[number], quoted=True))
        return tree


@dataclass(frozen=True)
class Readings:
    """The readings that an engine keeps."""

    texts: Kept[Named] = field(default_factory=lambda: Kept(_MOST_TEXTS))
    readings: Kept[Reading] = field(default_factory=lambda: Kept(_MOST_READINGS))
    slots: Kept[Mapping[str, Fits]] = field(default_factory=lambda: Kept(_MOST_TEXTS))


def name(text: Text, marks: Marks, *, context: Context) -> tuple[Named, exp.Query]:
    """What the text says by itself, and its tree, made of listed shapes, to be read once."""
    placed = place(_with_names(text.parse()), context=context)
    query = shape.check_query(placed.tree)
    nodes = list(query.walk())
    meaning.normalize_casts(nodes)
    if text.row is not None:
        scopes.check_row_expressions(query)
    scopes.check_catalogs(nodes, context.database)
    dialect.fold_names(nodes)
    qualify_tables(query, db=UNNAMED, dialect=dialect.DIALECT)
    nodes = list(query.walk())
    tables = sorted(scopes.keys(nodes) - {_row_key(marks)})
    return Named(tuple(tables), scopes.stars(nodes), placed.momentary, placed.personal), query


def _with_names(tree: exp.Expr) -> exp.Expr:
    tree = forms.write_out(tree.unnest())
    column_names.name_projections(tree)
    return tree


def read(query: exp.Query, text: Text, looks: Sequence[Look], marks: Marks) -> Reading:
    """What the query means to whoever the relations look like this to; its tree is used up."""
    row = None if text.row is None else Table(_row_key(marks), "", text.row)
    found = _resolve(query, looks, row)
    if row is not None:
        return _read_row(query, found, looks, marks)
    scopes.check_names(found)
    tables = {look.key: look.table for look in looks}
    outputs = outputs_of(query, found[-1], tables)
    reads = _mark(query, found, looks, marks)
    translated = meaning.translate(query)
    marked = {marks.name(number): tables[each.key] for number, each in enumerate(reads)}
    asked = early.questions(translated, marked, row_name(marks))
    reads = [replace(each, early=asked.get(marks.name(n), ())) for n, each in enumerate(reads)]
    own = translated.args.get("with_")
    translated.set("with_", None)
    return Reading(
        tuple(reads),
        outputs,
        ctes=tuple(generate(cte) for cte in own.expressions) if own is not None else (),
        recursive=own is not None and bool(own.args.get("recursive")),
        body=generate(translated),
    )


def resolved(query: exp.Query, text: Text, looks: Sequence[Look], marks: Marks) -> exp.Query:
    """The query in Redshift's terms, with its names qualified and its types known; each column granted."""
    row = None if text.row is None else Table(_row_key(marks), "", text.row)
    found = _resolve(query, looks, row)
    if row is None:
        scopes.check_names(found)
    granted = {look.key: look.granted for look in looks}
    for table, column in scopes.columns_read(found):
        if table.db != marks.prefix:
            key = TableKey(table.db, table.name)
            check_granted(key, frozenset({column.name}), granted[key])
    return query


def _read_row(query: exp.Query, found: Sequence[Scope], looks: Sequence[Look], marks: Marks) -> Reading:
    """Expressions over one row, which stands under `row_name`."""
    scopes.check_uncorrelated(found)
    for table, column in list(scopes.columns_read(found)):
        if table.db == marks.prefix:
            column.set("table", exp.to_identifier(row_name(marks), quoted=True))
    query.set("from_", None)
    reads = _mark(query, found, looks, marks)
    values = [projection.unalias().copy() for projection in meaning.translate(query).expressions]
    return Reading(tuple(reads), values=tuple(values))


def translated(query: exp.Query) -> exp.Expr:
    """A query that reads no relation, in DuckDB's terms."""
    scopes.check_names(_resolve(query, (), None))
    return meaning.translate(query)


def row_name(marks: Marks) -> str:
    """What stands for a stored table where its rows are read; no query can hide it."""
    return f"{marks.prefix}r"


def _row_key(marks: Marks) -> TableKey:
    return TableKey(marks.prefix, "row")


def over_row(
    expressions: Sequence[str], columns: Sequence[ColumnDefinition], alias: str, marks: Marks
) -> Text:
    """The text of expressions over a row of these columns."""

    def parse() -> exp.Expr:
        key = _row_key(marks)
        source = exp.Table(this=exp.to_identifier(key.name), db=exp.to_identifier(key.schema))
        source.set("alias", exp.TableAlias(this=exp.to_identifier(alias or row_name(marks))))
        projections = [
            exp.alias_(exp.Paren(this=dialect.parse_expression(each)), f"e{number}")
            for number, each in enumerate(expressions)
        ]
        return exp.Select(expressions=projections).from_(source)

    return Text(("row", tuple(expressions), tuple(columns), alias), parse, tuple(columns))


def _resolve(query: exp.Query, looks: Sequence[Look], row: Table | None) -> list[Scope]:
    """Qualifies and types the tree in place; its scopes."""
    written = {look.written: look.key for look in looks}
    for table in query.find_all(exp.Table):
        if table.db == UNNAMED:
            table.set("db", exp.to_identifier(written[TableKey(table.db, table.name)].schema))
    by_key = {look.key: look for look in looks}
    known = [by_key[key] for key in sorted(by_key)]
    unseen = {look.key: look.unseen for look in known if not look.whole}
    scopes.check_written(query, unseen)
    tables = [look.seen for look in known] + ([row] if row is not None else [])
    try:
        return _qualify(query, by_key, tables, {n: key.name for key, names in unseen.items() for n in names})
    except OptimizeError as fault:
        denied = scopes.hidden(fault, tables[: len(known)], [look.table for look in known])
        raise denied or scopes.undefined(fault, tables) from None
    except SqlglotError:
        raise NotSupported("a query of this form") from None


def _qualify(
    query: exp.Query, looks: Mapping[TableKey, Look], tables: Sequence[Table], hidden: Mapping[str, str]
) -> list[Scope]:
    schema = scopes.schema_of(tables)
    columns = {key: look.table.column_names for key, look in looks.items()}
    joins.name_natural(query, lambda table: columns.get(TableKey(table.db, table.name), ()))
    qualify_columns(query, schema, dialect=dialect.DIALECT)
    for select in reversed(list(query.find_all(exp.Select))):  # each star stands for many columns
        forms.settle(select, hidden)
        shape.check_width(select)
    forms.drop_schemas(query)
    if query.find(exp.TableColumn):
        raise NotSupported("a relation as a value")
    found = traverse_scope(query)
    scopes.check_resolved(found)
    inference.annotate(query, found, schema)
    return found


def _mark(query: exp.Expr, found: Sequence[Scope], looks: Sequence[Look], marks: Marks) -> list[Read]:
    """Puts a mark in the place of each relation; what is read there, each column of it granted."""
    granted = {look.key: look.granted for look in looks}
    columns: dict[int, set[str]] = {}
    for table, column in scopes.columns_read(found):
        columns.setdefault(id(table), set()).add(column.name)
    reads: list[Read] = []
    for node in [node for node in query.find_all(exp.Table) if node.db]:
        each = Read(TableKey(node.db, node.name), frozenset(columns.get(id(node), ())))
        check_granted(each.key, each.columns, granted[each.key])
        node.replace(_reference(marks.name(len(reads)), node.alias))
        reads.append(each)
    return reads


def check_granted(key: TableKey, columns: frozenset[str], granted: frozenset[str]) -> None:
    """Raises PermissionDenied when a column that is read is not granted."""
    if not columns <= granted:
        raise PermissionDenied(f"permission denied for relation {key.name}")


def _reference(name: str, alias: str) -> exp.Table:
    return exp.Table(
        this=exp.to_identifier(name, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)),
    )
