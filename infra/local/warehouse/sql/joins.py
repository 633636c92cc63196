"""Joins that Redshift's SQL writes shorter: NATURAL, and (+) in WHERE."""

from collections.abc import Callable, Collection, Iterable, Sequence

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from infra.local.warehouse.errors import NotSupported, SqlError, SyntaxFault

NATURAL = "natural"  # whether a join of the tree may be one
Columns = Callable[[exp.Table], Sequence[str]]


def name_natural(tree: exp.Expr, columns: Columns) -> None:
    """Writes the columns of NATURAL joins as USING; a join without any such column is a product.

    `columns` gives those of a stored relation, also the ones that the reader does not see: else a
    join would mean less to whoever sees less.
    """
    if not tree.meta.pop(NATURAL, False):
        return
    for scope in traverse_scope(tree):
        for position, join in enumerate(scope.expression.args.get("joins") or []):
            if join.args.get("method"):
                _name(scope, position, columns)


def _name(scope: Scope, position: int, columns: Columns) -> None:
    select = scope.expression
    join = select.args["joins"][position]
    if join.args["method"].upper() != "NATURAL":
        raise NotSupported("a join of this kind")
    left = [select.args["from_"].this, *(earlier.this for earlier in select.args["joins"][:position])]
    seen = [name for source in left for name in _columns_of(scope, source, columns)]
    shared = [name for name in _columns_of(scope, join.this, columns) if name in seen]
    join.set("method", None)
    if shared:
        join.set("using", [exp.to_identifier(name) for name in dict.fromkeys(shared)])
    elif join.args.get("side"):
        raise NotSupported("an outer NATURAL join without a column in common")
    else:
        join.set("kind", "CROSS")


def _columns_of(scope: Scope, source: exp.Expr, columns: Columns) -> Sequence[str]:
    found = scope.sources.get(source.alias_or_name)
    if isinstance(found, exp.Table):
        return columns(found)
    query = found.expression if isinstance(found, Scope) else None
    if not isinstance(query, exp.Query) or any(projection.is_star for projection in query.selects):
        raise NotSupported("a NATURAL join of a subquery with a star")
    alias = source.args.get("alias")
    names = alias.columns if alias is not None else []
    return [name.name for name in names] or [projection.alias_or_name for projection in query.selects]


def write_out_marks(select: exp.Select, where: exp.Where) -> None:
    """Makes the conditions of WHERE that have (+) those of outer joins."""
    marked = [column for column in where.find_all(exp.Column) if column.args.get("join_mark")]
    if not marked:
        return
    conditions = list(_flat(where.this))
    outer = {condition: _outer_side(condition) for condition in conditions}
    tables = _comma_joined(select)
    inner = {t: c for t, c in tables.items() if t not in outer.values()}
    partners = _partners(outer, tables)
    if not inner:
        raise SyntaxFault("syntax error: every table is marked with (+)")
    for column in marked:
        column.set("join_mark", None)
    _rebuild(select, inner, {name: tables[name] for name in partners}, outer=outer, partners=partners)


def _flat(condition: exp.Expr) -> Iterable[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _flat(condition.this)
        yield from _flat(condition.expression)
    else:
        yield condition


def _outer_side(condition: exp.Expr) -> str | None:
    """The table that the condition marks with (+)."""
    marked = {c.table for c in condition.find_all(exp.Column) if c.args.get("join_mark")}
    if not marked:
        return None
    if condition.find(exp.Or, exp.In):
        raise SyntaxFault("Outer join operator (+) not allowed in operand of OR or IN.")
    if len(marked) > 1 or condition.find(exp.Query):
        raise NotSupported("(+) of two tables, or beside a subquery, in one condition")
    (table,) = marked
    if any(c.table == table and not c.args.get("join_mark") for c in condition.find_all(exp.Column)):
        raise NotSupported("(+) at some columns of a table in a condition and not at others")
    return table


def _comma_joined(select: exp.Select) -> dict[str, exp.Expr]:
    """The relations of a FROM that only lists them, by name."""
    found = [select.args["from_"].this]
    for join in select.args.get("joins") or []:
        if any(join.args.get(part) for part in ("on", "using", "side", "kind", "method")):
            raise SyntaxFault("syntax error: (+) beside a JOIN")
        found.append(join.this)
    return {source.alias_or_name: source for source in found}


def _partners(outer: dict[exp.Expr, str | None], tables: Collection[str]) -> dict[str, str]:
    """For each table marked with (+), the one that it is joined to."""
    found: dict[str, set[str]] = {}
    for condition, marked in outer.items():
        if marked is None:
            continue
        others = {column.table for column in condition.find_all(exp.Column)} - {marked}
        if marked not in tables or not others <= set(tables):
            raise NotSupported("(+) that joins a query to one inside it")
        found.setdefault(marked, set()).update(others)
    for marked, others in found.items():
        if len(others) > 1:
            raise SqlError("A table may be outer joined to at most one other table.", "42601")
        if not others or _is_mixed(outer, marked, next(iter(others))):
            raise NotSupported("(+) in some of the conditions between two tables")
    return {marked: next(iter(others)) for marked, others in found.items()}


def _is_mixed(outer: dict[exp.Expr, str | None], marked: str, partner: str) -> bool:
    plain = (condition for condition, table in outer.items() if table is None)
    return any({marked, partner} <= {c.table for c in p.find_all(exp.Column)} for p in plain)


def _rebuild(
    select: exp.Select,
    inner: dict[str, exp.Expr],
    marked: dict[str, exp.Expr],
    *,
    outer: dict[exp.Expr, str | None],
    partners: dict[str, str],
) -> None:
    """FROM as products of the plain tables, then an outer join for each marked one after its partner."""
    first, *others = inner.values()
    joined = [exp.Join(this=source, kind="CROSS") for source in others]
    placed = set(inner)
    while waiting := [name for name in marked if name not in placed]:
        name = next((name for name in waiting if partners[name] in placed), None)
        if name is None:
            raise SyntaxFault("syntax error: tables are outer joined to each other with (+)")
        condition = exp.and_(*(c.copy() for c, table in outer.items() if table == name))
        joined.append(exp.Join(this=marked[name], side="LEFT", on=condition))
        placed.add(name)
    rest = [condition.copy() for condition, table in outer.items() if table is None]
    select.set("from_", exp.From(this=first))
    select.set("joins", joined)
    select.set("where", exp.Where(this=exp.and_(*rest)) if rest else None)
