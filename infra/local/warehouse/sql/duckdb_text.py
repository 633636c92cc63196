"""DuckDB's SQL of a translated tree."""

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ErrorLevel, UnsupportedError

from infra.local.warehouse.errors import NotSupported

_DUCKDB = DuckDB()


def generate(tree: exp.Expr) -> str:
    """The text, without comments; what has no twin in DuckDB is refused."""
    try:
        return _DUCKDB.generate(
            tree, copy=False, comments=False, unsupported_level=ErrorLevel.RAISE, identify=True
        )
    except UnsupportedError:
        raise NotSupported("a query of this form") from None
