"""rowlight.toml → what it says of the specification; every fault is told at once, each by its key."""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.provision.errors import Fault, SpecError
from infra.provision.specification.access import Column
from infra.provision.specification.providers import PROVIDERS
from infra.provision.specification.spec import PATTERNS, Spec
from infra.provision.specification.toml_keys import (
    COLUMNS,
    KEYS,
    LISTS,
    NUMBER,
    TEXT,
    TEXTS,
    TRUTH,
    WAREHOUSE,
    Key,
)
from infra.provision.terminal import harmless

_LONGEST = 1_000_000
_SECRET = re.compile(
    r"secret|passw|token|private|credential|access_?key|session_?key|api_?key", re.IGNORECASE
)
_SECTIONS = frozenset(name.partition(".")[0] for name in KEYS if "." in name)
# What stands in for what is looked up in the account, while the file alone is checked.
_LOOKED_UP = {
    "account_id": "0" * 12,
    "instance_arn": "arn:aws:sso:::instance/ssoins-0000000000000000",
    "identity_store_id": "d-0000000000",
}


def read(path: Path) -> dict[str, Any]:
    """The fields of the specification that the file gives; raises SpecError with all its faults."""
    return parse(_text(path), name=path.name)


def parse(text: str, *, name: str = "rowlight.toml") -> dict[str, Any]:
    """The same of a text."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # Its words tell the place and no value.
        raise SpecError(f"{name} is not TOML: {str(error)[:200]}") from None
    return _values(document)


def _values(document: Mapping[str, Any]) -> dict[str, Any]:
    reading = _Reading(document)
    values = reading.values()
    faults = [*reading.faults, *_of_the_whole(values, {fault.field for fault in reading.faults})]
    if faults:
        raise SpecError(*faults)
    return values


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = file.read(_LONGEST + 1)
        # Of a file that is cut, what is left could be a specification of less.
        if len(found) > _LONGEST:
            raise SpecError(f"{path} is longer than {_LONGEST} bytes, as no specification is.")
        return found.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SpecError(f"{path} cannot be read: {reason}") from None


class _Reading:
    """One file's values, each of the right type, and what is wrong with the others."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.faults: list[Fault] = []

    def values(self) -> dict[str, Any]:
        found = {}
        flat = dict(self._flat())
        for name, key in KEYS.items():
            if name not in flat:
                if key.mandatory:
                    self.faults.append(Fault(name, f"is missing: {key.expected}"))
            elif self._fits(name, flat[name], key):
                found[key.field] = _converted(flat[name], key)
        self._check_warehouse(flat)
        for name in flat.keys() - KEYS.keys():
            self.faults.append(_unknown(name, [*KEYS, *LISTS, *_SECTIONS]))
        for name in LISTS:
            if (made := self._list(name)) is not None:
                found[name] = made
        return found

    def _flat(self) -> Iterator[tuple[str, Any]]:
        for name, value in self._document.items():
            if name in LISTS:
                continue
            if name in _SECTIONS and isinstance(value, dict):
                yield from ((f"{name}.{inner}", each) for inner, each in value.items())
            elif name in _SECTIONS:
                self.faults.append(Fault(name, f"is {_kind(value)}: it must be a section, [{name}]"))
            else:
                yield name, value

    def _check_warehouse(self, flat: Mapping[str, Any]) -> None:
        given = [name for name in WAREHOUSE if flat.get(name)]
        if not given:
            self.faults.append(
                Fault(WAREHOUSE[0], f"is missing: {KEYS[WAREHOUSE[0]].expected}, or warehouse.cluster")
            )
        elif all(isinstance(flat[name], str) for name in given) and len(given) > 1:
            self.faults.append(Fault(WAREHOUSE[1], "stands beside warehouse.workgroup: one of both"))

    def _fits(self, name: str, value: Any, key: Key) -> bool:
        if not _is(value, key.kind):
            self.faults.append(Fault(name, f"is {_kind(value)}, not {key.kind}: {key.expected}"))
            return False
        if key.mandatory and not value:
            self.faults.append(Fault(name, f"is empty: {key.expected}"))
            return False
        return True

    def _list(self, name: str) -> tuple[Any, ...] | None:
        """The tables, policies or groups; None where there is nothing that could be one."""
        value = self._document.get(name)
        mandatory = name != "policies"
        if value is None and not mandatory:
            return ()
        if (
            not isinstance(value, list)
            or (mandatory and not value)
            or not all(isinstance(each, dict) for each in value)
        ):
            problem = "is missing" if value in (None, []) else f"is {_kind(value)}"
            self.faults.append(Fault(name, f"{problem}: a section [[{name}]] for each of the {name}"))
            return None
        made = [self._one(f"{name}[{place}]", each, name) for place, each in enumerate(value, start=1)]
        return tuple(each for each in made if each is not None)

    def _one(self, where: str, given: Mapping[str, Any], name: str) -> Any:
        kind, keys = LISTS[name]
        before = len(self.faults)
        for unknown in given.keys() - keys.keys():
            self.faults.append(_unknown(f"{where}.{unknown}", [f"{where}.{each}" for each in keys]))
        values = {}
        for each, key in keys.items():
            if each not in given:
                if key.mandatory:
                    self.faults.append(Fault(f"{where}.{each}", f"is missing: {key.expected}"))
            elif self._fits(f"{where}.{each}", given[each], key):
                values[key.field] = _converted(given[each], key)
        return kind(**values) if len(self.faults) == before else None


def _is(value: Any, kind: str) -> bool:
    if kind == TEXT:
        return isinstance(value, str)
    if kind == NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == TRUTH:
        return isinstance(value, bool)
    if kind == TEXTS:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def _kind(value: Any) -> str:
    kinds = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", list: "a list"}
    return kinds.get(type(value), "a table" if isinstance(value, dict) else "a date")


def _converted(value: Any, key: Key) -> Any:
    if key.kind == COLUMNS:
        return tuple(Column(name=name, type=of) for name, of in value.items())
    return tuple(value) if key.kind == TEXTS else value


def _unknown(name: str, known: list[str]) -> Fault:
    """A key that there is not: a slip of the pen, or a secret, of which no letter is repeated."""
    last = name.rpartition(".")[2]
    shown = harmless(name[:120]).replace("\n", "�")
    if _SECRET.search(last):
        return Fault(shown, f"looks like a secret, and no secret belongs in this file: {_PLACE_OF_SECRETS}")
    others = [each for each in known if each.rpartition(".")[2] == last]
    nearest = others or difflib.get_close_matches(name, known, n=1, cutoff=0.5) or _by_last(last, known)
    hint = f": is {nearest[0]} meant?" if nearest else ""
    return Fault(shown, f"is not known{hint}")


def _by_last(last: str, known: list[str]) -> list[str]:
    names = {each.rpartition(".")[2]: each for each in known}
    return [names[each] for each in difflib.get_close_matches(last, names, n=1)]


_PLACE_OF_SECRETS = (
    "keep the client's secret in Secrets Manager and give its ARN as provider.client_secret_arn (the app's"
    " OIDC_CLIENT_SECRET_ARN), or give the app OIDC_CLIENT_SECRET where it runs"
)


def _of_the_whole(values: Mapping[str, Any], told: set[str]) -> Iterator[Fault]:
    """What is wrong with values of the right types: each by its pattern, and together."""
    names = {key.field: name for name, key in KEYS.items()}
    kind, issuer = values.get("provider"), values.get("issuer")
    if kind in PROVIDERS and issuer and (words := PROVIDERS[kind].issuer_fault(issuer)):
        yield Fault("provider.issuer", f"is {issuer[:80]!r}: {words}")
        told = told | {"provider.issuer"}
    # Without some of the lists, the others name what is not described.
    whole = not any(name.startswith(tuple(LISTS)) for name in told)
    for fault in _faults(values):
        name = names.get(fault.field, fault.field)
        if name not in told and (whole or fault.field not in LISTS):
            yield Fault(name, _words(name, fault, values))


def _words(name: str, fault: Fault, values: Mapping[str, Any]) -> str:
    if fault.field not in PATTERNS:
        return fault.words
    shown = "" if _SECRET.search(name) else f" {str(values.get(fault.field))[:80]!r},"
    return f"is{shown} not what is expected: {KEYS[name].expected}"


def _faults(values: Mapping[str, Any]) -> tuple[Fault, ...]:
    """The specification's own, where what is missing or looked up is filled in."""
    stand_ins = {"region": "us-east-1", "issuer": "https://example.com", "client_id": "x", **_LOOKED_UP}
    account = str(values.get("host_role_arn", "")).split(":")[4:5]
    if account and re.fullmatch(r"[0-9]{12}", account[0]):
        stand_ins["account_id"] = account[0]
    try:
        Spec(**{**stand_ins, **values})
    except SpecError as error:
        return tuple(fault for fault in error.found if isinstance(fault, Fault))
    return ()
