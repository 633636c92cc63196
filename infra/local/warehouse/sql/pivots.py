"""PIVOT and UNPIVOT, as the subqueries that Redshift documents them to be like."""

from collections.abc import Sequence

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SyntaxFault
from infra.local.warehouse.sql import column_names

_AGGREGATES = (exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg)
# In the subquery that stands for UNPIVOT only the unpivoted relation and this have names.
_COLUMNS = "columns"
_UNPIVOTED = "unpivoted"


def write_out(source: exp.Expr) -> None:
    """Puts a subquery where a relation of FROM is pivoted or unpivoted."""
    pivots = source.args["pivots"]
    pivot = pivots[0]
    _check_place(source, pivots)
    alias = pivot.args.get("alias")
    inner = source.copy()
    inner.set("pivots", None)
    form = _unpivoted if pivot.unpivot else _pivoted
    source.replace(exp.Subquery(this=form(inner, pivot), alias=alias))


def _check_place(source: exp.Expr, pivots: Sequence[exp.Pivot]) -> None:
    word = "UNPIVOT" if pivots[0].unpivot else "PIVOT"
    join = source.parent
    if len(pivots) > 1:
        raise NotSupported(f"{word} of what is pivoted or unpivoted")
    if isinstance(join, exp.Join) and any(join.args.get(part) for part in ("on", "using", "kind", "side")):
        raise NotSupported(f"{word} of a relation that is joined: a subquery")
    if not isinstance(source, exp.Table | exp.Subquery) or pivots[0].args.get("group"):
        raise NotSupported(f"{word} of this form")
    if isinstance(source, exp.Table) and _recurs(source):
        raise NotSupported(f"{word} of a recursive query")


def _recurs(table: exp.Table) -> bool:
    """Whether the name is that of a query of WITH RECURSIVE around it."""
    query = table.parent
    while query is not None:
        present = query.args.get("with_")
        recursive = present.expressions if present is not None and present.args.get("recursive") else ()
        if table.name.lower() in {cte.alias.lower() for cte in recursive}:
            return True
        query = query.parent
    return False


def _pivoted(source: exp.Expr, pivot: exp.Pivot) -> exp.Select:
    """The aggregate once for each value; grouped by the columns that PIVOT does not name."""
    aggregate, column, values = _parts_of(pivot)
    suffix = f"_{aggregate.alias.lower()}" if isinstance(aggregate, exp.Alias) else ""
    function = aggregate.unalias()
    named = [*function.find_all(exp.Column), column]
    projections: list[exp.Expr] = [exp.Star(except_=[exp.column(name) for name in _names(named)])]
    for value in values:
        found = exp.alias_(_for_value(function, column, value.unalias()), _named(value) + suffix, quoted=True)
        projections.append(found)
    return exp.Select(expressions=projections, group=exp.Group(all=True)).from_(source)


def _parts_of(pivot: exp.Pivot) -> tuple[exp.Expr, exp.Column, Sequence[exp.Expr]]:
    """The aggregate, the column and its values; what else PIVOT may hold elsewhere is refused."""
    fields, aggregates = pivot.args.get("fields") or [], pivot.expressions
    if len(fields) != 1 or len(aggregates) != 1 or not isinstance(fields[0], exp.In):
        raise SyntaxFault("syntax error: PIVOT takes one aggregate and one column")
    column, values = fields[0].this, fields[0].expressions
    if not isinstance(column, exp.Column) or not values or fields[0].args.get("field"):
        raise SyntaxFault("syntax error: PIVOT needs a column and a list of its values")
    function = aggregates[0].unalias()
    if not isinstance(function, _AGGREGATES):
        raise NotSupported("PIVOT of anything but COUNT, SUM, MIN, MAX and AVG")
    if function.find(exp.Query):
        raise NotSupported("PIVOT of an aggregate over a subquery")
    if any(value.find(exp.Column, exp.Query, exp.Star) for value in values):
        raise SyntaxFault("syntax error: the values of PIVOT are no columns and no subqueries")
    return aggregates[0], column, values


def _names(columns: Sequence[exp.Column]) -> list[str]:
    return list(dict.fromkeys(column.name.lower() for column in columns))


def _for_value(function: exp.Expr, column: exp.Column, value: exp.Expr) -> exp.Expr:
    """The aggregate over the rows that have the value."""
    is_null = isinstance(value, exp.Null)
    condition = (exp.Is if is_null else exp.EQ)(this=column.copy(), expression=value.copy())
    found, argument = function.copy(), function.this
    distinct = isinstance(argument, exp.Distinct)
    if distinct and len(argument.expressions) != 1:
        raise NotSupported("a DISTINCT aggregate of several arguments")
    inner = argument.expressions[0] if distinct else argument
    inner = exp.Literal.number(1) if isinstance(inner, exp.Star) else inner.copy()
    case = exp.Case(ifs=[exp.If(this=condition, true=inner)])
    found.set("this", exp.Distinct(expressions=[case]) if distinct else case)
    return found


def _named(value: exp.Expr) -> str:
    """The column of a value: its alias, a constant as it is written, or what a column of it is called."""
    if isinstance(value, exp.PivotAlias):
        return str(value.args["alias"].name).lower()
    if isinstance(value, exp.Null):
        return "null"
    return value.name.lower() if isinstance(value, exp.Literal) else column_names.name_of(value)


def _unpivoted(source: exp.Expr, pivot: exp.Pivot) -> exp.Select:
    """Each row once for each column, with the column's name and its value."""
    fields = pivot.args.get("fields") or []
    if len(fields) != 1 or len(pivot.expressions) != 1 or not isinstance(fields[0], exp.In):
        raise SyntaxFault("syntax error: UNPIVOT takes one column of values and one of names")
    columns = fields[0].expressions
    if not columns or not all(isinstance(column.unalias(), exp.Column) for column in columns):
        raise SyntaxFault("syntax error: UNPIVOT takes a list of columns")
    if not source.alias_or_name:
        source.set("alias", exp.TableAlias(this=exp.to_identifier(_UNPIVOTED)))
    table, names = source.alias_or_name, [column.unalias().name.lower() for column in columns]
    value = _value(table, names)
    rest = exp.Star(except_=[exp.column(name) for name in names])
    projections = [
        exp.Column(this=rest, table=exp.to_identifier(table)),
        exp.alias_(exp.column("name", _COLUMNS), fields[0].this.name, quoted=True),
        exp.alias_(value, pivot.expressions[0].name, quoted=True),
    ]
    found = exp.Select(expressions=projections).from_(source)
    found.append("joins", exp.Join(this=_numbered([_named(c) for c in columns], names), kind="CROSS"))
    if pivot.args.get("include_nulls"):
        return found
    return found.where(exp.Not(this=exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null())))


def _value(table: str, names: Sequence[str]) -> exp.Case:
    branches = [
        exp.If(
            this=exp.EQ(this=exp.column("number", _COLUMNS), expression=exp.Literal.number(number)),
            true=exp.column(name, table),
        )
        for number, name in enumerate(names)
    ]
    return exp.Case(ifs=branches)


def _numbered(shown: Sequence[str], names: Sequence[str]) -> exp.Subquery:
    """The columns' numbers and what UNPIVOT calls them."""
    selects = [
        exp.Select(
            expressions=[
                exp.alias_(exp.Literal.number(number), "number"),
                exp.alias_(exp.Literal.string(name), "name"),
            ]
        )
        for number, name in enumerate(shown)
    ]
    if len(set(names)) != len(names):
        raise NotSupported("UNPIVOT of a column twice")
    found: exp.Query = selects[0]
    for select in selects[1:]:
        found = exp.Union(this=found, expression=select, distinct=False)
    return exp.Subquery(this=found, alias=exp.TableAlias(this=exp.to_identifier(_COLUMNS)))
