"""The authorised rewriting: an analyst's query becomes one that can only reach what they may see."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from infra.local.warehouse.access import readings, rows, templates
from infra.local.warehouse.access.outputs import Output
from infra.local.warehouse.access.readings import Look, Marks, Named, Reading, Readings, Text
from infra.local.warehouse.access.relations import Relation, Relations
from infra.local.warehouse.access.rights import DbUser, Rights
from infra.local.warehouse.errors import SqlError
from infra.local.warehouse.objects import (
    PUBLIC,
    PUBLIC_SCHEMA,
    UNNAMED,
    ColumnDefinition,
    Grantee,
    Table,
    TableKey,
)
from infra.local.warehouse.sql import dialect
from infra.local.warehouse.sql.context import Context
from infra.local.warehouse.system.history import AppliedPolicy
from infra.local.warehouse.system.view import SystemView


@dataclass(frozen=True)
class Compiled:
    """A query for DuckDB and what is known of it."""

    sql: str
    outputs: tuple[Output, ...]
    touched: frozenset[str]  # what it may touch, under DuckDB's names
    lasting: bool  # means the same at another moment
    sources: frozenset[TableKey]  # the relations that the query itself names
    policies: tuple[AppliedPolicy, ...]
    slots: Mapping[str, templates.Fits] | None = None  # its parameters, when the text has marks for them

    def fits(self, parameters: Mapping[str, str]) -> bool:
        """Whether it is compiled for these values: for them alone, or with marks that they may take."""
        return self.slots is None or templates.fits(self.slots, parameters)

    def text(self, parameters: Mapping[str, str]) -> str:
        """DuckDB's text with these values."""
        return self.sql if self.slots is None else templates.fill(self.sql, parameters)


@dataclass(frozen=True)
class Part:
    """One query of a statement, in DuckDB's SQL, and what it reads."""

    reading: Reading
    sources: frozenset[TableKey]

    @property
    def outputs(self) -> tuple[Output, ...]:
        return self.reading.outputs

    def after(self, ctes: Sequence[str]) -> str:
        """The query's text, with CTEs before its own."""
        present = (*ctes, *self.reading.ctes)
        recursive = "RECURSIVE " if self.reading.recursive else ""
        return f"WITH {recursive}{', '.join(present)} {self.reading.body}" if present else self.reading.body


@dataclass(frozen=True)
class Compiler:
    """Compiles one user's queries in one moment of the catalogue."""

    rights: Rights
    context: Context
    storage: str  # DuckDB's schema of the stored tables; unguessable
    prefix: str  # of the names that a query gives its permitted relations; unguessable
    rights_as: Callable[[str], Rights]  # another user's, by name: a view reads with its owner's
    system: Callable[[SystemView], str]  # brings a system view's rows; what DuckDB calls them
    numbered: TableKey | None = None  # the table whose rows a change must be able to name
    # The column that numbers them: another one for each statement, for what one could tell of it is over.
    row_number: str = field(default_factory=lambda: f"n{secrets.token_hex(16)}")
    readings: Readings = field(default_factory=Readings)  # an engine's compilers share them

    def compile(self, sql: str, parameters: Mapping[str, str]) -> Compiled:
        """The query, bound, authorised and in DuckDB's terms; where that may be, for other values as well."""
        try:
            slots, tree = self._slots(sql, parameters)
            if slots and templates.fits(slots, parameters):
                template = self._template(sql, slots, tree)
                if template is not None:
                    return template
                tree = None  # the other one has marks in it
            return self._compiled(self.text_of(sql, parameters, tree), whole=False)
        except RecursionError:
            raise SqlError("statement is too complex", "54001") from None

    def _slots(
        self, sql: str, parameters: Mapping[str, str]
    ) -> tuple[Mapping[str, templates.Fits], exp.Expr | None]:
        """What values the statement may be compiled for at once, or none; its tree, if it had to be read."""
        if not parameters:
            return {}, None
        key = (sql, frozenset(parameters))
        known = self.readings.slots.get(key)
        if known is not None:
            return known, None
        tree = dialect.parse(sql)
        found = templates.slots(tree)
        self.readings.slots.keep(key, found)
        return found, tree

    def _template(
        self, sql: str, slots: Mapping[str, templates.Fits], tree: exp.Expr | None
    ) -> Compiled | None:
        """The query with marks for its values; None when its meaning depends on one of them after all."""
        try:
            compiled = self._compiled(self.text_of(sql, templates.marks(slots), tree), whole=False)
        except SqlError:
            return None
        return replace(compiled, slots=slots) if templates.holds(compiled.sql, slots) else None

    def compile_definition(self, sql: str, *, whole: bool) -> Compiled:
        """The query of a view or a table, which takes no parameters."""
        try:
            return self._compiled(self.text_of(sql), whole=whole)
        except RecursionError:
            raise SqlError("statement is too complex", "54001") from None

    def compile_tree(self, tree: exp.Expr) -> Compiled:
        """The bound query, authorised and in DuckDB's terms."""
        return self._compiled(Text(None, lambda: tree), whole=False)

    def text_of(
        self, sql: str, values: Mapping[str, str] | None = None, tree: exp.Expr | None = None
    ) -> Text:
        """What is asked when the parameters have these values; its tree may be used up once."""
        bound = values or {}
        return Text((sql, frozenset(bound.items())), lambda: dialect.bind(tree or dialect.parse(sql), bound))

    @property
    def row_alias(self) -> str:
        """What stands for a stored table where its rows are read; no query can hide it."""
        return readings.row_name(self._marks)

    @property
    def _marks(self) -> Marks:
        return Marks(self.prefix)

    def _compiled(self, text: Text, *, whole: bool) -> Compiled:
        relations = Relations(self)
        part = self.part(text, relations, self.rights, whole=whole)
        return Compiled(
            relations.before(part),
            part.outputs,
            relations.touched,
            relations.lasting,
            part.sources,
            tuple(relations.policies),
        )

    def part(self, text: Text, relations: Relations, reader: Rights, *, whole: bool) -> Part:
        """A query of the statement, in DuckDB's terms; it reads what the reader may read.

        Its `*` is the columns that the reader may read, or, `whole`, all of them.
        """
        reading, here = self._read(text, relations, reader, whole=whole)
        return Part(reading, frozenset(relation.table.key for relation in here.values()))

    def constants(self, query: exp.Select) -> exp.Expr:
        """A query that reads no relation, in DuckDB's terms."""
        _, tree = readings.name(Text(None, lambda: query), self._marks, context=self.context)
        return readings.translated(tree)

    def rows(self, table: Table, relations: Relations) -> tuple[Mapping[str, exp.Expr], exp.Expr | None]:
        """What stands for the table's masked columns, and what its rows must satisfy."""
        return rows.rules(self, table, relations)

    def rights_of_policy(self, policy: Grantee) -> Rights:
        """What a policy's lookups may read: what was granted to the policy, and to everybody."""
        user = DbUser(f"{UNNAMED}{policy.kind} {policy.name}")  # nobody has such a name
        return replace(self.rights, user=user, grantees=frozenset({policy, PUBLIC}))

    def over_row(
        self,
        texts: Sequence[str],
        columns: Sequence[ColumnDefinition],
        alias: str,
        *,
        relations: Relations,
        reader: Rights,
    ) -> list[exp.Expr]:
        """Expressions over one row of these columns, in DuckDB's terms; the row stands under `row_alias`."""
        text = self.row_text(texts, columns, alias)
        reading, _ = self._read(text, relations, reader, whole=True)
        return list(reading.values)

    def _read(
        self, text: Text, relations: Relations, reader: Rights, *, whole: bool
    ) -> tuple[Reading, Mapping[TableKey, Relation]]:
        """What the text means to the reader, and the relations that it reads, each permitted and named."""
        named, tree = self._named(text)
        relations.lasting = relations.lasting and not named.momentary
        here, looks = self._looks(named, relations, reader, whole=whole)
        widths = [len(look.seen.columns) for look in looks] + [len(text.row or ())]
        relations.widen(named.stars * max(widths))
        reading = self._reading(text, named, tree, looks)
        references = [relations.refer(here[read.key], read.columns) for read in reading.reads]
        for reference, read in zip(references, reading.reads, strict=True):
            reference.ask_early(read.early)
        return reading.named([reference.name for reference in references], self._marks), here

    def _looks(
        self, named: Named, relations: Relations, reader: Rights, *, whole: bool
    ) -> tuple[Mapping[TableKey, Relation], tuple[Look, ...]]:
        """The relations that the text names, each permitted, and how they look to the reader."""
        own = reader is self.rights
        keys = {written: self._key_of(written, own=own) for written in named.tables}
        here = {key: relations.get(key, reader) for key in sorted(set(keys.values()))}
        return here, tuple(here[key].look(written, whole=whole) for written, key in keys.items())

    def resolved(
        self, text: Text, relations: Relations, reader: Rights, *, whole: bool
    ) -> tuple[exp.Query, Mapping[TableKey, Relation]]:
        """The query in Redshift's terms, qualified and typed, and what it reads, each permitted."""
        named, tree = readings.name(text, self._marks, context=self.context)
        here, looks = self._looks(named, relations, reader, whole=whole)
        return readings.resolved(tree, text, looks, self._marks), here

    def row_text(self, texts: Sequence[str], columns: Sequence[ColumnDefinition], alias: str) -> Text:
        """The text of expressions over one row of these columns."""
        return readings.over_row(texts, columns, alias, self._marks)

    def _named(self, text: Text) -> tuple[Named, exp.Query | None]:
        """What the text says by itself; and its tree, when it was not known before."""
        for user in (None, self.context.user):
            known = self.readings.texts.get((text.key, user)) if text.key is not None else None
            if known is not None:
                return known, None
        named, tree = readings.name(text, self._marks, context=self.context)
        if text.key is not None and not named.momentary:
            self.readings.texts.keep((text.key, self._user_of(named)), named)
        return named, tree

    def _reading(self, text: Text, named: Named, tree: exp.Query | None, looks: tuple[Look, ...]) -> Reading:
        """What the text means to whoever the relations look like this to."""
        key = (text.key, self._user_of(named), looks)
        keeps = text.key is not None and not named.momentary
        known = self.readings.readings.get(key) if keeps else None
        if known is not None:
            return known
        if tree is None:
            _, tree = readings.name(text, self._marks, context=self.context)
        found = readings.read(tree, text, looks, self._marks)
        if keeps:
            self.readings.readings.keep(key, found)
        return found

    def _user_of(self, named: Named) -> str | None:
        """For whom alone a text is kept."""
        return self.context.user if named.personal else None

    def _key_of(self, written: TableKey, *, own: bool) -> TableKey:
        """The relation that a name means: in views and policies, temporary tables are not meant."""
        if own:
            return self.rights.catalog.key_of(written)
        return TableKey(PUBLIC_SCHEMA, written.name) if written.schema == UNNAMED else written
