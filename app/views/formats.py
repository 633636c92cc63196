"""Numbers and dates as people read them. No Streamlit in it."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

_STEPS = ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "k"))
_HUNDRED = 100
_THOUSAND = 1_000


@dataclass(frozen=True)
class Separators:
    """How a language parts thousands and decimals."""

    thousands: str
    decimal: str


ENGLISH = Separators(",", ".")
_DOTS = Separators(".", ",")
_SPACES = Separators("\u202f", ",")
_BY_LANGUAGE = {
    **dict.fromkeys(("de", "es", "it", "nl", "pt", "tr", "da", "id", "el", "ro", "hr", "sl", "vi"), _DOTS),
    **dict.fromkeys(("fr", "ru", "uk", "pl", "cs", "sk", "sv", "nb", "no", "fi", "hu", "bg"), _SPACES),
}
# Countries that part numbers otherwise than their language's first home.
_BY_LOCALE = {"es-MX": ENGLISH, "de-CH": Separators("\u2019", "."), "de-LI": Separators("\u2019", ".")}


def separators(locale: str | None) -> Separators:
    """The separators of a browser's locale; English ones for what is not known."""
    locale = locale or ""
    return _BY_LOCALE.get(locale) or _BY_LANGUAGE.get(locale.partition("-")[0].lower(), ENGLISH)


def money(amount: Decimal, marks: Separators = ENGLISH) -> str:
    """$1,243,508.20."""
    return _sign(amount) + "$" + _number(_rounded(abs(amount), 2), marks)


def short_money(amount: Decimal, marks: Separators = ENGLISH) -> str:
    """$1.24M, $203, $45.60."""
    size = abs(amount)
    small = _rounded(size, 0 if size >= _HUNDRED else 2)
    return _sign(amount) + "$" + (_number(small, marks) if small < _THOUSAND else _short(size, marks))


def round_money(amount: Decimal, marks: Separators = ENGLISH) -> str:
    """$20k, $500, $1M: for figures that are round already."""
    step, letter = next(((step, letter) for step, letter in _STEPS if abs(amount) >= step), (Decimal(1), ""))
    return _sign(amount) + "$" + _number((abs(amount) / step).normalize(), marks) + letter


def count(number: int | Decimal, marks: Separators = ENGLISH) -> str:
    """184,213."""
    return _sign(number) + _number(abs(Decimal(number)), marks)


def short_count(number: int | Decimal, marks: Separators = ENGLISH) -> str:
    """184k, 912."""
    size = abs(Decimal(number))
    return _sign(number) + (_number(size, marks) if size < _THOUSAND else _short(size, marks))


def percent(share: Decimal, marks: Separators = ENGLISH) -> str:
    """84.3%."""
    return _sign(share) + _number(_rounded(abs(share) * 100, 1), marks) + "%"


def span(first: date, last: date) -> str:
    """25 Aug to 23 Nov 2026; a year is said once where one is enough."""
    if first == last:
        return _day(last)
    start = f"{first.day} {first:%b}" if first.year == last.year else _day(first)
    return f"{start} to {_day(last)}"


@dataclass(frozen=True)
class Change:
    """How a figure compares with the previous period, and which way it went."""

    figure: str
    compared: str
    direction: Literal["up", "down", "off"]


def change(now: Decimal, before: Decimal | None, *, days: int, marks: Separators = ENGLISH) -> Change:
    """+8.1% vs previous 90 days."""
    previous = f"previous {days} days" if days > 1 else "previous day"
    if not before:
        return Change("No sales", f"in the {previous}", "off")
    share = (now - before) / before
    if not _rounded(abs(share) * 100, 1):
        return Change(percent(Decimal(0), marks), f"vs {previous}", "off")
    return Change(
        ("+" if share > 0 else "") + percent(share, marks), f"vs {previous}", "up" if share > 0 else "down"
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _sign(number: Decimal | int) -> str:
    return "-" if number < 0 else ""


def _rounded(size: Decimal, places: int) -> Decimal:
    return size.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _number(size: Decimal, marks: Separators) -> str:
    return f"{size:,f}".translate({ord(","): marks.thousands, ord("."): marks.decimal})


def _short(size: Decimal, marks: Separators) -> str:
    """Three digits that count, and a letter for the rest; 999,950 is 1.00M and never 1,000k."""
    for step, letter in _STEPS:
        scaled = size / step
        three = scaled.quantize(Decimal(1).scaleb(scaled.adjusted() - 2), ROUND_HALF_UP)
        if three >= 1:
            places = max(0, 2 - three.adjusted())
            return _number(_rounded(three, places), marks) + letter
    raise ValueError(f"{size} is short already.")
