"""Unnesting in FROM: `t.items AS item AT position`, and UNPIVOT of an object."""

from dataclasses import dataclass
from typing import NoReturn

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.sql.dialect import UNPIVOTED

OF = "of"  # what an Explode gives of its value: its elements, their positions, its members or their names
ELEMENTS, POSITIONS, MEMBERS, NAMES = "elements", "positions", "members", "names"


@dataclass(frozen=True)
class _Unnested:
    """A source of FROM that is a path into the rows of a source before it."""

    path: exp.Expr
    value: str
    position: str | None
    members: bool  # of an object, rather than elements of an array


def write_out(select: exp.Select) -> None:
    """Makes a subquery of each path in FROM; it sees the sources before it, and no relation."""
    first = select.args.get("from_")
    if first is None:
        return
    relations, values = {_name(first.this)}, set[str]()
    for join in select.args.get("joins") or []:
        found = _unnested(join.this, relations, values)
        if found is None:
            relations.add(_name(join.this))
            continue
        if any(join.args.get(part) for part in ("on", "using", "kind", "side", "method")):
            raise NotSupported("a JOIN of a path: a comma")
        values.add(found.value)
        join.set("this", _lateral(found))


def _name(source: exp.Expr) -> str:
    return str(source.alias_or_name).lower()


def _unnested(source: exp.Expr, relations: set[str], values: set[str]) -> _Unnested | None:
    """What the source unnests; None when it is a relation or a subquery."""
    names = relations | values
    if isinstance(source, exp.Unnest):
        return _of_unnest(source, names)
    position = None
    if isinstance(source, exp.AtIndex):
        position, source = source.expression.name.lower(), source.this
        return _Unnested(_checked(source.unalias(), names), _name(source), position, members=False)
    if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
        return None
    parts = source.parts
    if parts[0].name.lower() not in (values if len(parts) == 1 else names):
        return None
    value = _name(source)
    source.set("alias", None)
    return _Unnested(source.to_column(), value, None, members=False)


def _of_unnest(node: exp.Unnest, names: set[str]) -> _Unnested:
    alias, offset = node.args.get("alias"), node.args.get("offset")
    columns = [column.name.lower() for column in alias.columns] if alias is not None else []
    if len(node.expressions) != 1 or len(columns) > 1:
        _refuse()
    path = _checked(node.expressions[0], names)
    position = offset.name.lower() if isinstance(offset, exp.Identifier) else None
    value = columns[0] if columns else str(path.name).lower()
    return _Unnested(path, value, position, members=bool(node.meta.get(UNPIVOTED)))


def _checked(path: exp.Expr, names: set[str]) -> exp.Expr:
    """The path, when it begins with a source that stands before it."""
    root = path
    while isinstance(root, exp.Dot | exp.Bracket):
        root = root.this
    if not (isinstance(root, exp.Column) and root.parts[0].name.lower() in names):
        _refuse()
    return path


def _refuse() -> NoReturn:
    raise NotSupported("unnesting anything but a path that begins with a relation before it")


def _lateral(found: _Unnested) -> exp.Lateral:
    value, position = (MEMBERS, NAMES) if found.members else (ELEMENTS, POSITIONS)
    projections = [_exploded(found.path, value, found.value)]
    if found.position is not None:
        projections.append(_exploded(found.path, position, found.position))
    # A name of its own: `value.attribute` is then a path into the column, not a column of a relation.
    alias = exp.TableAlias(this=exp.to_identifier(f"unnested {found.value}", quoted=True))
    return exp.Lateral(this=exp.Subquery(this=exp.Select(expressions=projections)), alias=alias)


def _exploded(path: exp.Expr, of: str, name: str) -> exp.Expr:
    exploded = exp.Explode(this=path.copy())
    exploded.meta[OF] = of
    return exp.alias_(exploded, name, quoted=True)
