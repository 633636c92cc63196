"""EXPLAIN: the statement that it explains, and its answer."""

from collections.abc import Iterable

import pyarrow as pa

from infra.local.warehouse.admin.lexer import Reader, first_word
from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.results import Column, Result
from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR

KEYWORD = "explain"
COLUMN = "QUERY PLAN"
_QUERIES = frozenset({"select", "with"})
_CHANGES = frozenset({"insert", "update", "delete", "create"})  # Redshift explains these, too


def explained(sql: str) -> str:
    """The query that the statement asks about; what is no query is refused, and is not run."""
    reader = Reader(sql)
    reader.expect(KEYWORD)
    if reader.accept("verbose"):
        raise NotSupported("EXPLAIN VERBOSE")
    fault = reader.fault()
    query, _ = reader.rest()
    word = first_word(query)
    if word in _QUERIES:
        return query
    if word in _CHANGES:
        raise NotSupported(f"EXPLAIN of {word.upper()}")
    raise fault


def answer(lines: Iterable[str]) -> Result:
    """The plan as rows of text."""
    column = Column(
        COLUMN, "varchar", MAX_VARCHAR, 0, MAX_VARCHAR, nullable=True, schema_name="", table_name=""
    )
    table = pa.table({COLUMN: pa.array(list(lines), pa.string())})
    return Result((column,), table, table.num_rows, has_result_set=True)
