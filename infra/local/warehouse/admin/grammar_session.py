"""SET and RESET: who the session is, and parameters whose every permitted value means the same here."""

from collections.abc import Mapping

from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.statements import SetParameter, SetSessionAuthorization
from infra.local.warehouse.errors import NotSupported

_OFF = frozenset({"off", "false", "0"})
_SWITCH = _OFF | {"on", "true", "1"}
# The parameters of a session and the values that change no answer; None: every value.
_PARAMETERS: Mapping[str, frozenset[str] | None] = {
    "query_group": None,
    "application_name": None,
    "enable_result_cache_for_session": _SWITCH,
    "enable_case_sensitive_identifier": _OFF,
    "describe_field_name_in_uppercase": _OFF,
    "search_path": frozenset({"public", "$user,public"}),
    "timezone": frozenset({"utc", "gmt"}),
    "datestyle": frozenset({"iso", "iso,mdy"}),
    "statement_timeout": frozenset({"0"}),
}


def set_parameter(reader: Reader, _: str) -> SetParameter | SetSessionAuthorization:
    """What SET says after that word."""
    if reader.current.text == "local":
        raise NotSupported("SET LOCAL")
    if reader.accept("session", "authorization"):
        return SetSessionAuthorization(_authorized(reader))
    reader.accept("session")
    name = _parameter(reader)
    if not reader.accept("to"):
        reader.expect("=")
    if reader.accept("default"):
        return SetParameter(name, None)
    value = ", ".join(reader.commas(lambda: _value(reader)))
    permitted = _PARAMETERS[name]
    if permitted is not None and value.lower().replace(" ", "") not in permitted:
        raise NotSupported(f"this value of {name}")
    return SetParameter(name, value)


def reset(reader: Reader, _: str) -> SetParameter | SetSessionAuthorization:
    """What RESET says after that word."""
    if reader.accept("session", "authorization"):
        return SetSessionAuthorization(None)
    return SetParameter(_parameter(reader), None)


def _parameter(reader: Reader) -> str:
    name = reader.name()
    if name not in _PARAMETERS:
        raise NotSupported(f"parameter {name[:60]}")
    return name


def _authorized(reader: Reader) -> str | None:
    if reader.accept("default"):
        return None
    return reader.advance().text if reader.current.kind == "string" else reader.principal()


def _value(reader: Reader) -> str:
    if reader.current.kind not in ("string", "number", "word", "quoted"):
        raise reader.fault()
    return reader.advance().text
