"""Functions of SUPER values and of JSON in text."""

from collections.abc import Callable, Mapping

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.functions.function import Arguments, Function, always, call, cast, literal
from infra.local.warehouse.sql.kinds import BIGINT, BOOLEAN, INT, SUPER, TEXT

_MOST_ELEMENTS = 100
_MOST_STEPS = 5  # of a path in JSON_EXTRACT_PATH_TEXT


def to_super(value: exp.Expr) -> exp.Expr:
    """The value as SUPER holds it; dates, times and floating-point numbers have no such form here."""
    kind = kinds.of(value)
    if kinds.is_super(kind):
        return value
    if isinstance(value.unnest(), exp.Null):
        return cast(value, SUPER)
    if kinds.is_text(kind) or kinds.is_untyped(value):
        return call("super_of_text", cast(value, TEXT))
    if kinds.is_integer(kind) or kind.this == exp.DType.BOOLEAN:
        return cast(cast(value, TEXT), SUPER)
    if kinds.is_decimal(kind):
        return call("super_of_decimal", cast(value, TEXT))
    if kinds.is_float(kind):
        raise NotSupported("a floating-point number as SUPER")
    raise SqlError(f"cannot cast type {kind.sql(dialect='redshift').lower()[:40]} to super", "42846")


def _super(value: exp.Expr) -> exp.Expr:
    if not kinds.is_super(kinds.of(value)):
        raise NotSupported("a function of SUPER with another argument: a CAST")
    return value


def _text(value: exp.Expr) -> exp.Expr:
    """JSON in text; a SUPER value is none."""
    kind = kinds.of(value)
    if not (kinds.is_text(kind) or kinds.is_untyped(value)):
        raise NotSupported("a function of JSON in text with another argument: a CAST")
    return cast(value, TEXT)


def _of_super(name: str) -> Callable[[Arguments], exp.Expr]:
    return lambda arguments: call(name, *(_super(argument) for argument in arguments))


def _of_text(name: str) -> Callable[[Arguments], exp.Expr]:
    return lambda arguments: call(name, _text(arguments[0]))


def _lenient(name: str, arguments: Arguments) -> tuple[Arguments, str]:
    """The arguments before `null_if_invalid`, and the function for what that says."""
    last = arguments[-1].unnest()
    if kinds.of(last).this != exp.DType.BOOLEAN:
        return arguments, name
    if not isinstance(last, exp.Boolean):
        raise NotSupported("null_if_invalid that is not a constant")
    return arguments[:-1], f"{name}_or_null" if last.this else name


def _at_path(arguments: Arguments) -> exp.Expr:
    (text, *steps), name = _lenient("json_at_path", arguments)
    if not 0 < len(steps) <= _MOST_STEPS:
        raise SqlError("function json_extract_path_text takes one to five path elements", "42883")
    path = exp.Array(expressions=[_text(step) for step in steps])
    return call(name, _text(text), path)


def _at_position(arguments: Arguments) -> exp.Expr:
    (text, *positions), name = _lenient("json_at_position", arguments)
    if len(positions) != 1 or not kinds.is_integer(kinds.of(positions[0])):
        raise SqlError("function json_extract_array_element_text takes text and a position", "42883")
    return call(name, _text(text), cast(positions[0], BIGINT))


def _length(arguments: Arguments) -> exp.Expr:
    found, name = _lenient("json_length", arguments)
    if len(found) != 1:
        raise SqlError("function json_array_length takes text and a truth value", "42883")
    return call(name, _text(found[0]))


def _array(arguments: Arguments) -> exp.Expr:
    elements = exp.Array(expressions=[to_super(argument) for argument in arguments])
    kind = exp.DataType.build("JSON[]", dialect="duckdb")
    return call("super_within", call("to_json", exp.Cast(this=elements, to=kind)))


def _object(arguments: Arguments) -> exp.Expr:
    if len(arguments) % 2:
        raise SqlError("function object takes names and values in pairs", "42883")
    names = [_text(name) for name in arguments[::2]]
    values = [to_super(value) for value in arguments[1::2]]
    texts = exp.DataType.build("VARCHAR[]", dialect="duckdb")
    jsons = exp.DataType.build("JSON[]", dialect="duckdb")
    return call(
        "super_object",
        exp.Cast(this=exp.Array(expressions=names), to=texts),
        exp.Cast(this=exp.Array(expressions=values), to=jsons),
    )


def _split(arguments: Arguments) -> exp.Expr:
    delimiter = literal(arguments[1], "the delimiter of SPLIT_TO_ARRAY") if len(arguments) > 1 else ","
    if not delimiter:
        raise NotSupported("SPLIT_TO_ARRAY at an empty delimiter")
    return call("super_split", _text(arguments[0]), exp.Literal.string(delimiter))


def _subarray(arguments: Arguments) -> exp.Expr:
    value, start, count = arguments
    if not all(kinds.is_integer(kinds.of(number)) for number in (start, count)):
        raise SqlError("function subarray takes an array and two whole numbers", "42883")
    return call("super_slice", _super(value), cast(start, BIGINT), cast(count, BIGINT))


def _parsed(arguments: Arguments) -> exp.Expr:
    return cast(call("json_super", _text(arguments[0])), SUPER)


def _boolean(name: str, build: str) -> Function:
    return Function(1, 1, always(BOOLEAN), _of_super(build), column=name)


_IS = {
    name: _boolean(name, f"super_{name}")
    for name in (
        *("is_array", "is_object", "is_scalar", "is_boolean", "is_varchar", "is_char", "is_smallint"),
        *("is_integer", "is_bigint", "is_decimal", "is_float"),
    )
}
SEMISTRUCTURED: Mapping[str, Function] = {
    **_IS,
    "array": Function(0, _MOST_ELEMENTS, always(SUPER), _array),
    "array_concat": Function(2, 2, always(SUPER), _of_super("super_concat")),
    "array_flatten": Function(1, 1, always(SUPER), _of_super("super_flat")),
    "can_json_parse": Function(1, 1, always(BOOLEAN), _of_text("json_can_be_super")),
    "get_array_length": Function(1, 1, always(BIGINT), _of_super("super_length")),
    "is_valid_json": Function(1, 1, always(BOOLEAN), _of_text("json_is_object")),
    "is_valid_json_array": Function(1, 1, always(BOOLEAN), _of_text("json_is_array")),
    "json_array_length": Function(1, 2, always(INT), _length),
    "json_extract_array_element_text": Function(2, 3, always(TEXT), _at_position),
    "json_extract_path_text": Function(2, _MOST_STEPS + 2, always(TEXT), _at_path),
    "json_parse": Function(1, 1, always(SUPER), _parsed),
    "json_serialize": Function(1, 1, always(TEXT), lambda a: cast(_super(a[0]), TEXT)),
    "json_size": Function(1, 1, always(INT), _of_super("super_size")),
    "json_typeof": Function(1, 1, always(TEXT), _of_super("super_typeof")),
    "object": Function(0, 2 * _MOST_ELEMENTS, always(SUPER), _object),
    "split_to_array": Function(1, 2, always(SUPER), _split),
    "subarray": Function(3, 3, always(SUPER), _subarray),
}
