"""Numbers, dates and countries as people read them. No Streamlit in it.

CLDR, in Babel's copy, tells how each locale writes numbers. The writing is our own: a map has thousands of
figures, and Babel's formatters take fifty times as long for each. The words are English, the digits Latin.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Literal

from babel import localedata
from babel.core import Locale, UnknownLocaleError
from babel.numbers import get_currency_precision, get_currency_symbol

Against = Literal["before", "year_ago"]  # what a period is compared with, as Compared names it

_STEPS = ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "k"))
_HUNDRED = 100
_THOUSAND = 1_000
_NO_BREAK = "\u00a0"
# Language, script, country: what else a locale's tag may say does not change numbers in Latin digits.
_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?(?![a-z0-9])")
_NO_COUNTRY = frozenset({"XA", "XB", "ZZ"})  # CLDR's names for tests, and for what is unknown


@dataclass(frozen=True)
class Marks:
    """How numbers are parted, and a currency's symbol and place."""

    thousands: str = ","
    decimal: str = "."
    grouping: tuple[int, int] = (3, 3)  # digits of the last group, and of each before it: 3 and 2 in India
    symbol: str = "$"
    symbol_first: bool = True
    space: str = ""
    cents: int = 2  # digits of an exact amount after the decimal mark

    @property
    def prefix(self) -> str:
        """What stands before an amount."""
        return self.symbol + self.space if self.symbol_first else ""

    @property
    def suffix(self) -> str:
        """What stands after an amount."""
        return "" if self.symbol_first else self.space + self.symbol


ENGLISH = Marks()


@lru_cache(maxsize=512)
def marks(locale: str | None, currency: str = "USD") -> Marks:
    """How a browser's locale writes numbers and this currency; the English way for what is no locale."""
    known = _locale(locale or "")
    try:
        return _marks(known, currency)
    finally:
        # Babel keeps each locale that was ever asked for, all of them 190 MB: browsers may name them all.
        localedata.clear_caches()


def _locale(text: str) -> Locale:
    """A browser may send any text: Babel makes a file's name of it, and gets none but in a tag's shape."""
    tag = _TAG.match(text[:20].lower())
    parts = [part for part in tag.groups() if part] if tag else []
    for candidate in ("_".join(parts), *parts[:1]):
        try:
            return Locale.parse(candidate)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def _marks(locale: Locale, currency: str) -> Marks:
    symbols = locale.number_symbols.get("latn", {})
    pattern = _visible(locale.currency_formats["standard"].pattern.partition(";")[0])
    symbol = _symbol(locale, currency)
    first = pattern.startswith("¤")
    space = "".join(character for character in pattern if character.isspace())
    if not space and (symbol[-1] if first else symbol[0]).isalpha():
        space = _NO_BREAK  # letters would run into the digits
    return Marks(
        thousands=_visible(symbols.get("group", ",")),
        decimal=_visible(symbols.get("decimal", ".")),
        grouping=(3, 2) if locale.decimal_formats[None].grouping == (3, 2) else (3, 3),
        symbol=symbol,
        symbol_first=first,
        space=space,
        cents=get_currency_precision(currency),
    )


def _symbol(locale: Locale, currency: str) -> str:
    """The locale's symbol; one that is written from right to left would turn our digits about."""
    symbol = _visible(get_currency_symbol(currency, locale))
    turned = any(unicodedata.bidirectional(character) in ("R", "AL") for character in symbol)
    return currency if turned else symbol


def _visible(text: str) -> str:
    """Without the marks by which Arabic and Hebrew set a direction: our text runs from left to right."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def country(code: str) -> str:
    """The English name of a country by its ISO code: Germany; the code itself where there is none."""
    return _countries().get(code, code)


@cache
def _countries() -> dict[str, str]:
    names = Locale("en").territories
    return {code: name for code, name in names.items() if code.isalpha() and code not in _NO_COUNTRY}


def money(amount: Decimal, marks: Marks = ENGLISH) -> str:
    """$1,243,508.20."""
    return _priced(amount, _number(_rounded(abs(amount), marks.cents), marks), marks)


def short_money(amount: Decimal, marks: Marks = ENGLISH) -> str:
    """$1.24M, $203, $45.60."""
    size = abs(amount)
    small = _rounded(size, 0 if size >= _HUNDRED else marks.cents)
    return _priced(amount, _number(small, marks) if small < _THOUSAND else _short(size, marks), marks)


def round_money(amount: Decimal, marks: Marks = ENGLISH) -> str:
    """$20k, $500, $1M: for figures that are round already."""
    step, letter = next(((step, letter) for step, letter in _STEPS if abs(amount) >= step), (Decimal(1), ""))
    return _priced(amount, _number((abs(amount) / step).normalize(), marks) + letter, marks)


def count(number: int | Decimal, marks: Marks = ENGLISH) -> str:
    """184,213."""
    return _sign(number) + _number(abs(Decimal(number)), marks)


def short_count(number: int | Decimal, marks: Marks = ENGLISH) -> str:
    """184k, 912."""
    size = abs(Decimal(number))
    return _sign(number) + (_number(size, marks) if size < _THOUSAND else _short(size, marks))


def percent(share: Decimal, marks: Marks = ENGLISH) -> str:
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
    """How a figure compares with that of another period, and which way it went."""

    figure: str
    compared: str
    direction: Literal["up", "down", "off"]


def other_period(against: Against, days: int) -> str:
    """What a period of so many days is compared with: previous 90 days, same period last year."""
    if against == "year_ago":
        return "same period last year"
    return f"previous {days} days" if days > 1 else "previous day"


def change(
    now: Decimal, before: Decimal | None, *, days: int, marks: Marks = ENGLISH, against: Against = "before"
) -> Change:
    """+8.1% vs previous 90 days."""
    other = other_period(against, days)
    if not before:
        return Change("No sales", f"in the {other}", "off")
    share = (now - before) / abs(before)  # what returns made negative has risen, too
    if not _rounded(abs(share) * 100, 1):
        return Change(percent(Decimal(0), marks), f"vs {other}", "off")
    return Change(
        ("+" if share > 0 else "") + percent(share, marks), f"vs {other}", "up" if share > 0 else "down"
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _sign(number: Decimal | int) -> str:
    return "-" if number < 0 else ""


def _priced(amount: Decimal, size: str, marks: Marks) -> str:
    return f"{_sign(amount)}{marks.prefix}{size}{marks.suffix}"


def _rounded(size: Decimal, places: int) -> Decimal:
    return size.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _number(size: Decimal, marks: Marks) -> str:
    if marks.grouping == ENGLISH.grouping:
        return f"{size:,f}".translate({ord(","): marks.thousands, ord("."): marks.decimal})
    whole, point, part = f"{size:f}".partition(".")
    return marks.thousands.join(_groups(whole, *marks.grouping)) + (marks.decimal + part if point else "")


def _groups(digits: str, last: int, before: int) -> list[str]:
    """12345678 in groups of 3 and 2 is 1, 23, 45 and 678."""
    head, tail = digits[:-last], digits[-last:]
    first = len(head) % before
    return [
        *filter(None, [head[:first]]),
        *(head[at : at + before] for at in range(first, len(head), before)),
        tail,
    ]


def _short(size: Decimal, marks: Marks) -> str:
    """Three digits that count, and a letter for the rest; 999,950 is 1.00M and never 1,000k."""
    for step, letter in _STEPS:
        scaled = size / step
        three = scaled.quantize(Decimal(1).scaleb(scaled.adjusted() - 2), ROUND_HALF_UP)
        if three >= 1:
            places = max(0, 2 - three.adjusted())
            return _number(_rounded(three, places), marks) + letter
    raise ValueError(f"{size} is short already.")
