"""A policy's condition as SVV_RLS_POLICY prints it: Redshift keeps no text, and writes the condition anew.

Only the forms that its documentation shows are written so; a condition that has another one in it is shown as
it was written.
"""

from collections.abc import Mapping

from sqlglot import exp

from infra.local.warehouse.errors import SqlError
from infra.local.warehouse.objects import ColumnDefinition, Policy
from infra.local.warehouse.sql import dialect

ALIAS = "rls_table"  # the row's name in a policy that gives it none
_OPERATORS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=", exp.Like: "LIKE",
}  # fmt: skip
_INTEGERS = frozenset({"int2", "int4", "int8"})


class _Undocumented(Exception):
    """A form of which it is not known how it is written."""


def alias_of(policy: Policy) -> str:
    """What the policy's condition calls the row."""
    return policy.alias or ALIAS


def condition_of(policy: Policy) -> str:
    """The condition."""
    try:
        return _written(policy, dialect.parse_expression(policy.predicate))
    except (_Undocumented, SqlError, RecursionError):
        return policy.predicate


def _written(policy: Policy, node: exp.Expr) -> str:
    node = _bare(node)
    if isinstance(node, exp.And | exp.Or):
        word = " AND " if isinstance(node, exp.And) else " OR "
        return f"({word.join(_part(policy, each) for each in _sides(node, type(node)))})"
    if isinstance(node, exp.Not) and isinstance(_bare(node.this), exp.Is):
        return _missing(policy, _bare(node.this), "IS NOT NULL")
    if isinstance(node, exp.Is):
        return _missing(policy, node, "IS NULL")
    operator = _OPERATORS.get(type(node))
    if operator is None or node.args.get("negate"):
        raise _Undocumented
    column = _column(policy, node.args["this"])
    return f"{_name(policy, column)} {operator} {_value(column, node.args['expression'], node)}"


def _part(policy: Policy, node: exp.Expr) -> str:
    written = _written(policy, node)
    return written if isinstance(_bare(node), exp.And | exp.Or) else f"({written})"


def _sides(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    node = _bare(node)
    if isinstance(node, kind):
        return _sides(node.args["this"], kind) + _sides(node.args["expression"], kind)
    return [node]


def _missing(policy: Policy, node: exp.Expr, words: str) -> str:
    if not isinstance(node.args["expression"], exp.Null):
        raise _Undocumented
    return f"{_name(policy, _column(policy, node.this))} {words}"


def _column(policy: Policy, node: exp.Expr) -> ColumnDefinition:
    found = _bare(node)
    if not isinstance(found, exp.Column):
        raise _Undocumented
    named = next((column for column in policy.columns if column.name == found.name.lower()), None)
    if named is None:
        raise _Undocumented
    return named


def _name(policy: Policy, column: ColumnDefinition) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in (alias_of(policy), column.name))


def _value(column: ColumnDefinition, node: exp.Expr, operation: exp.Expr) -> str:
    value = _bare(node)
    if not isinstance(value, exp.Literal):
        raise _Undocumented
    if value.is_string and column.type.name == "varchar":
        text = value.name.replace("'", "''")
        return f"CAST('{text}' AS TEXT)"
    if value.is_int and column.type.name in _INTEGERS and not isinstance(operation, exp.Like):
        return str(value.name)
    raise _Undocumented


def _bare(node: exp.Expr) -> exp.Expr:
    while type(node) is exp.Paren:
        node = node.this
    return node
