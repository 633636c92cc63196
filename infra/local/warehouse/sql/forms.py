"""Forms of Redshift's SQL that say shorter what other forms say, written out."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp

from infra.local.warehouse.errors import (
    NotSupported,
    PermissionDenied,
    SqlError,
    SyntaxFault,
    UndefinedColumn,
    UndefinedObject,
)
from infra.local.warehouse.sql import correlation, joins, pivots, session_roles, unnesting

_EXCLUDED = "excluded"  # the names of EXCLUDE, until the star beside it is written out
_SCHEMAS = "schemas"  # whether a column may be named with its relation's schema
_MOST_ROWS = 2**31 - 1


def write_out(tree: exp.Expr) -> exp.Expr:
    """The tree without the short forms that need no names to be known."""
    for node in list(tree.walk()):
        rule = _RULES.get(type(node))
        if rule is not None:
            rule(node, tree)
    return tree


def drop_schemas(tree: exp.Expr) -> None:
    """Takes the schema from columns that are named with it, when it is that of their relation."""
    for column in tree.find_all(exp.Column) if tree.meta.pop(_SCHEMAS, False) else ():
        if not column.db:
            continue
        if not _is_of(column):
            raise UndefinedObject(f'invalid reference to FROM-clause entry for table "{column.table}"')
        column.set("db", None)


def _is_of(column: exp.Column) -> bool:
    select = column.find_ancestor(exp.Select)
    while select is not None:
        clauses = [select.args.get("from_"), *(select.args.get("joins") or [])]
        for source in (clause.this for clause in clauses if clause is not None):
            if isinstance(source, exp.Table) and source.alias_or_name == column.table:
                return source.db == column.db
        select = select.find_ancestor(exp.Select)
    return False


def settle(select: exp.Select, hidden: Mapping[str, str]) -> None:
    """Checks a SELECT once its columns are known, and writes out what needs them: EXCLUDE, GROUP BY ALL, (+).

    `hidden` are the columns that its reader does not see, and the relations that have them.
    """
    excluded = select.meta.pop(_EXCLUDED, None)
    if excluded:
        _exclude(select, excluded, hidden)
    group = select.args.get("group")
    if group is not None and group.args.get("all"):
        _group_by_all(select)
    where = select.args.get("where")
    if where is not None:
        joins.write_out_marks(select, where)
    correlation.check(select)


def _note_schema(column: exp.Column, tree: exp.Expr) -> None:
    if column.args.get("db"):
        tree.meta[_SCHEMAS] = True


def _note_natural(join: exp.Join, tree: exp.Expr) -> None:
    if join.args.get("method"):
        tree.meta[joins.NATURAL] = True


def _refuse_lateral(*_: exp.Expr) -> None:
    raise NotSupported("lateral")


def _write_out_pivots(source: exp.Expr, _: exp.Expr) -> None:
    if source.args.get("pivots"):
        pivots.write_out(source)


def _write_out_source(source: exp.Table, tree: exp.Expr) -> None:
    _write_out_pivots(source, tree)
    session_roles.write_out(source)


def _write_out_select(select: exp.Select, _: exp.Expr) -> None:
    unnesting.write_out(select)
    excluded = select.args.get("exclude")
    if excluded:
        star = select.expressions[0] if len(select.expressions) == 1 else None
        if star is None or not star.is_star:
            raise NotSupported("EXCLUDE beside other columns than one star")
        if not all(isinstance(column, exp.Column) and not column.table for column in excluded):
            raise SyntaxFault("syntax error: EXCLUDE takes names of columns")
        select.set("exclude", None)
        select.meta[_EXCLUDED] = [column.name.lower() for column in excluded]
    group = select.args.get("group")
    if group is not None and group.args.get("all") and _is_more_than_all(group):
        raise SyntaxFault("syntax error: GROUP BY ALL stands alone")


def _is_more_than_all(group: exp.Group) -> bool:
    return any(group.args.get(part) for part in ("expressions", "rollup", "cube", "grouping_sets"))


def _exclude(select: exp.Select, excluded: list[str], hidden: Mapping[str, str]) -> None:
    shown = {projection.alias_or_name for projection in select.expressions}
    for name in excluded:
        if name not in shown:
            if name in hidden:
                raise PermissionDenied(f"permission denied for relation {hidden[name]}")
            raise UndefinedColumn(f'column "{name}" does not exist')
    select.set("expressions", [p for p in select.expressions if p.alias_or_name not in excluded])
    if not select.expressions:
        raise SyntaxFault("syntax error: EXCLUDE leaves no column")


def _group_by_all(select: exp.Select) -> None:
    """Groups by the columns that are no aggregates."""
    groups = []
    for number, projection in enumerate(select.expressions, start=1):
        if projection.find(exp.Window):
            raise NotSupported("GROUP BY ALL beside a window function")
        if not any(node.parent_select is select for node in projection.find_all(exp.AggFunc)):
            groups.append(exp.Literal.number(number))
    select.set("group", exp.Group(expressions=groups) if groups else None)


def _write_out_quantifier(node: exp.Any | exp.All, _: exp.Expr) -> None:
    """`= ANY (SELECT …)` is IN, `<> ALL (SELECT …)` is NOT IN; Redshift has no others."""
    comparison, query = node.parent, node.this
    wanted = exp.EQ if isinstance(node, exp.Any) else exp.NEQ
    if type(comparison) is not wanted or comparison.expression is not node:
        raise NotSupported(f"{type(node).__name__.upper()} with another comparison")
    if not isinstance(query.unnest(), exp.Query):
        raise NotSupported(f"{type(node).__name__.upper()} of anything but a subquery")
    subquery = query if isinstance(query, exp.Subquery) else exp.Subquery(this=query)
    found: exp.Expr = exp.In(this=comparison.this, query=subquery)
    comparison.replace(exp.Not(this=found) if wanted is exp.NEQ else found)


def _write_out_interval(node: exp.Cast, _: exp.Expr) -> None:
    """A literal cast to INTERVAL is one of INTERVAL."""
    if node.to.this != exp.DType.INTERVAL:
        return
    if node.to.expressions or not isinstance(node.this, exp.Literal):
        raise NotSupported("a CAST to INTERVAL of anything but a literal")
    node.replace(exp.Interval(this=node.this.copy()))


def _check_count(node: exp.Limit | exp.Offset, _: exp.Expr) -> None:
    """LIMIT and OFFSET take a whole number; LIMIT ALL is none."""
    count = node.expression
    if isinstance(node, exp.Limit) and isinstance(count, exp.Var) and count.name.upper() == "ALL":
        node.pop()
        return
    if not (isinstance(count, exp.Literal) and count.is_int):
        raise NotSupported("LIMIT or OFFSET of anything but a whole number")
    if int(count.name) > _MOST_ROWS:
        raise SqlError("LIMIT and OFFSET take at most 2147483647", "22003")


_RULES: Mapping[type[Any], Callable[[Any, exp.Expr], None]] = {
    exp.Select: _write_out_select,
    exp.Table: _write_out_source,
    exp.Subquery: _write_out_pivots,
    exp.Any: _write_out_quantifier,
    exp.All: _write_out_quantifier,
    exp.Limit: _check_count,
    exp.Offset: _check_count,
    exp.Column: _note_schema,
    exp.Join: _note_natural,
    exp.Cast: _write_out_interval,
    exp.Lateral: _refuse_lateral,
}
