"""The DuckDB underneath: locked down, and asked itself what a query would touch."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from infra.local.warehouse.errors import (
    NotSupported,
    SqlCancelled,
    SqlError,
    SyntaxFault,
    UndefinedColumn,
    UndefinedObject,
)

# In this order: each setting forbids changing what comes before it, the last one everything.
_LOCKDOWN = (
    "SET temp_directory = ''",
    "SET TimeZone = 'UTC'",
    "SET ieee_floating_point_ops = false",
    # Otherwise a user's conditions would move into the materialised relation, beside the policies.
    "SET disabled_optimizers = 'cte_filter_pusher'",
    "SET enable_external_access = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET disabled_filesystems = 'LocalFileSystem'",
    "SET python_enable_replacements = false",
    "SET memory_limit = '2GB'",
)


class Database:
    """One locked DuckDB in memory; its tables live in a schema whose name nobody can guess."""

    def __init__(self, *, threads: int) -> None:
        self._connection = duckdb.connect(":memory:")
        self.storage = f"s{secrets.token_hex(16)}"
        for setting in (*_LOCKDOWN, f"SET threads = {int(threads)}"):
            self._connection.execute(setting)
        self._connection.execute(f'CREATE SCHEMA "{self.storage}"')
        self._connection.execute("SET lock_configuration = true")

    def session(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one statement or batch."""
        return self._connection.cursor()


def check_reach(session: duckdb.DuckDBPyConnection, sql: str, allowed: frozenset[str]) -> None:
    """Raises SqlError unless DuckDB itself finds one SELECT that touches the allowed tables at most."""
    with translated():
        statements = session.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise NotSupported("a statement of this kind")
        touched = session.get_table_names(sql, qualified=True)
    if not touched <= allowed:
        raise UndefinedObject("relation does not exist")


_MISSING_COLUMN = re.compile(r'column "?([\w$ ]{1,127})"? not found')
_GROUPING = re.compile(r'column "([\w$ ]{1,127})" must appear in the GROUP BY clause')


@contextmanager
def translated() -> Iterator[None]:
    """Turns DuckDB's errors into Redshift's, without the values, names and SQL that DuckDB's carry."""
    try:
        yield
    except duckdb.InterruptException:
        raise SqlCancelled from None
    except duckdb.ConversionException:
        raise SqlError("invalid input syntax: a value does not have the form of its type", "22P02") from None
    except duckdb.OutOfRangeException:
        raise SqlError("numeric value out of range", "22003") from None
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
    except duckdb.ParserException:
        raise SyntaxFault("syntax error") from None
    except duckdb.OutOfMemoryException:
        raise SqlError("Out of memory: the statement needs more than the warehouse has", "53200") from None
    except duckdb.Error as fault:
        raise _failure(str(fault)) from None


def _failure(text: str) -> SqlError:
    if "Division by zero" in text:
        return SqlError("division by zero", "22012")
    if "value too long" in text:
        return SqlError("value too long for type character varying", "22001")
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
