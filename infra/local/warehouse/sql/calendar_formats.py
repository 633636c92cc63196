"""Date parts and date formats, as Redshift names them and as DuckDB does."""

import re

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError

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
    "millisecond": ("milliseconds", "ms", "msec", "msecs"),
    "microsecond": ("microseconds", "us", "usec", "usecs"),
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
# the longest first: the scanner takes the first that fits
_FORMATS = {
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
_CASED = frozenset({"Mon", "Dy"})  # elsewhere, upper and lower case mean the same
_SCAN = re.compile(
    "|".join(name if name in _CASED else f"(?i:{name})" for name in _FORMATS) + r'|"[^"]*"|[^A-Za-z"]'
)
_LETTERS = re.compile(r"[A-Za-z]")


def _word(node: exp.Expr) -> str:
    return node.name.lower()


def unit(node: exp.Expr) -> str:
    """A date part that can be added, counted or truncated to."""
    found = _BY_NAME.get(_word(node))
    if found is None or found in ("millennium", "century", "decade"):
        raise NotSupported(f'date part "{_word(node)[:40]}" here')
    return found


def part(node: exp.Expr) -> str:
    """A date part that can be read off a date."""
    found = _PARTS.get(_word(node)) or _BY_NAME.get(_word(node))
    if found is None:
        raise SqlError(f'date part "{_word(node)[:40]}" not recognized', "22023")
    return found


def strftime(node: exp.Expr) -> str:
    """DuckDB's format for a literal of Redshift's; a pattern without an exact twin is refused."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise NotSupported("a date format that is not a literal")
    text, at, found = node.name, 0, []
    while at < len(text):
        match = _SCAN.match(text, at)
        if match is None:
            raise NotSupported(f'date format "{text[at : at + 10]}"')
        found.append(_piece(match[0]))
        at = match.end()
    return "".join(found)


def _piece(text: str) -> str:
    if text.startswith('"'):
        return text[1:-1].replace("%", "%%")
    if not _LETTERS.match(text):
        return text.replace("%", "%%")
    return _FORMATS[text if text in _CASED else text.upper()]
