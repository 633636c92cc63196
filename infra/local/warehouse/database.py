"""The DuckDB underneath: locked down, and asked itself what a query would touch."""

import json
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling

from infra.local.warehouse.errors import (
    NotSupported,
    SqlCancelled,
    SqlError,
    SyntaxFault,
    UndefinedColumn,
    UndefinedObject,
)
from infra.local.warehouse.sql.functions.macros import FAULTS, MACROS
from infra.local.warehouse.sql.json_text import CALLED

# In this order: each setting forbids changing what comes before it, the last one everything.
_LOCKDOWN = (
    "SET GLOBAL temp_directory = ''",
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL ieee_floating_point_ops = false",
    # Otherwise a user's conditions would move into the materialised relation, beside the policies; and what
    # is known of a stored column, hidden rows and all, would decide whether a condition is evaluated at all.
    "SET GLOBAL disabled_optimizers = 'cte_filter_pusher,statistics_propagation'",
    "SET GLOBAL enable_external_access = false",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
    "SET GLOBAL disabled_filesystems = 'LocalFileSystem'",
    "SET GLOBAL python_enable_replacements = false",
    "SET GLOBAL memory_limit = '2GB'",
)

_SOURCES = frozenset({"BASE_TABLE", "JOIN", "SUBQUERY", "EMPTY", "EMPTY_FROM"})


def _internal_names() -> frozenset[str]:
    with duckdb.connect(":memory:") as connection:
        views = connection.execute("SELECT view_name FROM duckdb_views() WHERE internal").fetchall()
    return frozenset(name.lower() for (name,) in views)


_INTERNAL = _internal_names()  # DuckDB's own views: a CTE of such a name is not trusted to hide one


_ANCHOR = "anchor"


@dataclass(frozen=True)
class Stored:
    """A table of DuckDB's at one moment."""

    definition: str  # the statement that makes it
    rows: pa.Table


class Database:
    """One locked DuckDB in memory; its tables live in a schema whose name nobody can guess."""

    def __init__(self, *, threads: int) -> None:
        self._connection = self._open(threads)
        self.storage = f"s{secrets.token_hex(16)}"
        self._connection.execute(f"CREATE SCHEMA {quoted(self.storage)}")
        self._anchor = f"SELECT 0 FROM {self.stored(_ANCHOR)}"
        self._connection.execute(f"CREATE TABLE {self.stored(_ANCHOR)} (nothing INTEGER)")

    def _open(self, threads: int) -> duckdb.DuckDBPyConnection:
        """A DuckDB that is locked, and has what our own functions need."""
        connection = duckdb.connect(":memory:")
        for setting in (*_LOCKDOWN, f"SET threads = {int(threads)}"):
            connection.execute(setting)
        for macro in MACROS:
            connection.execute(f"CREATE MACRO {macro}")
        for name, (function, arguments, result) in CALLED.items():
            connection.create_function(
                name, function, list(arguments), result, null_handling=FunctionNullHandling.SPECIAL
            )
        connection.execute("SET lock_configuration = true")
        return connection

    def session(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one statement or batch."""
        return self._connection.cursor()

    def stored(self, physical: str) -> str:
        """A stored table as SQL names it."""
        return f"{quoted(self.storage)}.{quoted(physical)}"

    def keep(self, names: Collection[str]) -> dict[str, Stored]:
        """Those of the tables that are stored, as they are now."""
        with closing(self.session()) as session:
            definitions = self._definitions(session)
            return {
                name: Stored(definitions[name], session.sql(f"FROM {self.stored(name)}").to_arrow_table())
                for name in names
                if name in definitions
            }

    def put(self, tables: Mapping[str, Stored]) -> None:
        """Makes these the only tables."""
        with closing(self.session()) as session:
            session.execute("BEGIN TRANSACTION")
            for name in self._definitions(session):
                session.execute(f"DROP TABLE {self.stored(name)}")
            for name, table in tables.items():
                session.execute(table.definition)
                session.register("kept", table.rows)
                session.execute(f"INSERT INTO {self.stored(name)} FROM kept")
            session.execute("COMMIT")

    def _definitions(self, session: duckdb.DuckDBPyConnection) -> dict[str, str]:
        found = session.execute(
            "SELECT table_name, sql FROM duckdb_tables() WHERE schema_name = ? AND table_name <> ?",
            [self.storage, _ANCHOR],
        )
        return dict(found.fetchall())

    def begin(self, session: duckdb.DuckDBPyConnection) -> None:
        """Begins a transaction that sees this moment: DuckDB fixes it at the first table read, not before."""
        session.execute("BEGIN TRANSACTION")
        session.execute(self._anchor).fetchall()


def quoted(name: str) -> str:
    """The name as DuckDB's SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def check_reach(session: duckdb.DuckDBPyConnection, sql: str, allowed: frozenset[str]) -> None:
    """Raises SqlError unless DuckDB itself finds one SELECT that touches the allowed tables at most."""
    with translated():
        touched = session.get_table_names(sql, qualified=True)
        ((serialised,),) = session.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    try:
        tree = json.loads(serialised)
    except RecursionError:
        raise _complexity() from None
    if tree["error"] or len(tree["statements"]) != 1:  # of what is no SELECT there is no tree
        raise NotSupported("a statement of this kind")
    # DuckDB's own views do not count as tables there, so its parse tree is read as well.
    if not (touched <= allowed and _reaches_only(tree, allowed)):
        raise UndefinedObject("relation does not exist")


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Every object of DuckDB's serialised parse tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
        if isinstance(node, dict | list):
            waiting.extend(node.values() if isinstance(node, dict) else node)


def _reaches_only(tree: Mapping[str, Any], allowed: frozenset[str]) -> bool:
    """Whether every source in FROM is an allowed table, a CTE of the query, a join or a subquery."""
    nodes = list(_nodes(tree))
    ctes = {entry["key"] for node in nodes for entry in node.get("cte_map", {}).get("map", ())}
    sources = [node for node in nodes if "sample" in node and "modifiers" not in node]
    return all(
        node["type"] in _SOURCES
        and (node["type"] != "BASE_TABLE" or _is_reachable(node["qualified_name"]["path"], ctes, allowed))
        for node in sources
    )


def _is_reachable(path: list[str], ctes: set[str], allowed: frozenset[str]) -> bool:
    if len(path) == 1:
        return path[0] in allowed or (path[0] in ctes and path[0].lower() not in _INTERNAL)
    return ".".join(path) in allowed


_MISSING_COLUMN = re.compile(r'column "?([\w$ ]{1,127})"? not found')
_GROUPING = re.compile(r'column "([\w$ ]{1,127})" must appear in the GROUP BY clause')


@contextmanager
def translated() -> Iterator[None]:
    """Turns DuckDB's errors into Redshift's, without the values, names and SQL that DuckDB's carry."""
    try:
        yield
    except duckdb.InterruptException:
        raise SqlCancelled from None
    except duckdb.ConversionException as fault:
        raise _conversion(str(fault)) from None
    except duckdb.OutOfRangeException:
        raise _out_of_range() from None
    except duckdb.ConstraintException as fault:
        kind = (
            "null value in a column violates not-null constraint"
            if "NOT NULL" in str(fault)
            else "constraint"
        )
        raise SqlError(kind, "23502") from None
    except duckdb.BinderException as fault:
        raise _binding(str(fault)) from None
    except duckdb.CatalogException:
        raise UndefinedObject("a relation or function of the statement does not exist") from None
    except duckdb.ParserException as fault:
        raise _complexity() if "depth" in str(fault) else SyntaxFault("syntax error") from None
    except duckdb.OutOfMemoryException:
        raise _out_of_memory() from None
    except duckdb.Error as fault:
        raise _failure(str(fault)) from None


@contextmanager
def translated_reading() -> Iterator[None]:
    """Does the same for errors while rows are read: Arrow stands between, and leaves but the text."""
    with translated():
        try:
            yield
        except OSError as fault:
            text = str(fault)
            kind = _WHILE_READING.get(text.partition(" Error:")[0])
            raise (kind(text) if kind else _failure(text)) from None


def _conversion(text: str) -> SqlError:
    if "is out of range" in text:
        return _out_of_range()
    return SqlError("invalid input syntax: a value does not have the form of its type", "22P02")


def _out_of_range() -> SqlError:
    return SqlError("numeric value out of range", "22003")


def _out_of_memory() -> SqlError:
    return SqlError("Out of memory: the statement needs more than the warehouse has", "53200")


_WHILE_READING: Mapping[str, Callable[[str], SqlError]] = {
    "INTERRUPT": lambda _: SqlCancelled(),
    "Conversion": _conversion,
    "Out of Range": lambda _: _out_of_range(),
    "Out of Memory": lambda _: _out_of_memory(),
}


def _complexity() -> SqlError:
    return SqlError("statement is too complex", "54001")


# How RE2 begins what it has to say of a pattern.
_NO_PATTERN = (
    *("missing ", "no argument for repetition", "bad repetition", "invalid repetition", "trailing \\"),
    *("invalid escape", "invalid character class", "invalid perl operator", "invalid named capture"),
)


def _failure(text: str) -> SqlError:
    if "Division by zero" in text:
        return SqlError("division by zero", "22012")
    if text.removeprefix("Invalid Input Error: ").startswith(_NO_PATTERN):
        return SqlError("invalid regular expression", "2201B")
    if "is undefined outside" in text:
        return _out_of_range()
    found = next((fault() for marker, fault in FAULTS.items() if marker in text), None)
    if found is not None:
        return found
    return SqlError("the statement failed")


def _binding(text: str) -> SqlError:
    missing, grouping = _MISSING_COLUMN.search(text), _GROUPING.search(text)
    if missing:
        return UndefinedColumn(f'column "{missing[1]}" does not exist')
    if grouping:
        return SqlError(
            f'column "{grouping[1]}" must appear in the GROUP BY clause or be used in an aggregate function',
            "42803",
        )
    if "subquery" in text:
        return SqlError("a subquery of this form cannot be used here", "42601")
    if "GROUP BY" in text or "aggregate" in text.lower():
        return SqlError("aggregates and grouping do not fit together in this query", "42803")
    return SqlError("operands or arguments have types that do not fit together", "42883")
