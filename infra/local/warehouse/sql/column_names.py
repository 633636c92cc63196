"""Redshift's names of columns that a SELECT does not name."""

from sqlglot import exp

from infra.local.warehouse.sql.functions import FUNCTIONS

DISPLAY = "display"  # where a projection keeps the name that the result shows
UNNAMED = "?column?"

_BY_NODE: dict[type[exp.Expr], str] = {
    exp.ApproxDistinct: "count",
    exp.GroupConcat: "listagg",
    exp.Extract: "date_part",
    exp.Substring: "substring",
    exp.AtTimeZone: "timezone",
    exp.StrPosition: "position",
    exp.CurrentDate: "date",
    exp.CurrentTimestamp: "timestamptz",
    exp.CurrentUser: "current_user",
    exp.SessionUser: "session_user",
    exp.Boolean: "bool",
    exp.Interval: "interval",
}
_TRANSPARENT = (*(exp.Paren, exp.Window, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls, exp.Bracket),)
_TRIMS = {"LEADING": "ltrim", "TRAILING": "rtrim"}
_TYPES = {
    exp.DType.INT: "int4",
    exp.DType.SMALLINT: "int2",
    exp.DType.BIGINT: "int8",
    exp.DType.DECIMAL: "numeric",
    exp.DType.DOUBLE: "float8",
    exp.DType.FLOAT: "float4",
    exp.DType.BOOLEAN: "bool",
    exp.DType.CHAR: "bpchar",
    exp.DType.SUPER: "super",
}


def name_of(node: exp.Expr) -> str:
    """The name that Redshift gives a column of this expression."""
    if isinstance(node, exp.Column | exp.Alias | exp.Dot):
        return str(node.alias_or_name).lower()
    if isinstance(node, _TRANSPARENT):
        return name_of(node.this)
    if isinstance(node, exp.Cast):
        to = node.to.this  # a name, where the type is none that is known
        own = _TYPES.get(to, to.value.lower() if isinstance(to, exp.DType) else UNNAMED)
        return _own_name(node.this) or own
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        return (default and _own_name(default)) or "case"
    return _function_name(node)


def _own_name(node: exp.Expr) -> str | None:
    """The name that a column or a function gives whatever stands around it; a type or CASE gives none."""
    if isinstance(node, exp.Paren):
        return _own_name(node.this)
    if isinstance(node, exp.Cast):
        return _own_name(node.this)
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        return _own_name(default) if default else None
    found = name_of(node)
    return None if found == UNNAMED or isinstance(node, exp.Boolean) else found


def _function_name(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return _listed_name(node)
    if isinstance(node, exp.Trim):
        return _TRIMS.get(str(node.args.get("position") or "").upper(), "btrim")
    if isinstance(node, exp.CurrentTimestamp) and node.args.get("sysdate"):
        return "timestamp"
    if type(node) in _BY_NODE:
        return _BY_NODE[type(node)]
    if isinstance(node, exp.AggFunc | exp.Func) and "name" in node.meta:
        return str(node.meta["name"]).lower()
    return UNNAMED


def _listed_name(node: exp.Anonymous) -> str:
    name = str(node.this).lower()
    if name == "nullif" and node.expressions and isinstance(node.expressions[0], exp.Column):
        return name_of(node.expressions[0])
    function = FUNCTIONS.get(name)
    return (function.column if function else None) or name


def name_projections(tree: exp.Expr) -> None:
    """Gives every unnamed projection Redshift's name, made unique within its SELECT."""
    for select in tree.find_all(exp.Select):
        counts: dict[str, int] = {}
        taken = {name_of(p) for p in select.expressions if isinstance(p, exp.Alias | exp.Column)}
        for projection in list(select.expressions):
            if isinstance(projection, exp.Alias | exp.Column | exp.Star):
                continue
            shown = name_of(projection)
            alias = shown
            while alias in taken:
                counts[shown] = counts.get(shown, 1) + 1
                alias = f"{shown}_{counts[shown]}"
            taken.add(alias)
            named = exp.Alias(alias=exp.to_identifier(alias, quoted=True))
            named.meta[DISPLAY] = shown
            projection.replace(named)
            named.set("this", projection)


def shown_name(projection: exp.Expr) -> str:
    """The name of a result's column."""
    return str(projection.meta.get(DISPLAY) or projection.alias_or_name)
