"""JSON as text: read strictly, and written as a SUPER value prints it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR

TOO_LONG = "value too long"
NO_JSON = "json not valid"
NO_JSON_OBJECT = "json no object"
NO_JSON_ARRAY = "json no array"
NO_JSON_NUMBER = "json number not exact"
NO_JSON_NAME = "json name twice"
_MOST_DIGITS = 23  # of a whole number; DECIMAL(38, 15) holds every number that SUPER takes here
_MOST_EXACT = 15  # digits of a number with a fraction that survive a double
_BLANK = " \t\n\r"


class JsonFault(ValueError):
    """Text that is no JSON, or none that a SUPER value can be; the text of it is a marker."""


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


@dataclass(frozen=True)
class _Members:
    """An object's members, in order."""

    pairs: tuple[tuple[str, Any], ...]

    def one(self, name: str) -> Any:
        """The value of that name, None when there is none; a name given twice means nothing."""
        found = [value for key, value in self.pairs if key == name]
        if len(found) > 1:
            raise JsonFault(NO_JSON_NAME)
        return found[0] if found else None


def _refused(_: str) -> Any:
    raise JsonFault(NO_JSON)


_AS_WRITTEN = json.JSONDecoder(
    parse_int=_Number,
    parse_float=_Number,
    parse_constant=_refused,
    object_pairs_hook=lambda pairs: _Members(tuple(pairs)),
)
# Where the numbers do not matter: a float takes any of them, and is quick.
_AS_SHAPE = json.JSONDecoder(parse_int=float, parse_constant=_refused)


def _read(text: str, decoder: json.JSONDecoder) -> Any:
    if len(text.encode()) > MAX_VARCHAR:
        raise JsonFault(TOO_LONG)
    try:
        found = decoder.decode(text.strip(_BLANK))
        if "\\u" in text:  # half of a surrogate pair is no character
            _written(_AS_WRITTEN.decode(text.strip(_BLANK)), str).encode()
    except (ValueError, RecursionError):
        raise JsonFault(NO_JSON) from None
    return found


def _written(value: Any, number: Callable[[str], str]) -> str:
    if isinstance(value, _Members):
        members = (f"{json.dumps(k, ensure_ascii=False)}:{_written(v, number)}" for k, v in value.pairs)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(each, number) for each in value) + "]"
    return number(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _exact(number: str) -> str:
    """The number as SUPER prints it; one that a double would change is refused."""
    whole, point, fraction = number.partition(".")
    if not point and "e" not in number.lower():
        if len(whole.lstrip("-")) > _MOST_DIGITS:
            raise JsonFault(NO_JSON_NUMBER)
        return "0" if whole == "-0" else whole
    short = f"{whole}.{fraction.rstrip('0') or '0'}"
    digits = re.sub(r"[^0-9]", "", short).lstrip("0")
    if len(digits) > _MOST_EXACT or repr(float(number)) != short:
        raise JsonFault(NO_JSON_NUMBER)
    return short


def _check_names(value: Any) -> None:
    if isinstance(value, _Members):
        names = [name for name, _ in value.pairs]
        if len(set(names)) != len(names):
            raise JsonFault(NO_JSON_NAME)
    children = (
        [each for _, each in value.pairs]
        if isinstance(value, _Members)
        else (value if isinstance(value, list) else ())
    )
    for child in children:
        _check_names(child)


def parse(text: str | None) -> str | None:
    """What JSON_PARSE makes of the text."""
    if text is None:
        return None
    found = _read(text, _AS_WRITTEN)
    _check_names(found)
    return _written(found, _exact)


def can_parse(text: str | None) -> bool | None:
    """Whether JSON_PARSE makes anything of the text."""
    try:
        return None if text is None else parse(text) is not None
    except JsonFault as fault:
        if str(fault) in (NO_JSON_NUMBER, TOO_LONG):
            raise
        return False


def is_object(text: str | None) -> bool | None:
    """Whether the text is a JSON object."""
    return None if text is None else _is(text, dict)


def is_array(text: str | None) -> bool | None:
    """Whether the text is a JSON array."""
    return None if text is None else _is(text, list)


def _is(text: str, kind: type[Any]) -> bool:
    try:
        return isinstance(_read(text, _AS_SHAPE), kind)
    except JsonFault:
        return False


def _found(text: str, kind: type[Any], fault: str, decoder: json.JSONDecoder = _AS_WRITTEN) -> Any:
    """The object or array that the text is."""
    try:
        found = _read(text, decoder)
    except JsonFault:
        found = None
    if not isinstance(found, kind):
        raise JsonFault(fault)
    return found


def at_path(text: str | None, path: Sequence[str | None] | None) -> str | None:
    """What is at the path in the object, as text."""
    names = [name for name in path or () if name is not None]
    if text is None or path is None or len(names) < len(path):
        return None
    found = _found(text, _Members, NO_JSON_OBJECT)
    for name in names:
        found = found.one(name) if isinstance(found, _Members) else None
    return _shown(found)


def at_position(text: str | None, position: int | None) -> str | None:
    """What is at the position in the array, as text."""
    if text is None or position is None:
        return None
    found = _found(text, list, NO_JSON_ARRAY)
    return _shown(found[position]) if 0 <= position < len(found) else None


def length(text: str | None) -> int | None:
    """How many elements the array has."""
    return None if text is None else len(_found(text, list, NO_JSON_ARRAY, _AS_SHAPE))


def _or_null(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with NULL for text that is not the JSON that it needs."""

    @wraps(function)  # DuckDB counts the arguments of what is wrapped
    def called(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except JsonFault as fault:
            if str(fault) not in (NO_JSON_OBJECT, NO_JSON_ARRAY):
                raise
            return None

    return called


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    return _written(value, str)


# The functions that DuckDB calls, with the types of their arguments and of what they give.
CALLED: Mapping[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "json_super": (parse, ("VARCHAR",), "VARCHAR"),
    "json_can_be_super": (can_parse, ("VARCHAR",), "BOOLEAN"),
    "json_is_object": (is_object, ("VARCHAR",), "BOOLEAN"),
    "json_is_array": (is_array, ("VARCHAR",), "BOOLEAN"),
    "json_at_path": (at_path, ("VARCHAR", "VARCHAR[]"), "VARCHAR"),
    "json_at_path_or_null": (_or_null(at_path), ("VARCHAR", "VARCHAR[]"), "VARCHAR"),
    "json_at_position": (at_position, ("VARCHAR", "BIGINT"), "VARCHAR"),
    "json_at_position_or_null": (_or_null(at_position), ("VARCHAR", "BIGINT"), "VARCHAR"),
    "json_length": (length, ("VARCHAR",), "INTEGER"),
    "json_length_or_null": (_or_null(length), ("VARCHAR",), "INTEGER"),
}
