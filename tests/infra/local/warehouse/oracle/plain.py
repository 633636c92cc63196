"""A plain DuckDB that holds what it is told, for as long as a question takes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import duckdb

from tests.infra.local.warehouse.oracle.expressions import TYPES, literal
from tests.infra.local.warehouse.oracle.world import KINDS

Rows = Sequence[Mapping[str, Any]]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("CREATE SCHEMA public; SET schema = 'public'")
    return connection


def definition(key: str, columns: Sequence[str], rows: Rows) -> str:
    """The statements that make a table of these rows, as far as these columns go."""
    listed = ", ".join(f"{name} {TYPES[KINDS[name]]}" for name in columns)
    lines = (", ".join(literal(KINDS[name], row[name]) for name in columns) for row in rows)
    filled = f"INSERT INTO {key} VALUES {', '.join(f'({line})' for line in lines)};" if rows else ""
    return f"CREATE TABLE {key} ({listed}); {filled}"


@contextmanager
def holding(contents: Mapping[str, tuple[Sequence[str], Rows]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with these tables: of each the columns and the rows; afterwards nothing is left."""
    connection = _connection()
    tables = " ".join(definition(key, *content) for key, content in contents.items())
    connection.execute("BEGIN")
    try:
        connection.execute(f"CREATE SCHEMA shop; {tables}")
        yield connection
    finally:
        connection.execute("ROLLBACK")
