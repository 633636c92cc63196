"""Correlated subqueries that Redshift cannot take apart, and refuses."""

from collections.abc import Iterator

from sqlglot import exp

from infra.local.warehouse.errors import SqlError

_SOURCES = (exp.From, exp.Join, exp.Lateral, exp.CTE)
_WRAPPERS = (exp.Subquery, exp.SetOperation, exp.Paren)


def check(select: exp.Select) -> None:
    """Raises SqlError when the qualified SELECT is a subquery that Redshift does not support."""
    if _is_expression(select):
        for column in _outer_columns(select):
            _check_column(select, column)


def _is_expression(select: exp.Select) -> bool:
    """Whether the SELECT stands where a value does, and not in FROM or WITH."""
    node = select.parent
    while isinstance(node, _WRAPPERS):
        node = node.parent
    return node is not None and not isinstance(node, _SOURCES)


def _outer_columns(select: exp.Select) -> Iterator[exp.Column]:
    for column in select.find_all(exp.Column):
        if column.table and not any(column.table in _names(each) for each in _around(column, select)):
            yield column


def _around(column: exp.Column, outermost: exp.Select) -> Iterator[exp.Select]:
    """The SELECTs that the column stands in, up to the outermost."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        yield select
        select = None if select is outermost else select.find_ancestor(exp.Select)


def _names(select: exp.Select) -> set[str]:
    clauses = (select.args.get("from_"), *(select.args.get("joins") or ()))
    return {clause.this.alias_or_name for clause in clauses if clause is not None}


def _check_column(select: exp.Select, column: exp.Column) -> None:
    outer = select.find_ancestor(exp.Select)
    skips = outer is not None and column.table not in _names(outer)
    clause = select.find_ancestor(exp.Join, exp.Group, exp.Select)
    in_outer_join = isinstance(clause, exp.Join) and bool(clause.side)
    windows = any(window.find_ancestor(exp.Select) is select for window in select.find_all(exp.Window))
    if skips or in_outer_join or windows or isinstance(clause, exp.Group) or _is_grouped_list(select):
        raise SqlError("This type of correlated subquery pattern is not supported yet", "0A000")


def _is_grouped_list(select: exp.Select) -> bool:
    """Whether IN looks among the aggregates of groups; MIN and MAX are no such."""
    subquery = select.parent
    grouped = select.args.get("group") is not None and subquery is not None
    others = (node for node in select.find_all(exp.AggFunc) if not isinstance(node, exp.Min | exp.Max))
    return grouped and isinstance(subquery.parent, exp.In) and next(others, None) is not None  # type: ignore[union-attr]
