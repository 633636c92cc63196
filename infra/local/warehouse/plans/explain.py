"""EXPLAIN: the statement that it explains, and its answer."""

from dataclasses import dataclass

import pyarrow as pa

from infra.local.warehouse.admin.lexer import Reader, first_word
from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.plans.step import Step, lines, tree
from infra.local.warehouse.results import Column, Result
from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR

KEYWORD = "explain"
COLUMN = "QUERY PLAN"
_COLUMN = Column(COLUMN, "varchar", MAX_VARCHAR, 0, MAX_VARCHAR, nullable=True, schema_name="", table_name="")
_QUERIES = frozenset({"select", "with"})
_CHANGES = frozenset({"insert", "update", "delete", "create"})  # Redshift explains these, too


@dataclass(frozen=True)
class Explain:
    """The query that is asked about, and whether VERBOSE."""

    query: str
    verbose: bool

    def answer(self, plan: Step) -> Result:
        """The plan, a row for each line of it."""
        found = list(lines(plan))
        if self.verbose:
            found = [*tree(plan), "", *found]
        table = pa.table({COLUMN: pa.array(found, pa.string())})
        return Result((_COLUMN,), table, table.num_rows, has_result_set=True)


def read(sql: str) -> Explain:
    """The statement; what it explains is a query, and anything else is refused and not run."""
    reader = Reader(sql)
    reader.expect(KEYWORD)
    verbose = reader.accept("verbose")
    query = sql[reader.current.start :]  # to the last character, as it would be read without EXPLAIN
    word = first_word(query)
    if word in _QUERIES:
        return Explain(query, verbose)
    if word in _CHANGES:
        raise NotSupported(f"EXPLAIN of {word.upper()}")
    raise reader.fault()
