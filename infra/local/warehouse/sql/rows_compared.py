"""Row values in comparisons, as comparisons of what stands in them."""

import secrets
from collections.abc import Callable, Sequence

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SyntaxFault
from infra.local.warehouse.sql import kinds

Comparison = Callable[[exp.Binary], exp.Expr]
# The subquery around that of IN; no query has the name.
_LISTED = f"listed {secrets.token_hex(8)}"
_CONDITIONS = (exp.And, exp.Paren)


def equal(node: exp.EQ | exp.NEQ, compared: Comparison) -> exp.Expr:
    """Rows are equal when each value is; NULL leaves it open."""
    found = _all_equal(node.this.expressions, node.expression.expressions, compared)
    return exp.Paren(this=exp.Not(this=found)) if isinstance(node, exp.NEQ) else found


def among(node: exp.In, compared: Comparison) -> exp.Expr:
    """Whether a row is one of those listed, or of a subquery's."""
    values = node.this.expressions
    query = node.args.get("query")
    if query is not None:
        return _exists(node, values, query.unnest(), compared)
    rows = [_all_equal([v.copy() for v in values], row.expressions, compared) for row in node.expressions]
    return exp.Paren(this=exp.or_(*rows, copy=False))


def _all_equal(left: Sequence[exp.Expr], right: Sequence[exp.Expr], compared: Comparison) -> exp.Expr:
    pairs = [compared(exp.EQ(this=a, expression=b)) for a, b in zip(left, right, strict=True)]
    return exp.Paren(this=exp.and_(*pairs, copy=False))


def _exists(node: exp.In, values: Sequence[exp.Expr], query: exp.Expr, compared: Comparison) -> exp.Expr:
    """IN with a subquery, where only its being true matters: a join finds it."""
    holder = node.parent
    while isinstance(holder, _CONDITIONS):
        holder = holder.parent
    if not isinstance(holder, exp.Where | exp.Having) or not isinstance(query, exp.Query):
        raise NotSupported("IN with row values and a subquery anywhere but as a condition of WHERE")
    if len(query.selects) != len(values):
        raise SyntaxFault("subquery has a different number of columns than the row before IN")
    names = [f"{_LISTED}{number}" for number in range(len(values))]
    listed = [exp.column(name, _LISTED, quoted=True) for name in names]
    for column, projection in zip(listed, query.selects, strict=True):
        column.type = kinds.of(projection)
    alias = exp.TableAlias(
        this=exp.to_identifier(_LISTED, quoted=True),
        columns=[exp.to_identifier(name, quoted=True) for name in names],
    )
    condition = _all_equal(listed, values, compared)
    select = exp.Select(
        expressions=[exp.Literal.number(1)],
        from_=exp.From(this=exp.Subquery(this=query, alias=alias)),
        where=exp.Where(this=condition),
    )
    return exp.Exists(this=select)
