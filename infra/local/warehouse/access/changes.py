"""INSERT, UPDATE and DELETE under the caller's rights and policies.

The rows to write, or the row numbers to change, come from an ordinary authorised query; only that query
holds anything of the caller's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
from sqlglot import exp

from infra.local.warehouse.access.rewrite import Compiled, Compiler
from infra.local.warehouse.database import check_reach, quoted, translated
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedColumn, UndefinedObject
from infra.local.warehouse.objects import UNNAMED, ColumnDefinition, Table, TableKey
from infra.local.warehouse.sql import dialect, kinds, meaning
from infra.local.warehouse.sql.duckdb_text import generate
from infra.local.warehouse.sql.sqltypes import SUPER
from infra.local.warehouse.system.history import AppliedPolicy

KEYWORDS = frozenset({"insert", "update", "delete"})
_WHOLE = frozenset({"int2", "int4", "int8"})
_TIMES = frozenset({"date", "timestamp", "timestamptz"})
_PARTS: Mapping[type[Any], frozenset[str]] = {
    exp.Insert: frozenset({"this", "expression"}),
    exp.Update: frozenset({"this", "expressions", "where"}),
    exp.Delete: frozenset({"this", "where"}),
}


def apply(
    compiler: Compiler, session: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, str]
) -> tuple[int, list[AppliedPolicy]]:
    """Runs the change; how many rows it touched, and which policies bounded them."""
    change = _Change(compiler, session)
    try:
        tree = dialect.bind(dialect.parse(sql), parameters)
        text = change.text(tree)
    except RecursionError:
        raise SqlError("statement is too complex", "54001") from None
    with translated():
        ((count,),) = session.execute(text).fetchall()
    command = "s" if isinstance(tree, exp.Insert) else tree.key[0]
    return int(count), [replace(policy, command=command) for policy in change.policies]


def _assigned(value: str, column: ColumnDefinition) -> str:
    """The value as the column stores it; text that is too long is an error, not cut."""
    if column.type.name in _WHOLE:
        written = f"regexp_replace(CAST({value} AS VARCHAR), '{meaning.NO_WHOLE_NUMBER}', '?')"
        kind = column.type.duckdb
        return (
            f"CASE typeof({value}) WHEN 'VARCHAR' THEN CAST({written} AS {kind})"
            f" ELSE CAST({value} AS {kind}) END"
        )
    if column.type.name in _TIMES:
        value = f"date_text(CAST({value} AS VARCHAR))"
    if not column.type.is_text:
        return f"CAST({value} AS {column.type.duckdb})"
    text, length = f"CAST({value} AS VARCHAR)", column.type.length
    trimmed = f"rtrim({text}, ' ')"
    if column.type.name == "char":  # blanks at its end are no part of its value
        return f"CASE WHEN strlen({trimmed}) > {length} THEN error('value too long') ELSE {trimmed} END"
    # Blanks that are too many are cut: left counts characters, the column bytes.
    cut = f"left({text}, {length} - strlen({text}) + length({text}))"
    return (
        f"CASE WHEN strlen({text}) <= {length} THEN {text}"
        f" WHEN strlen({trimmed}) > {length} THEN error('value too long') ELSE {cut} END"
    )


def _as_super(value: exp.Expr, column: ColumnDefinition) -> exp.Expr:
    """The value, made SUPER where the column is: DuckDB would read text as JSON."""
    kept = value.copy()
    return exp.Cast(this=kept, to=exp.DataType(this=exp.DType.SUPER)) if column.type.name == SUPER else kept


@dataclass(frozen=True)
class _Change:
    compiler: Compiler
    session: duckdb.DuckDBPyConnection
    policies: list[AppliedPolicy] = field(default_factory=list)

    def text(self, tree: exp.Expr) -> str:
        """DuckDB's statement for the change."""
        parts = _PARTS.get(type(tree))
        if parts is None:
            raise NotSupported("a statement of this kind")
        for part, value in tree.args.items():
            if part not in parts and value not in (None, False, [], ""):
                raise NotSupported(f"{type(tree).__name__.upper()} with {part.strip('_')}")
        if isinstance(tree, exp.Insert):
            return self._insert(tree)
        return self._update(tree) if isinstance(tree, exp.Update) else self._delete(tree)  # type: ignore[arg-type]

    def _target(self, node: exp.Expr, privilege: str) -> tuple[Table, frozenset[str]]:
        if not (isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)):
            raise NotSupported("a change of anything but a table")
        if {"alias", "joins", "pivots", "sample"} & {k for k, v in node.args.items() if v}:
            raise NotSupported("a change of anything but a table")
        if node.catalog and node.catalog.lower() != self.compiler.context.database:
            raise NotSupported("a cross-database reference")
        catalog = self.compiler.rights.catalog
        key = catalog.key_of(TableKey((node.db or UNNAMED).lower(), node.name.lower()))
        if key.schema not in {*catalog.schemas, catalog.temporary}:
            raise UndefinedObject(f'schema "{key.schema}" does not exist', "3F000")
        self.compiler.rights.require_schema(key.schema)
        table = catalog.relation(key)
        columns = self.compiler.rights.require(table, privilege)
        if table.view is not None:
            kind = "materialized view" if table.materialized else "view"
            raise SqlError(f'cannot change {kind} "{key.name}"', "42809")
        return table, columns

    def _stored(self, table: Table) -> str:
        return f"{quoted(self.compiler.storage)}.{quoted(table.physical)}"

    def _checked(self, compiled: Compiled) -> str:
        check_reach(self.session, compiled.sql, compiled.touched)
        self.policies.extend(compiled.policies)
        return compiled.sql

    def _insert(self, tree: exp.Insert) -> str:
        named = isinstance(tree.this, exp.Schema)
        table, _ = self._target(tree.this.this if named else tree.this, "INSERT")
        columns = _columns(table, tree.this.expressions) if named else list(table.columns)
        source = tree.expression
        values = isinstance(source, exp.Values)
        rows = self._values(source, columns) if values else self._selected(source, columns)
        aliases = [f"c{position}" for position in range(len(columns))]
        assigned = (_assigned(f"v.{a}", column) for a, column in zip(aliases, columns, strict=True))
        names = ", ".join(quoted(column.name) for column in columns)
        return (
            f"INSERT INTO {self._stored(table)} ({names}) SELECT {', '.join(assigned)}"
            f" FROM ({rows}) AS v({', '.join(aliases)})"
        )

    def _selected(self, source: exp.Expr | None, columns: Sequence[ColumnDefinition]) -> str:
        if not isinstance(source, exp.Query):
            raise NotSupported("INSERT of anything but VALUES or a query")
        compiled = self.compiler.compile_tree(source.copy())
        if len(compiled.outputs) != len(columns):
            raise _unmatched()
        for output, column in zip(compiled.outputs, columns, strict=True):
            if column.type.name == SUPER and not kinds.is_super(output.kind):
                raise NotSupported("INSERT of a column that is not SUPER into one that is: a CAST")
        return self._checked(compiled)

    def _values(self, source: exp.Values, columns: Sequence[ColumnDefinition]) -> str:
        width = len(columns)
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in source.expressions]
        if any(len(row) != width for row in rows):
            raise _unmatched()
        cells = [_as_super(cell, column) for row in rows for cell, column in zip(row, columns, strict=True)]
        if any(cell.find(exp.Query, exp.Column, exp.AggFunc, exp.Window) for cell in cells):
            raise NotSupported("VALUES of anything but constants")
        query = exp.Select(expressions=[exp.alias_(cell, f"c{n}") for n, cell in enumerate(cells)])
        texts = [generate(value.this) for value in self.compiler.constants(query).expressions]
        lines = (f"({', '.join(texts[at : at + width])})" for at in range(0, len(texts), width))
        return f"VALUES {', '.join(lines)}"

    def _affected(self, table: Table, values: Sequence[exp.Expr], where: exp.Expr | None) -> str:
        """The query for the numbers of the rows that the caller may see and means, with new values."""
        self._check_lookups(table)
        compiler = replace(self.compiler, numbered=table.key)
        number = exp.column(exp.to_identifier(compiler.row_number, quoted=True))
        aliased = [
            exp.Alias(this=value.copy(), alias=exp.to_identifier(f"n{n}")) for n, value in enumerate(values)
        ]
        projections = [number, *aliased]
        source = exp.Table(this=exp.to_identifier(table.key.name), db=exp.to_identifier(table.key.schema))
        query = exp.Select(expressions=projections).from_(source)
        if where is not None:
            query.set("where", where.copy())
        return self._checked(compiler.compile_tree(query))

    def _check_lookups(self, table: Table) -> None:
        """Redshift reads through policies whose lookups join relations, and changes nothing through them."""
        for policy in self.compiler.rights.policies(table) or ():
            if dialect.parse_expression(policy.predicate).find(exp.Join):
                raise SqlError(
                    "One of the RLS policies on target relation is not supported in UPDATE/DELETE.", "0A000"
                )

    def _update(self, tree: exp.Update) -> str:
        table, _ = self._target(tree.this, "UPDATE")
        if not all(isinstance(e, exp.EQ) and isinstance(e.this, exp.Column) for e in tree.expressions):
            raise NotSupported("UPDATE of this form")
        columns = _columns(table, [assignment.this for assignment in tree.expressions])
        self.compiler.rights.require(table, "UPDATE", (column.name for column in columns))
        _check_values(e.expression for e in tree.expressions)
        values = [_as_super(e.expression, c) for e, c in zip(tree.expressions, columns, strict=True)]
        rows = self._affected(table, values, tree.args.get("where"))
        names = ", ".join(["r", *(f"n{n}" for n in range(len(columns)))])
        changes = ", ".join(
            f"{quoted(column.name)} = {_assigned(f'v.n{n}', column)}" for n, column in enumerate(columns)
        )
        stored = self._stored(table)
        return f"UPDATE {stored} AS stored SET {changes} FROM ({rows}) AS v({names}) WHERE stored.rowid = v.r"

    def _delete(self, tree: exp.Delete) -> str:
        table, _ = self._target(tree.this, "DELETE")
        rows = self._affected(table, [], tree.args.get("where"))
        return f"DELETE FROM {self._stored(table)} WHERE rowid IN (SELECT r FROM ({rows}) AS v(r))"


def _check_values(values: Iterable[exp.Expr]) -> None:
    for value in values:
        for node in value.find_all(exp.AggFunc, exp.Window):
            if node.find_ancestor(exp.Select) is None:
                raise SqlError("cannot use aggregate or window functions in UPDATE", "42803")


def _unmatched() -> SqlError:
    return SqlError("INSERT has a different number of target columns and expressions", "42601")


def _columns(table: Table, nodes: Sequence[exp.Expr]) -> list[ColumnDefinition]:
    found = []
    for node in nodes:
        column = table.column(node.name.lower())
        if column is None:
            raise UndefinedColumn(f'column "{node.name}" of relation "{table.key.name}" does not exist')
        if column in found:
            raise SqlError(f'column "{column.name}" specified more than once', "42701")
        found.append(column)
    return found
