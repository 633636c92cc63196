"""Date parts, intervals and date formats, as Redshift names them and as DuckDB does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql.calendar_text import NUMBER_OF

_UNITS = {
    "millennium": ("mil", "mils", "millennia"),
    "century": ("c", "cent", "cents", "centuries"),
    "decade": ("decades", "dec", "decs"),
    "year": ("years", "y", "yr", "yrs"),
    "quarter": ("quarters", "qtr", "qtrs"),
    "month": ("months", "mon", "mons"),
    "week": ("weeks", "w"),
    "day": ("days", "d"),
    "hour": ("hours", "h", "hr", "hrs"),
    "minute": ("minutes", "m", "min", "mins"),
    "second": ("seconds", "s", "sec", "secs"),
    "millisecond": (
        *("milliseconds", "ms", "msec", "msecs", "msecond", "mseconds"),
        *("millisec", "millisecs", "millisecon"),
    ),
    "microsecond": (
        *("microseconds", "us", "usec", "usecs", "usecond", "useconds"),
        *("microsec", "microsecs"),
    ),
}
_BY_NAME = {name: unit for unit, names in _UNITS.items() for name in (unit, *names)}
_PARTS = {
    "dow": "dow",
    "dayofweek": "dow",
    "dw": "dow",
    "weekday": "dow",
    "doy": "doy",
    "dayofyear": "doy",
    "dy": "doy",
    "yearday": "doy",
    "epoch": "epoch",
}
MONTHS = {"millennium": 12_000, "century": 1_200, "decade": 120, "year": 12, "quarter": 3, "month": 1}
_MICROSECONDS = {
    "week": 604_800_000_000,
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}


def _word(node: exp.Expr) -> str:
    return node.name.lower()


def unit(node: exp.Expr) -> str:
    """A date part that can be added, counted or truncated to."""
    found = _BY_NAME.get(_word(node))
    if found is None:
        raise NotSupported(f'date part "{_word(node)[:40]}" here')
    return found


def part(node: exp.Expr) -> str:
    """A date part that can be read off a date."""
    found = _PARTS.get(_word(node)) or _BY_NAME.get(_word(node))
    if found is None:
        raise SqlError(f'date part "{_word(node)[:40]}" not recognized', "22023")
    return found


@dataclass(frozen=True)
class Interval:
    """A span of time: months, days and the rest are added one after the other."""

    months: int = 0
    days: int = 0
    microseconds: int = 0

    @property
    def length(self) -> int:
        """Microseconds, a month being 30 days: so intervals compare."""
        return (30 * self.months + self.days) * _MICROSECONDS["day"] + self.microseconds


_QUANTITY = re.compile(r"\s*([+-]?\d{1,9}(?:\.\d{1,6})?)\s*([a-z]*)\s*(?:,|$|(?=[+\d-]))", re.IGNORECASE)


def interval(text: str, word: str = "") -> Interval:
    """The interval that a literal such as '1 week, 0.5 days' states; without a unit a number is seconds."""
    found = Interval()
    for amount, name in _quantities(text):
        step = _BY_NAME.get((name or word or "second").lower())
        if step is None:
            raise NotSupported("an INTERVAL of this form")
        found = _add(found, Fraction(amount), step)
    return found


def _quantities(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text) or at == 0:
        match = _QUANTITY.match(text, at)
        if match is None:
            raise NotSupported("an INTERVAL of this form")
        yield match[1], match[2]
        at = match.end()


def _add(span: Interval, amount: Fraction, step: str) -> Interval:
    if step in MONTHS:
        if amount.denominator != 1:
            raise NotSupported("an INTERVAL of a fraction of a month or more")
        return Interval(span.months + int(amount) * MONTHS[step], span.days, span.microseconds)
    microseconds = int(amount * _MICROSECONDS[step])
    if step in ("week", "day"):
        days = int(amount * (7 if step == "week" else 1))
        rest = microseconds - days * _MICROSECONDS["day"]
        return Interval(span.months, span.days + days, span.microseconds + rest)
    return Interval(span.months, span.days, span.microseconds + microseconds)


# What strftime writes as Redshift does.
_STRFTIME = {
    "HH24": "%H",
    "HH12": "%I",
    "YYYY": "%Y",
    "IYYY": "%G",
    "DDD": "%j",
    "Mon": "%b",
    "YY": "%y",
    "MM": "%m",
    "DD": "%d",
    "Dy": "%a",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "MS": "%g",
    "US": "%f",
    "IW": "%V",
    "AM": "%p",
    "PM": "%p",
}
_CASED = frozenset(name for name in NUMBER_OF if {name.lower(), name.upper()} & (NUMBER_OF.keys() - {name}))
_BY_LENGTH = sorted(NUMBER_OF, key=len, reverse=True)
_SCAN = re.compile(
    "(?P<fm>FM)?(?P<piece>"
    + "|".join(re.escape(name) if name in _CASED else f"(?i:{re.escape(name)})" for name in _BY_LENGTH)
    + r')|(?P<text>"[^"]*"|[^A-Za-z"])'
)
_READ = {
    "YYYY": ("year", r"\d{4}"),
    "YY": ("year2", r"\d{2}"),
    "MM": ("month", r"\d{1,2}"),
    "DD": ("day", r"\d{1,2}"),
    **dict.fromkeys(("HH24", "HH12", "HH"), ("hour", r"\d{1,2}")),
    "MI": ("minute", r"\d{1,2}"),
    "SS": ("second", r"\d{1,2}"),
    "MS": ("milli", r"\d{1,3}"),
    "US": ("micro", r"\d{1,6}"),
    **dict.fromkeys(("MON", "Mon", "mon"), ("name", "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec")),
    **dict.fromkeys(
        ("MONTH", "Month", "month"),
        (
            "name",
            "january|february|march|april|may|june|july|august|september|october|november|december",
        ),
    ),
    **dict.fromkeys(("AM", "PM", "am", "pm"), ("half", "am|pm")),
}
_READ_NAMES = tuple(dict.fromkeys(name for name, _ in _READ.values()))


@dataclass(frozen=True)
class _Piece:
    """A piece of a format: its name, or the text that stands for itself."""

    name: str
    text: str = ""
    fill: bool = False


def _pieces(node: exp.Expr) -> list[_Piece]:
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise NotSupported("a date format that is not a literal")
    text, at, found = node.name, 0, []
    while at < len(text):
        match = _SCAN.match(text, at)
        if match is None:
            raise NotSupported(f'date format "{text[at : at + 10]}"')
        found.append(_piece(match))
        at = match.end()
    return found


def _piece(match: re.Match[str]) -> _Piece:
    if match["text"]:
        return _Piece("", match["text"].strip('"') if match["text"].startswith('"') else match["text"])
    name = match["piece"]
    return _Piece(name if name in NUMBER_OF else name.upper(), fill=bool(match["fm"]))


def strftime(node: exp.Expr) -> str | None:
    """DuckDB's format for a literal of Redshift's; None when it has no twin."""
    found = []
    for piece in _pieces(node):
        if piece.fill or (piece.name and piece.name not in _STRFTIME):
            return None
        found.append(_STRFTIME[piece.name] if piece.name else piece.text.replace("%", "%%"))
    return "".join(found)


def template(node: exp.Expr) -> list[str]:
    """The format for `calendar_text`."""
    return [
        f"{'f' if piece.fill else ''}{NUMBER_OF[piece.name]}" if piece.name else f"={piece.text}"
        for piece in _pieces(node)
    ]


def reading(node: exp.Expr) -> tuple[str, list[str]]:
    """The pattern that a text of this format has, and what its groups are, for `time_of_text`."""
    pattern, names = "", []
    for piece in _pieces(node):
        if not piece.name:
            pattern += re.escape(piece.text)
            continue
        name, digits = _READ.get(piece.name, ("", ""))
        if not name or name in names:
            raise NotSupported(f'reading a date of format "{piece.name}"')
        pattern += f"({digits})"
        names.append(name)
    if len({"year", "year2"} & set(names)) != 1:
        raise NotSupported("reading a date whose format has not one year")
    absent = [name for name in _READ_NAMES if name not in names]
    return rf"(?s)\s*{pattern}{'()' * len(absent)}.*", [*names, *absent]
