"""Expressions as Redshift's plans print them: PostgreSQL's words, with types and parentheses."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.context import WRITTEN
from infra.local.warehouse.sql.dialect import DIALECT

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_KEYWORDS = frozenset(  # of PostgreSQL 8 that name columns, too: it prints them quoted
    {
        *("day", "hour", "minute", "month", "second", "year", "zone", "time", "timestamp", "interval"),
        *("key", "level", "language", "location", "position", "substring", "type", "user", "value", "group"),
        *("order", "select", "from", "where", "table", "column", "default", "end", "left", "right", "all"),
    }
)
_TYPES = {
    exp.DType.SMALLINT: "smallint",
    exp.DType.INT: "integer",
    exp.DType.BIGINT: "bigint",
    exp.DType.FLOAT: "real",
    exp.DType.DOUBLE: "double precision",
    exp.DType.BOOLEAN: "boolean",
    exp.DType.DATE: "date",
    exp.DType.TIME: "time without time zone",
    exp.DType.TIMESTAMP: "timestamp without time zone",
    exp.DType.TIMESTAMPTZ: "timestamp with time zone",
    exp.DType.JSON: "super",
}
_OPERATORS: Mapping[type[Any], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.DPipe: "||",
    exp.Like: "~~", exp.ILike: "~~*", exp.RegexpLike: "~", exp.RegexpILike: "~*", exp.SimilarTo: "~",
}  # fmt: skip
_NEGATED: Mapping[type[Any], str] = {
    exp.EQ: "<>", exp.Like: "!~~", exp.ILike: "!~~*", exp.RegexpLike: "!~", exp.RegexpILike: "!~*",
    exp.SimilarTo: "!~",
}  # fmt: skip
_NAMES: Mapping[type[Any], str] = {exp.GroupConcat: "listagg", exp.StrPosition: '"position"'}


def quoted(name: str) -> str:
    """The name, in quotes where it has to be."""
    plain = _PLAIN.fullmatch(name) and name not in _KEYWORDS
    return name if plain else '"' + name.replace('"', '""') + '"'


def bare(node: exp.Expr) -> exp.Expr:
    """The expression without parentheses around it; those of a subquery belong to it."""
    while type(node) is exp.Paren:
        node = node.this
    return node


def parts(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """What AND or OR stands between, in order."""
    found: list[exp.Expr] = []
    waiting = [node]
    while waiting:
        each = bare(waiting.pop())
        if isinstance(each, kind):
            waiting += [each.args["expression"], each.this]
        else:
            found.append(each)
    return found


def conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    """The conditions that all have to hold."""
    return parts(condition, exp.And)


@dataclass(frozen=True)
class Words:
    """How a plan prints expressions, where it names columns and queries in its own way."""

    column: Callable[[exp.Column], str]
    query: Callable[[Any, str], str]  # what stands for a query that gives a value, rows, or exists

    def all_of(self, conditions: Sequence[exp.Expr]) -> str:
        """Conditions that all have to hold."""
        found = [self.of(condition) for condition in conditions]
        return found[0] if len(found) == 1 else f"({' AND '.join(found)})"

    def of(self, node: exp.Expr) -> str:
        """The expression."""
        written = node.meta.get(WRITTEN)
        if written is not None:
            return str(written)
        rule: _Rule | None = _RULES.get(type(node))
        if rule is not None:
            return rule(self, node)
        if isinstance(node, exp.Func):
            return _function(self, node)
        text: str = node.sql(dialect=DIALECT, comments=False)
        return text

    def operand(self, node: exp.Expr, other: exp.Expr | None = None) -> str:
        """The expression as an operand, or an argument: text is cast to the type that has operators."""
        node = bare(node)
        if isinstance(node, exp.Literal) and node.is_string:
            return _typed(node.name, kinds.of(other) if other is not None else kinds.TEXT)
        if isinstance(node, exp.Column) and kinds.is_text(kinds.of(node)):
            return f"({self.column(node)})::text"
        return self.of(node)


def _typed(text: str, kind: exp.DataType) -> str:
    shown = _string(text)
    if kinds.is_number(kind):
        return text
    if kind.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ) and _DAY.fullmatch(text):
        shown = _string(f"{text} 00:00:00")
    named = _TYPES.get(kind.this) if kinds.is_time(kind) else None
    return f"{shown}::{named or 'text'}"


def _string(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def type_name(kind: exp.DataType) -> str:
    """The type, as PostgreSQL names it."""
    digits = ",".join(argument.name for argument in kind.expressions)
    if kinds.is_decimal(kind):
        return f"numeric({digits})" if digits else "numeric"
    if kinds.is_text(kind):
        return f"character varying({digits})" if digits else "text"
    named = _TYPES.get(kind.this)
    return str(kind.this.value).lower() if named is None else named


def _binary(words: Words, node: exp.Expr, operator: str) -> str:
    left, right = bare(node.this), bare(node.expression)
    return f"({words.operand(left, right)} {operator} {words.operand(right, left)})"


def _operation(words: Words, node: exp.Expr) -> str:
    operators = _NEGATED if node.args.get("negate") else _OPERATORS
    return _binary(words, node, operators[type(node)])


def _connected(word: str, kind: type[exp.Expr]) -> "_Rule":
    return lambda words, node: f"({f' {word} '.join(words.of(part) for part in parts(node, kind))})"


def _not(words: Words, node: exp.Expr) -> str:
    inner = bare(node.this)
    if type(inner) in _NEGATED and not inner.args.get("negate"):
        return _binary(words, inner, _NEGATED[type(inner)])
    if isinstance(inner, exp.Is):
        return f"({words.of(inner.this)} IS NOT {words.of(inner.expression)})"
    if isinstance(inner, exp.In) and inner.expressions:
        return _among(words, inner, "<>", "AND")
    if isinstance(inner, exp.Between):
        return _between(words, inner, ("<", ">"), "OR")
    return f"(NOT {words.of(inner)})"


def _among(words: Words, node: exp.In, operator: str, word: str) -> str:
    value = bare(node.this)
    found = [
        f"({words.operand(value, each)} {operator} {words.operand(each, value)})" for each in node.expressions
    ]
    return found[0] if len(found) == 1 else f"({f' {word} '.join(found)})"


def _in(words: Words, node: exp.In) -> str:
    query = node.args.get("query")
    if query is not None:
        return words.query(query.unnest(), "rows")
    return _among(words, node, "=", "OR")


def _between(words: Words, node: exp.Expr, operators: tuple[str, str], word: str) -> str:
    value, low, high = bare(node.this), node.args["low"], node.args["high"]
    shown = words.operand(value, low)
    parts = [
        f"({shown} {op} {words.operand(end, value)})" for op, end in zip(operators, (low, high), strict=True)
    ]
    return f"({f' {word} '.join(parts)})"


def _escape(words: Words, node: exp.Expr) -> str:
    like = node.this
    pattern = f"like_escape({words.operand(like.expression)}, {words.operand(node.expression)})"
    operator = (_NEGATED if like.args.get("negate") else _OPERATORS)[type(like)]
    return f"({words.operand(like.this)} {operator} {pattern})"


def _cast(words: Words, node: exp.Cast) -> str:
    value = bare(node.this)
    if isinstance(value, exp.Literal) and value.is_string:
        return f"{_string(value.name)}::{type_name(node.to)}"
    return f"({words.of(value)})::{type_name(node.to)}"


def _case(words: Words, node: exp.Case) -> str:
    first = f" {words.of(node.this)}" if node.this is not None else ""
    whens = "".join(
        f" WHEN {words.of(each.this)} THEN {words.operand(each.args['true'])}" for each in node.args["ifs"]
    )
    default = node.args.get("default")
    otherwise = f" ELSE {words.operand(default)}" if default is not None else ""
    return f"CASE{first}{whens}{otherwise} END"


def _arguments(words: Words, arguments: Iterable[exp.Expr]) -> str:
    return ", ".join(words.operand(argument) for argument in arguments)


def _values(node: exp.Expr) -> list[exp.Expr]:
    """The arguments in order, whatever they are called."""
    found: list[exp.Expr] = []
    for value in node.args.values():
        found += [
            each for each in (value if isinstance(value, list) else [value]) if isinstance(each, exp.Expr)
        ]
    return found


def _function(words: Words, node: exp.Func) -> str:
    name = _NAMES.get(type(node)) or node.sql_name().lower()
    return f"{name}({_arguments(words, _values(node))})"


def _anonymous(words: Words, node: exp.Anonymous) -> str:
    return f"{str(node.this).lower()}({_arguments(words, node.expressions)})"


def _count(words: Words, node: exp.Count) -> str:
    value = node.this
    if isinstance(value, exp.Distinct):
        return f"count(DISTINCT {', '.join(words.of(each) for each in value.expressions)})"
    return f"count({'*' if isinstance(value, exp.Star) else words.of(value)})"


def _distinct(words: Words, node: exp.Distinct) -> str:
    return f"DISTINCT {_arguments(words, node.expressions)}"


def _window(words: Words, node: exp.Window) -> str:
    parts = [
        *(
            [f"PARTITION BY {_arguments(words, node.args['partition_by'])}"]
            if node.args.get("partition_by")
            else []
        ),
        *([f"ORDER BY {keys(words, node.args['order'])}"] if node.args.get("order") else []),
    ]
    return f"{words.of(node.this)} OVER ({' '.join(parts)})"


def keys(words: Words, order: exp.Expr) -> str:
    """What rows are in the order of."""
    return ", ".join(words.of(each.this) for each in order.expressions)


def _within_group(words: Words, node: exp.WithinGroup) -> str:
    return f"{words.of(node.this)} WITHIN GROUP (ORDER BY {keys(words, node.expression)})"


def _interval(_: Words, node: exp.Interval) -> str:
    unit = node.args.get("unit")
    named = f" {unit.sql(dialect=DIALECT).lower()}" if unit is not None else ""
    return f"{_string(node.name + named)}::interval"


def _extract(words: Words, node: exp.Extract) -> str:
    return f"date_part({_string(node.name.lower())}::text, {words.operand(node.expression)})"


def _value_of_query(words: Words, node: exp.Subquery) -> str:
    return words.query(node.unnest(), "value")


_Rule = Callable[[Words, Any], str]
_RULES: Mapping[type[Any], _Rule] = {
    **dict.fromkeys(_OPERATORS, _operation),
    exp.And: _connected("AND", exp.And),
    exp.Or: _connected("OR", exp.Or),
    exp.Not: _not,
    exp.In: _in,
    exp.Between: lambda words, node: _between(words, node, (">=", "<="), "AND"),
    exp.Is: lambda words, node: f"({words.of(node.this)} IS {words.of(node.expression)})",
    exp.Escape: _escape,
    exp.Paren: lambda words, node: words.of(bare(node)),
    exp.Alias: lambda words, node: words.of(node.this),
    exp.Neg: lambda words, node: f"(- {words.operand(node.this)})",
    exp.Column: lambda words, node: words.column(node),
    exp.Literal: lambda words, node: words.operand(node) if node.is_string else node.name,
    exp.Boolean: lambda _, node: "true" if node.this else "false",
    exp.Null: lambda *_: "NULL",
    exp.Var: lambda _, node: f"{_string(node.name.lower())}::text",
    exp.Tuple: lambda words, node: f"ROW({_arguments(words, node.expressions)})",
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.Interval: _interval,
    exp.Extract: _extract,
    exp.AtTimeZone: lambda words, node: f"timezone({_arguments(words, (node.args['zone'], node.this))})",
    exp.Anonymous: _anonymous,
    exp.Count: _count,
    exp.Distinct: _distinct,
    exp.WithinGroup: _within_group,
    exp.IgnoreNulls: lambda words, node: words.of(node.this),
    exp.RespectNulls: lambda words, node: words.of(node.this),
    exp.Window: _window,
    exp.Subquery: _value_of_query,
    exp.Exists: lambda words, node: words.query(node.this.unnest(), "exists"),
}  # fmt: skip
