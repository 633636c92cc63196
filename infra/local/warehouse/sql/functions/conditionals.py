"""Conditional expressions that are written as functions."""

from collections.abc import Mapping

from sqlglot import exp

from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.functions.function import Arguments, Builder, Function, as_number, call, common
from infra.local.warehouse.sql.kinds import Kind


def _alike(name: str) -> Builder:
    """DuckDB's function of arguments of one type; beside numbers, text is read as one."""

    def build(arguments: Arguments) -> exp.Expr:
        kind = common(arguments)
        if not kinds.is_number(kind):
            return call(name, *arguments)
        return call(name, *(as_number(a, kind) if kinds.is_untyped(a) else a for a in arguments))

    return build


def _nvl2(arguments: Arguments) -> exp.Expr:
    present = exp.Not(this=exp.Is(this=exp.Paren(this=arguments[0]), expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=present, true=arguments[1])], default=arguments[2])


def _decode(arguments: Arguments) -> exp.Expr:
    """DECODE: unlike CASE, it finds NULL equal to NULL."""
    subject, rest = arguments[0], list(arguments[1:])
    default = rest.pop() if len(rest) % 2 else exp.Null()
    ifs = [
        exp.If(this=exp.NullSafeEQ(this=exp.Paren(this=subject.copy()), expression=value), true=result)
        for value, result in zip(rest[::2], rest[1::2], strict=True)
    ]
    return exp.Case(ifs=ifs, default=default)


def _decode_kind(arguments: Arguments) -> Kind:
    rest = list(arguments[1:])
    return common(rest[1::2] + ([rest[-1]] if len(rest) % 2 else []))


_COALESCE = Function(1, 100, common, _alike("coalesce"), column="coalesce")

CONDITIONALS: Mapping[str, Function] = {
    "coalesce": _COALESCE,
    "decode": Function(3, 255, _decode_kind, _decode, column="case", repeats=True),
    "greatest": Function(1, 100, common, _alike("greatest")),
    "least": Function(1, 100, common, _alike("least")),
    "nullif": Function(2, 2, common, _alike("nullif")),
    "nvl": _COALESCE,
    "nvl2": Function(3, 3, lambda a: common(a[1:]), _nvl2),
}
