"""Redshift, as far as the stand-in needs it: statements in, results or Redshift's errors out."""

import re
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakValueDictionary

import duckdb

from infra.local.warehouse.access import changes
from infra.local.warehouse.access.membership import Memberships
from infra.local.warehouse.access.readings import Readings
from infra.local.warehouse.access.relations import Relations
from infra.local.warehouse.access.rewrite import Compiled, Compiler
from infra.local.warehouse.access.rights import DbUser, Rights, rights_of
from infra.local.warehouse.admin import grammar
from infra.local.warehouse.admin.administration import Administration
from infra.local.warehouse.admin.lexer import Reader, first_word
from infra.local.warehouse.admin.loader import ObjectReader
from infra.local.warehouse.admin.statements import DropUser, SetParameter, SetSessionAuthorization
from infra.local.warehouse.cancellation import INTERRUPT_SECONDS, Cancellation
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.content import Content, namespace_of
from infra.local.warehouse.database import check_reach, translated, translated_reading
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedObject
from infra.local.warehouse.kept import Kept
from infra.local.warehouse.plans import explain
from infra.local.warehouse.plans.explain import Explain
from infra.local.warehouse.plans.planner import Planner
from infra.local.warehouse.results import Result, done, fetch, result_of
from infra.local.warehouse.session import Session
from infra.local.warehouse.sql import dialect
from infra.local.warehouse.sql.context import Context
from infra.local.warehouse.system.history import Entry, Statement
from infra.local.warehouse.system.view import Moment, SystemView

_QUERIES = frozenset({"select", "with"})
_KEPT_QUERIES = 256
_PASSWORD = re.compile(
    r"\b(PASSWORD\s+)'(?:[^']|'')*'", re.IGNORECASE
)  # in the history, as Redshift shows it
_NO_LABEL = "default"  # of a statement in the history, as in STL_QUERY
_NONE: Mapping[str, str] = {}


@dataclass
class _Run:
    """One statement or batch under way: the catalogue and the session as it changes them."""

    connection: duckdb.DuckDBPyConnection
    catalog: Catalog
    session: Session
    user: DbUser  # whom it acts as
    parameters: Mapping[str, str]  # SET by it or before it
    cancel: Cancellation
    transaction_id: int
    dropped: frozenset[str] = frozenset()  # users who exist no longer


class Redshift(Content):
    """A warehouse of one database. Thread-safe: each call has a connection of its own."""

    def __init__(
        self,
        *,
        database: str = "dev",
        superuser: str = "admin",
        namespace: str = "AWSIDC",
        read_object: ObjectReader | None = None,
        threads: int = 2,
    ) -> None:
        super().__init__(database=database, superuser=superuser, namespace=namespace, threads=threads)
        self.read_object = read_object
        self._connections = 0  # of people who were not known so, with these groups
        self._connecting = threading.Lock()
        self._kept: Kept[Compiled] = Kept(_KEPT_QUERIES)
        self._reached: Kept[bool] = Kept(_KEPT_QUERIES)
        self._compiling: WeakValueDictionary[Hashable, threading.Lock] = WeakValueDictionary()
        self._readings = Readings()

    def execute(
        self,
        sql: str,
        *,
        user: DbUser,
        parameters: Mapping[str, str] | None = None,
        cancel: Cancellation | None = None,
        session: Session | None = None,
        query_id: int | None = None,
    ) -> Result:
        """Runs one statement as the user; SqlError says why not."""
        return self.execute_batch(
            [sql],
            user=user,
            parameters=parameters,
            cancel=cancel,
            session=session,
            query_ids=None if query_id is None else [query_id],
        )[0]

    def execute_batch(
        self,
        statements: Sequence[str],
        *,
        user: DbUser,
        parameters: Mapping[str, str] | None = None,
        cancel: Cancellation | None = None,
        session: Session | None = None,
        query_ids: Sequence[int] | None = None,
        accept: Callable[[Result], None] | None = None,
    ) -> list[Result]:
        """Runs the statements in one transaction: all of them or, at the first error, none.

        What a session keeps (temporary tables, SET) ends with the batch when no session is given.
        `query_ids`, of `history`, are the numbers under which the system views show the statements.
        `accept` gets each result before the commit; what it raises undoes all of them.
        """
        at, cancel = session or self.open_session(user), cancel or Cancellation()
        number = self.history.new_transaction_id()
        run = _Run(self._duckdb.session(), self._catalog, at, at.acting, at.parameters, cancel, number)
        ids = query_ids or [self.history.new_query_id() for _ in statements]
        results: list[Result] = []
        with ExitStack() as held:
            for sql, query_id in zip(statements, ids, strict=True):
                with self._recording(run, sql, query_id) as entry:
                    if not results:
                        self._begin(run, statements, held, entry)
                    # A statement of a batch takes those of the parameters that it names.
                    own = (
                        dialect.named_parameters(sql, parameters or _NONE)
                        if len(statements) > 1
                        else parameters
                    )
                    results.append(self._statement(run, sql, own or _NONE, entry))
                    if accept is not None:
                        accept(results[-1])
        if session is None:
            at.close()
        return results

    def _begin(self, run: _Run, statements: Sequence[str], held: ExitStack, first: Entry) -> None:
        """Begins the transaction; in the one writer's turn, when a statement may change something."""
        if any(map(self._changes, statements)):
            held.enter_context(self._alone(run.cancel, first))
        held.enter_context(self._transaction(run))
        held.enter_context(run.cancel.watching(run.connection))

    def _changes(self, sql: str) -> bool:
        try:
            return not (self._is_query(sql) or first_word(sql) == explain.KEYWORD)
        except SqlError:  # what cannot be read changes nothing, and fails when its turn comes
            return False

    def open_session(self, user: DbUser) -> Session:
        """A session in which temporary tables and SET outlive a statement; to be closed."""
        if self._people.get(user.name) != user:  # what they own is read with their rights
            self._people[user.name] = user
            self._forget_queries()
        return Session(user, user, drop=self._drop_temporary)

    def _forget_queries(self) -> None:
        with self._connecting:
            self._kept.clear()
            self._connections += 1

    def _drop_temporary(self, session: Session) -> None:
        if not session.temporary:
            return
        with self._changing, closing(self._duckdb.session()) as connection:
            for table in session.temporary.values():
                connection.execute(f"DROP TABLE IF EXISTS {self._duckdb.stored(table.physical)}")

    @contextmanager
    def _alone(self, cancel: Cancellation, entry: Entry) -> Iterator[None]:
        """The one writer's turn; whoever waits for it can be cancelled."""
        if not self._changing.acquire(blocking=False):
            entry.queued()
            while not self._changing.acquire(timeout=INTERRUPT_SECONDS):
                cancel.check()
            entry.planning()
        try:
            yield
        finally:
            self._changing.release()

    @contextmanager
    def _transaction(self, run: _Run) -> Iterator[None]:
        """Rows and catalogue of one moment; a change of both shows at one moment, or not at all."""
        with self._moment:
            self._duckdb.begin(run.connection)
            before = run.catalog = self._catalog.beside(run.session.temporary, run.session.schema)
        try:
            yield
            run.cancel.check()
        except BaseException:
            run.connection.execute("ROLLBACK")
            raise
        with self._moment, translated():
            run.connection.execute("COMMIT")
            run.session.acting, run.session.parameters = run.user, run.parameters
            for name in run.dropped:
                self._people.pop(name, None)
            if run.catalog is not before:
                self._catalog, run.session.temporary = run.catalog.apart()

    def _is_query(self, sql: str) -> bool:
        dialect.check_size(sql)
        return first_word(sql) in _QUERIES

    @contextmanager
    def _recording(self, run: _Run, sql: str, query_id: int) -> Iterator[Entry]:
        """Has the history tell of the statement that the block runs."""
        statement = Statement(
            user=run.user.name,
            text=_PASSWORD.sub(r"\1'***'", sql),
            database=self.database,
            session_id=run.session.number,
            transaction_id=run.transaction_id,
            query_id=query_id,
            label=run.parameters.get("query_group", _NO_LABEL),
        )
        with self.history.recording(statement) as entry:
            yield entry

    def _statement(self, run: _Run, sql: str, parameters: Mapping[str, str], entry: Entry) -> Result:
        run.cancel.check()
        if self._is_query(sql):
            return self._query(run, sql, parameters, entry)
        entry.running()
        word = Reader(sql).current.text
        if word == explain.KEYWORD:
            return self._explain(run, explain.read(sql), parameters, entry)
        if word in changes.KEYWORDS:
            rows, policies = changes.apply(self._compiler(run), run.connection, sql, parameters)
            entry.applied(policies)
            return done(rows)
        if word in grammar.KEYWORDS:
            return self._administer(run, sql, parameters)
        raise NotSupported(f"statement {word.upper()[:40]}")

    def _administer(self, run: _Run, sql: str, parameters: Mapping[str, str]) -> Result:
        statement = grammar.parse(sql, database=self.database)
        dialect.check_unused(parameters, set())
        if isinstance(statement, SetSessionAuthorization):
            self._act_as(run, statement.user)
            return done(0)
        if isinstance(statement, SetParameter):
            run.parameters = _with(run.parameters, statement)
            return done(0)
        administration = Administration(
            session=run.connection,
            compiler=self._compiler(run),
            read_object=self.read_object,
            known_user=partial(self._knows, run),
            is_identity_center_application=self.is_identity_center_application,
        )
        run.catalog, rows = administration.apply(statement, run.catalog)
        if isinstance(statement, DropUser):
            run.dropped |= frozenset(statement.names)
        return done(rows)

    def _act_as(self, run: _Run, name: str | None) -> None:
        """SET SESSION AUTHORIZATION: who opened the session decides whether it may."""
        opened = rights_of(run.session.user, run.catalog, namespace=namespace_of(run.catalog))
        if name is None or name == run.session.user.name:
            run.user = run.session.user
            return
        opened.require_superuser("set the session authorization")
        if not self._knows(run, name):
            raise UndefinedObject(f'user "{name}" does not exist', "42704")
        run.user = self._user(run, name)

    def _user(self, run: _Run, name: str) -> DbUser:
        """A user by name: a person with the groups that they last connected with."""
        created = run.catalog.users.get(name)
        if created is not None:
            return DbUser(name, superuser=created.superuser)
        return self._people.get(name) or DbUser(name)

    def _rights(self, run: _Run, name: str | None = None) -> Rights:
        """What the statement's user may do, or another."""
        user = run.user if name is None else self._user(run, name)
        return rights_of(user, run.catalog, namespace=namespace_of(run.catalog))

    def _knows(self, run: _Run, name: str) -> bool:
        """Whether the user was created, or has connected."""
        return name in run.catalog.users or (name in self._people and name not in run.dropped)

    def _compiler(self, run: _Run) -> Compiler:
        rights, rights_as = self._rights(run), partial(self._rights, run)
        memberships = Memberships(rights, rights_as, partial(self._knows, run))
        return Compiler(
            rights=rights,
            context=Context.at(run.user.name, self.database, memberships.functions),
            storage=self._duckdb.storage,
            prefix=f"{self._duckdb.storage}_",
            rights_as=rights_as,
            system=lambda view: self._system_view(run, view),
            readings=self._readings,
        )

    def _system_view(self, run: _Run, view: SystemView) -> str:
        """Brings the view's rows, as the user may see them, to the run's connection."""
        compiler = self._compiler(run)
        relations = Relations(replace(compiler, system=lambda _: ""))  # no rows are brought for its columns
        moment = Moment(
            rights=compiler.rights,
            database=self.database,
            history=self.history,
            now=compiler.context.now,
            namespace=namespace_of(run.catalog),
            people={n: user for n, user in dict(self._people).items() if n not in run.dropped},
            columns_of=relations.columns_of,
        )
        name = f"{compiler.prefix}{view.table.key.name}"
        run.connection.register(name, view.rows_for(moment))
        return name

    def _query(self, run: _Run, sql: str, parameters: Mapping[str, str], entry: Entry) -> Result:
        compiled = self._compiled(run, sql, parameters)
        entry.applied(compiled.policies)
        entry.running()
        table, types = fetch(run.connection, compiled.text(parameters))
        entry.returned(table.num_rows, table.nbytes)
        return result_of(compiled, table, types)

    def _explain(self, run: _Run, asked: Explain, parameters: Mapping[str, str], entry: Entry) -> Result:
        """The plan of a query that the user may run; DuckDB reads its text, and no row."""
        compiled = self._compiled(run, asked.query, parameters)
        check_types(run.connection, compiled.text(parameters))
        compiler = self._compiler(run)
        plan = Planner(compiler).plan(compiler.text_of(asked.query, parameters))
        result = asked.answer(plan)
        entry.returned(result.affected_rows, 0)
        return result

    def _compiled(self, run: _Run, sql: str, parameters: Mapping[str, str]) -> Compiled:
        """The query for DuckDB; a query that was compiled under the same rights is compiled once."""
        asked = (sql, run.user, run.catalog.version, self._connections)
        for_any, for_these = (*asked, frozenset(parameters)), (*asked, frozenset(parameters.items()))

        def known() -> Compiled | None:
            kept = self._kept.get(for_any) or self._kept.get(for_these)
            return kept if kept is not None and kept.fits(parameters) else None

        if (kept := known()) is not None:
            return kept
        # Of many who ask the same at once the first does the work, and the others wait for it.
        with self._compiling.setdefault(asked, threading.Lock()):
            if (kept := known()) is not None:
                return kept
            compiled = self._compiler(run).compile(sql, parameters)
            self._check_reach(run, compiled)
            if compiled.lasting:
                self._kept.keep(for_any if compiled.slots else for_these, compiled)
            return compiled

    def _check_reach(self, run: _Run, compiled: Compiled) -> None:
        """Has DuckDB say what the text touches: that depends on the text alone, so it is asked once."""
        asked = (compiled.sql, compiled.touched)
        if self._reached.get(asked) is None:
            check_reach(run.connection, *asked)
            if compiled.lasting:
                self._reached.keep(asked, True)


def _with(parameters: Mapping[str, str], statement: SetParameter) -> Mapping[str, str]:
    rest = {name: value for name, value in parameters.items() if name != statement.name}
    return rest if statement.value is None else {**rest, statement.name: statement.value}


def check_types(session: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raises SqlError where DuckDB finds no meaning in the query; it is not run."""
    with translated_reading(), closing(session.sql(sql)):
        pass
