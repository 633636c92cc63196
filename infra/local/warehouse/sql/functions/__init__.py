"""The scalar functions that analysts may call: Redshift's name, its type, and what DuckDB computes for it."""

from collections.abc import Mapping

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql.functions.conditionals import CONDITIONALS
from infra.local.warehouse.sql.functions.dates import DATES, extract
from infra.local.warehouse.sql.functions.formatting import FORMATTING
from infra.local.warehouse.sql.functions.function import Function, call, cast, dated, number, within
from infra.local.warehouse.sql.functions.hashes import HASHES
from infra.local.warehouse.sql.functions.numbers import NUMBERS
from infra.local.warehouse.sql.functions.patterns import PATTERNS
from infra.local.warehouse.sql.functions.semistructured import SEMISTRUCTURED
from infra.local.warehouse.sql.functions.strings import STRINGS, substring

FUNCTIONS: Mapping[str, Function] = {
    **CONDITIONALS,
    **DATES,
    **FORMATTING,
    **HASHES,
    **NUMBERS,
    **PATTERNS,
    **SEMISTRUCTURED,
    **STRINGS,
}

__all__ = [
    "FUNCTIONS",
    "Function",
    "call",
    "cast",
    "dated",
    "extract",
    "lookup",
    "number",
    "substring",
    "within",
]


def lookup(node: exp.Expr) -> Function:
    """The function that the node calls; an error that names it when it is not listed or is called wrongly."""
    name = str(node.this).lower()
    function = FUNCTIONS.get(name)
    if function is None:
        raise NotSupported(f"function {name[:60]}()")
    if not function.least <= len(node.expressions) <= function.most:
        raise SqlError(f"function {name} does not take {len(node.expressions)} arguments", "42883")
    return function
