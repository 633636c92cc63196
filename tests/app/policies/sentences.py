"""Reads a sentence about rows as a person would: which rows does it speak of?"""

import re
from collections.abc import Callable, Mapping
from functools import partial

Row = Mapping[str, str | None]
Holds = Callable[[Row], bool]


def _one_of(mine: str, *values: str) -> bool:
    return mine in values


_VALUE = r"“[^“”]*”|\"[^\"]*\"|\w+"
_VALUES = rf"(?:{_VALUE})(?:, (?:{_VALUE}))*"
_PHRASES: Mapping[str, Callable[..., bool]] = {
    rf"is something other than ({_VALUE})": lambda x, a: x != a,
    rf"is something that is none of ({_VALUES})": lambda x, *them: all(x != each for each in them),
    rf"is something that does not begin with ({_VALUE})": lambda x, a: not x.startswith(a),
    rf"is something that does not end with ({_VALUE})": lambda x, a: not x.endswith(a),
    rf"is something that does not contain ({_VALUE})": lambda x, a: a not in x,
    rf"is one of ({_VALUES})": _one_of,
    rf"is from ({_VALUE}) up to and including ({_VALUE})": lambda x, a, b: a <= x <= b,
    rf"is less than ({_VALUE})": lambda x, a: x < a,
    rf"is at most ({_VALUE})": lambda x, a: x <= a,
    rf"is more than ({_VALUE})": lambda x, a: x > a,
    rf"is at least ({_VALUE})": lambda x, a: x >= a,
    rf"begins with ({_VALUE})": lambda x, a: x.startswith(a),
    rf"ends with ({_VALUE})": lambda x, a: x.endswith(a),
    rf"contains ({_VALUE})": lambda x, a: a in x,
    rf"is ({_VALUE})": lambda x, a: x == a,
}
_SQL = re.compile(r"""\(("?\w+"?)( NOT)? LIKE '((?:[^']|'')*)'\) holds""")


def rows_meant(sentence: str) -> Holds:
    """What a row must be for the sentence to speak of it."""
    if sentence in {"all rows", "no rows"}:
        return lambda _: sentence == "all rows"
    for beginning, between in (("rows whose ", " whose "), ("rows for which ", " ")):
        if sentence.startswith(beginning):
            reader = _Sentence(sentence.removeprefix(beginning), between)
            found = reader.joined()
            assert not reader.rest, f"{reader.rest!r} is left of {sentence!r}"
            return found
    raise AssertionError(f"{sentence!r} begins with nothing known")


class _Sentence:
    def __init__(self, rest: str, between: str) -> None:
        self.rest = rest
        self._between = between

    def joined(self) -> Holds:
        parts, joins = [self._part()], set()
        while found := re.match(f" (and|or){self._between}", self.rest):
            joins.add(found[1])
            self.rest = self.rest[found.end() :]
            parts.append(self._part())
        assert len(joins) < 2, f"and, or without brackets before {self.rest!r}"
        several = any if joins == {"or"} else all
        return lambda row: several(part(row) for part in parts)

    def _part(self) -> Holds:
        found = _SQL.match(self.rest)
        if found:
            self.rest = self.rest[found.end() :]
            return partial(_like, found[1].strip('"'), bool(found[2]), found[3].replace("''", "'"))
        if self.rest.startswith("("):
            inner = _Sentence(self.rest[1:], " ")
            holds = inner.joined()
            assert inner.rest.startswith(")")
            self.rest = inner.rest[1:]
            return holds
        return self._said()

    def _said(self) -> Holds:
        subject = re.match(r'(\w+|"\w+") ', self.rest)
        assert subject, f"no column begins {self.rest!r}"
        column, self.rest = subject[1].strip('"'), self.rest[subject.end() :]
        for phrase, missing in (("has a value", False), ("has no value", True)):
            if self.rest.startswith(phrase):
                self.rest = self.rest.removeprefix(phrase)
                return lambda row: (row[column] is None) == missing
        for phrase, holds in _PHRASES.items():
            found = re.match(phrase, self.rest)
            if found:
                self.rest = self.rest[found.end() :]
                names = [name for group in found.groups() for name in re.findall(_VALUE, group)]
                return partial(_compared, column, holds, names)
        raise AssertionError(f"no phrase begins {self.rest!r}")


def _compared(column: str, holds: Callable[..., bool], names: list[str], row: Row) -> bool:
    """Nothing that is said of a value is said of none."""
    mine, values = row[column], [_value(name, row) for name in names]
    if mine is None:
        return False
    if holds is _one_of:  # whichever is there
        return mine in values
    return None not in values and holds(mine, *values)


def _value(name: str, row: Row) -> str | None:
    if name.startswith("“"):
        return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), name[1:-1])
    return row[name.strip('"')]


def _like(column: str, negated: bool, pattern: str, row: Row) -> bool:  # noqa: FBT001
    mine = row[column]
    found = re.fullmatch(re.escape(pattern).replace("%", "(?s:.*)"), mine or "") is not None
    return mine is not None and found != negated
