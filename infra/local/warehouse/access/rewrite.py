"""The authorised rewriting: an analyst's query becomes one that can only reach what they may see."""

import secrets
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ErrorLevel, OptimizeError, SqlglotError, UnsupportedError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify_columns import qualify_columns, quote_identifiers, validate_qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import Scope, traverse_scope

from infra.local.warehouse.access import early, rows, scopes, templates
from infra.local.warehouse.access.outputs import Output, outputs_of
from infra.local.warehouse.access.relations import Reference, Relation, Relations, schema_of
from infra.local.warehouse.access.rights import DbUser, Rights
from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.objects import (
    PUBLIC,
    PUBLIC_SCHEMA,
    UNNAMED,
    ColumnDefinition,
    Grantee,
    Policy,
    Table,
    TableKey,
)
from infra.local.warehouse.sql import (
    column_names,
    dialect,
    forms,
    inference,
    joins,
    meaning,
    shape,
)
from infra.local.warehouse.sql.context import Context, is_momentary, place
from infra.local.warehouse.system.history import AppliedPolicy
from infra.local.warehouse.system.view import SystemView

_DUCKDB = DuckDB()


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
    """One query of a statement, translated, and what it reads."""

    tree: exp.Expr
    outputs: tuple[Output, ...]
    sources: frozenset[TableKey]


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
    # Those of policies that read nothing but the row, by policy and user: an engine's compilers share them.
    conditions: MutableMapping[tuple[Policy, str], exp.Expr] = field(default_factory=dict)

    def compile(self, sql: str, parameters: Mapping[str, str]) -> Compiled:
        """The query, bound, authorised and in DuckDB's terms; where that may be, for other values as well."""
        try:
            tree = dialect.parse(sql)
            slots = templates.slots(tree, parameters, sql)
            if slots is not None and templates.fits(slots, parameters):
                template = self._template(tree, slots)
                if template is not None:
                    return template
                tree = dialect.parse(sql)  # the other one has marks in it
            return self.compile_tree(dialect.bind(tree, parameters))
        except RecursionError:
            raise SqlError("statement is too complex", "54001") from None

    def _template(self, tree: exp.Expr, slots: Mapping[str, templates.Fits]) -> Compiled | None:
        """The query with marks for its values; None when its meaning depends on one of them after all."""
        try:
            compiled = self.compile_tree(dialect.bind(tree, templates.marks(slots)))
        except SqlError:
            return None
        return replace(compiled, slots=slots) if templates.holds(compiled.sql, slots) else None

    def compile_definition(self, sql: str, *, whole: bool) -> Compiled:
        """The query of a view or a table, which takes no parameters."""
        try:
            return self.compile_tree(dialect.bind(dialect.parse(sql), {}), whole=whole)
        except RecursionError:
            raise SqlError("statement is too complex", "54001") from None

    @property
    def row_alias(self) -> str:
        """What stands for a stored table where its rows are read; no query can hide it."""
        return f"{self.prefix}r"

    def compile_tree(self, tree: exp.Expr, *, whole: bool = False) -> Compiled:
        """The bound query, authorised and in DuckDB's terms."""
        relations = Relations(self)
        part = self.part(tree, relations, self.rights, whole=whole)
        sql = generate(relations.before(part.tree))
        return Compiled(
            sql, part.outputs, relations.touched, relations.lasting, part.sources, tuple(relations.policies)
        )

    def part(self, tree: exp.Expr, relations: Relations, reader: Rights, *, whole: bool) -> Part:
        """A query of the statement, in DuckDB's terms; it reads what the reader may read.

        Its `*` is the columns that the reader may read, or, `whole`, all of them.
        """
        relations.lasting = relations.lasting and not is_momentary(tree)
        query = self.prepare(tree)
        here = self.resolve(query, relations, reader, whole=whole)
        found = traverse_scope(query)
        scopes.check_names(found)
        outputs = outputs_of(query, found[-1], {key: relation.table for key, relation in here.items()})
        sources = frozenset(relation.table.key for relation in here.values())
        references = _refer(query, found, here, relations)
        translated = meaning.translate(query)
        early.push(translated, references)
        return Part(translated, outputs, sources)

    def constants(self, query: exp.Select) -> exp.Expr:
        """A query that reads no relation, in DuckDB's terms."""
        return self.part(query, Relations(self), self.rights, whole=True).tree

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
        row = Table(TableKey(self.prefix, "row"), "", tuple(columns))
        source = exp.Table(this=exp.to_identifier("row"), db=exp.to_identifier(self.prefix))
        source.set("alias", exp.TableAlias(this=exp.to_identifier(alias or self.row_alias)))
        projections = [
            exp.alias_(exp.Paren(this=dialect.parse_expression(text)), f"e{number}")
            for number, text in enumerate(texts)
        ]
        relations.lasting = relations.lasting and not any(map(is_momentary, projections))
        query = self.prepare(exp.Select(expressions=projections).from_(source))
        scopes.check_row_expressions(query)
        here = self.resolve(query, relations, reader, row=row, whole=True)
        found = traverse_scope(query)
        scopes.check_uncorrelated(found)
        for table, column in list(scopes.columns_read(found)):
            if table.db == self.prefix:
                column.set("table", exp.to_identifier(self.row_alias, quoted=True))
        query.set("from_", None)
        _refer(query, found, here, relations)
        return [projection.unalias() for projection in meaning.translate(query).expressions]

    def prepare(self, tree: exp.Expr) -> exp.Query:
        """The tree with names, constants and only listed shapes."""
        tree = forms.write_out(tree.unnest())
        column_names.name_projections(tree)
        tree = place(tree, context=self.context)
        query = shape.check_query(tree)
        meaning.normalize_casts(query)
        return query

    def resolve(
        self, tree: exp.Expr, relations: Relations, reader: Rights, *, whole: bool, row: Table | None = None
    ) -> dict[TableKey, Relation]:
        """Qualifies and types the tree in place; the relations it reads, each permitted."""
        self._check_catalogs(tree)
        normalize_identifiers(tree, dialect=dialect.DIALECT)
        qualify_tables(tree, db=UNNAMED, dialect=dialect.DIALECT)
        self._name_schemas(tree, own=reader is self.rights)
        keys = scopes.keys(tree) - ({row.key} if row else set())
        here = {key: relations.get(key, reader) for key in sorted(keys)}
        tables = [replace(r.seen(whole=whole), key=key) for key, r in here.items()] + ([row] if row else [])
        if not whole:
            scopes.check_written(tree, {key: relation.unseen for key, relation in here.items()})
        relations.widen(scopes.stars(tree) * max((len(table.columns) for table in tables), default=0))
        schema = schema_of(tables)
        columns = {key: relation.table.column_names for key, relation in here.items()}
        unseen = {} if whole else _unseen(here)
        joins.name_natural(tree, lambda table: columns.get(TableKey(table.db, table.name), ()))
        try:
            qualify_columns(tree, schema, dialect=dialect.DIALECT)
            for select in reversed(list(tree.find_all(exp.Select))):  # each star stands for many columns
                forms.settle(select, unseen)
                shape.check_width(select)
            forms.drop_schemas(tree)
            if tree.find(exp.TableColumn):
                raise NotSupported("a relation as a value")
            quote_identifiers(tree, dialect=dialect.DIALECT)
            validate_qualify_columns(tree)
            inference.annotate(tree, schema)
        except OptimizeError as fault:
            seen, known = tables[: len(here)], [relation.table for relation in here.values()]
            denied = scopes.hidden(fault, seen, known)
            raise denied or scopes.undefined(fault, tables) from None
        except SqlglotError:
            raise NotSupported("a query of this form") from None
        return here

    def _name_schemas(self, tree: exp.Expr, *, own: bool) -> None:
        """Gives names without a schema theirs: in views and policies, temporary tables are not meant."""
        catalog = self.rights.catalog
        for table in tree.find_all(exp.Table):
            if table.db == UNNAMED:
                schema = catalog.key_of(TableKey(UNNAMED, table.name)).schema if own else PUBLIC_SCHEMA
                table.set("db", exp.to_identifier(schema))

    def _check_catalogs(self, tree: exp.Expr) -> None:
        for table in tree.find_all(exp.Table):
            if table.catalog and table.catalog.lower() != self.context.database:
                raise NotSupported("a cross-database reference")
            table.set("catalog", None)


def _unseen(here: Mapping[TableKey, Relation]) -> dict[str, str]:
    """The columns that are not granted, and whose they are."""
    return {name: relation.table.key.name for relation in here.values() for name in relation.unseen}


def _refer(
    query: exp.Expr, found: Sequence[Scope], here: Mapping[TableKey, Relation], relations: Relations
) -> dict[str, Reference]:
    """Puts a reference in the place of each relation; those of relations that may be asked early, by name.

    A relation that is a barrier is materialised first: otherwise DuckDB could evaluate the user's
    conditions on rows that the policies hide, and an error or a failed cast would tell of them.
    """
    read: dict[int, set[str]] = {}
    for table, column in scopes.columns_read(found):
        read.setdefault(id(table), set()).add(column.name)
    early_ones = {}
    for node in [node for node in query.find_all(exp.Table) if node.db]:
        relation = here[TableKey(node.db, node.name)]
        reference = relations.refer(relation, read.get(id(node), ()))
        node.replace(_reference(reference.name, node.alias))
        if reference.asks_early:
            early_ones[reference.name] = reference
    return early_ones


def _reference(name: str, alias: str) -> exp.Table:
    return exp.Table(
        this=exp.to_identifier(name, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)),
    )


def generate(tree: exp.Expr) -> str:
    """DuckDB's SQL of the tree, without comments; what has no twin in DuckDB is refused."""
    try:
        return _DUCKDB.generate(
            tree, copy=False, comments=False, unsupported_level=ErrorLevel.RAISE, identify=True
        )
    except UnsupportedError:
        raise NotSupported("a query of this form") from None
