"""Redshift's own rules for queries that DuckDB would run all the same."""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError, SyntaxFault

_MOST_GROUPING_SETS = 64
_GROUPINGS = (exp.Rollup, exp.Cube, exp.GroupingSets)
_CLAUSES_BEFORE_QUALIFY = ("where", "group", "having")


def check_qualify(select: exp.Select) -> None:
    """QUALIFY right after FROM: without an alias before it, it would be the relation's alias."""
    if select.args.get("qualify") is None:
        return
    if not any(node.parent_select is select for node in select.find_all(exp.Window)):
        raise NotSupported("QUALIFY without a window function")
    if any(select.args.get(clause) for clause in _CLAUSES_BEFORE_QUALIFY):
        return
    joins = select.args.get("joins") or []
    last = joins[-1] if joins else select.args.get("from_")
    conditioned = isinstance(last, exp.Join) and (last.args.get("on") or last.args.get("using"))
    if last is not None and not conditioned and not last.this.args.get("alias"):
        raise SyntaxFault('syntax error at or near "QUALIFY": the relation before it needs an alias')


def check_truth(select: exp.Select) -> None:
    """IS TRUE and its like are conditions; Redshift does not compute them in a list of columns."""
    for projection in select.expressions:
        value = projection.unalias().unnest()
        if isinstance(value, exp.Is) and isinstance(value.expression, exp.Boolean):
            raise SqlError("Not implemented", "0A000")


def check_order(query: exp.Query) -> None:
    """ORDER BY takes positions within the list of columns, and no text."""
    order = query.args.get("order")
    for ordered in order.expressions if order is not None else ():
        value = ordered.this
        if not isinstance(value, exp.Literal):
            continue
        if not value.is_int:
            raise SyntaxFault("non-integer constant in ORDER BY")
        stars = any(projection.is_star for projection in query.selects)
        if not stars and not 0 < int(value.name) <= len(query.selects):
            raise SqlError(f"ORDER BY position {value.name[:20]} is not in select list", "42P10")


def check_inputs(operation: exp.SetOperation) -> None:
    """LIMIT and OFFSET stand at the end of the whole set operation."""
    for side in (operation.this, operation.expression):
        query = side.unnest()
        if isinstance(query, exp.Query) and (query.args.get("limit") or query.args.get("offset")):
            raise SqlError("LIMIT may not be used within input to set operations.", "0A000")


def check_recursion(clause: exp.With) -> None:
    """WITH RECURSIVE: each recursive query names its columns and adds rows with UNION ALL."""
    if not clause.args.get("recursive"):
        return
    if clause.parent is not None and clause.parent.parent is not None:
        raise SyntaxFault("syntax error: WITH RECURSIVE inside a subquery")
    for cte in clause.expressions:
        if _reads(cte.this, cte.alias):
            _check_recursive(cte)


def _reads(query: exp.Expr, name: str) -> bool:
    return any(t.name.lower() == name.lower() and not t.db for t in query.find_all(exp.Table))


def _check_recursive(cte: exp.CTE) -> None:
    query = cte.this
    if not cte.args["alias"].columns:
        raise SyntaxFault("syntax error: a recursive WITH query needs a list of its columns")
    if not isinstance(query, exp.Union) or query.args.get("distinct") or _reads(query.this, cte.alias):
        raise SyntaxFault(
            "syntax error: a recursive WITH query is a UNION ALL whose second part is recursive"
        )
    member = query.expression.unnest()
    if any(part.args.get(clause) for part in (query, member) for clause in ("order", "limit", "offset")):
        raise SyntaxFault("syntax error: a recursive WITH query takes neither ORDER BY nor LIMIT")


def check_grouping(group: exp.Group) -> None:
    """GROUPING SETS, ROLLUP and CUBE: at most 64 sets, none of constants, no column twice in one."""
    parts = [part for clause in ("rollup", "cube", "grouping_sets") for part in group.args.get(clause) or ()]
    parts += [part for part in group.expressions if isinstance(part, _GROUPINGS)]
    if not parts:
        return
    count = 1
    for part in parts:
        count *= _sets(part)
    if count > _MOST_GROUPING_SETS:
        raise SqlError(f"GROUP BY takes at most {_MOST_GROUPING_SETS} grouping sets", "54000")
    for part in parts:
        _check_columns(part)


def _sets(part: exp.Expr) -> int:
    """How many grouping sets a clause stands for."""
    if isinstance(part, exp.Rollup):
        return len(part.expressions) + 1
    if isinstance(part, exp.Cube):
        return int(2 ** min(len(part.expressions), _MOST_GROUPING_SETS))
    if isinstance(part, exp.GroupingSets):
        return sum(_sets(each) for each in part.expressions)
    return 1


def _check_columns(part: exp.Expr) -> None:
    columns = list(_elements(part))
    if any(isinstance(column, exp.Literal | exp.Null | exp.Boolean) for column in columns):
        raise SqlError("constants cannot be grouping columns of GROUPING SETS, ROLLUP or CUBE", "42803")
    together = (
        [columns] if isinstance(part, exp.Rollup | exp.Cube) else [_elements(e) for e in part.expressions]
    )
    for listed in map(list, together):
        if any(column in listed[:place] for place, column in enumerate(listed)):
            raise SqlError("a column stands twice in a grouping set", "42803")


def _elements(part: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(part, (*_GROUPINGS, exp.Tuple)):
        for each in part.expressions:
            yield from _elements(each)
    else:
        yield part.unnest()


def check_distinct_aggregate(node: exp.Distinct) -> None:
    """COUNT (DISTINCT …) takes one argument."""
    if isinstance(node.parent, exp.Count) and len(node.expressions) > 1:
        raise SqlError("function count does not take several arguments", "42883")


def check_row(node: exp.Tuple) -> None:
    """Row values stand in = and <>, and before IN; all of one length."""
    others: Sequence[exp.Expr] = ()
    if isinstance(node.parent, exp.EQ | exp.NEQ):
        others = (node.parent.this, node.parent.expression)
    elif isinstance(node.parent, exp.In) and node.arg_key == "this":
        others = node.parent.expressions
    elif isinstance(node.parent, exp.In):
        others = (node.parent.this,)
    for other in others:
        if not isinstance(other, exp.Tuple):
            raise NotSupported("a row value beside another value")
        if len(other.expressions) != len(node.expressions):
            raise SyntaxFault("unequal number of entries in row expression")
