"""Values that must have one type: the branches of CASE, and the columns of set operations."""

from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from infra.local.warehouse.errors import SqlError
from infra.local.warehouse.sql import kinds, super_values
from infra.local.warehouse.sql.kinds import Kind

FromText = Callable[[exp.Expr, Kind], exp.Expr]
_CATEGORIES = (kinds.is_number, kinds.is_text, kinds.is_time, kinds.is_super)


def _category(kind: Kind) -> object:
    return next((category for category in _CATEGORIES if category(kind)), kind.this)


def common(what: str, values: Sequence[exp.Expr]) -> Kind:
    """The type that the values have together; Redshift converts between no categories of types."""
    typed = [kinds.of(value) for value in values if not kinds.is_untyped(value)]
    known = [kind for kind in typed if kind.this not in (exp.DType.UNKNOWN, exp.DType.NULL)]
    for kind in known[1:]:
        if _category(kind) != _category(known[0]):
            names = " and ".join(_name(each) for each in (known[0], kind))
            raise SqlError(f"{what} types {names} cannot be matched", "42804")
    return kinds.common(known)


def _name(kind: Kind) -> str:
    if kinds.is_super(kind):
        return "super"
    return "character varying" if kinds.is_text(kind) else kind.sql(dialect="postgres").lower()


def branches(node: exp.Case, from_text: FromText) -> exp.Expr:
    """CASE: its literals take the type of its other results."""
    results = [branch.args["true"] for branch in node.args["ifs"]]
    results += [node.args["default"]] if node.args.get("default") is not None else []
    if kinds.is_super(kinds.of(node)):
        super_values.make_super(results)
        return node
    kind = common("CASE", results)
    for result in results:
        _adopt(result, kind, from_text)
    return node


def _adopt(value: exp.Expr, kind: Kind, from_text: FromText) -> None:
    literal = value.unnest()
    text = isinstance(literal, exp.Literal) and literal.is_string
    if text and (kinds.is_number(kind) or kinds.is_time(kind) or kind.this == exp.DType.BOOLEAN):
        value.replace(from_text(value.copy(), kind))


def columns(node: exp.SetOperation, from_text: FromText) -> exp.Expr:
    """UNION, INTERSECT and EXCEPT: the literals of a column take the type of its others."""
    if isinstance(_beyond(node), exp.SetOperation):
        return node
    selects = list(_selects(node))
    if len({len(select.selects) for select in selects}) > 1:
        raise SqlError(f"each {node.key.upper()} query must have the same number of columns", "42601")
    for position in range(len(selects[0].selects)):
        values = [select.selects[position].unalias() for select in selects]
        kind = common(node.key.upper(), values)
        for value in values:
            if kinds.is_super(kind):
                super_values.make_super([value])
            else:
                _adopt(value, kind, from_text)
    return node


def _beyond(node: exp.Expr) -> exp.Expr | None:
    parent = node.parent
    while isinstance(parent, exp.Subquery | exp.Paren):
        parent = parent.parent
    return parent


def _selects(node: exp.Expr) -> Iterator[exp.Select]:
    query = node.unnest()
    if isinstance(query, exp.SetOperation):
        yield from _selects(query.this)
        yield from _selects(query.expression)
    elif isinstance(query, exp.Select):
        yield query
