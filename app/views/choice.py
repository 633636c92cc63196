"""What the person chose to see, and how an address says it. No Streamlit in it.

An address is anybody's text: what it says and nobody here would have written is not there.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, get_args
from urllib.parse import urlencode

Dimension = Literal["region", "country", "category", "product", "place"]
Period = tuple[date, date]  # the first day and the last

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
CUSTOM = "Custom dates"
EARLIEST = date(2000, 1, 1)
MOST_VALUES = 100  # of a dimension: each is a parameter of the query

_USUAL = "Last 90 days"
_DAYS = {"Last 7 days": 7, "Last 30 days": 30, "Last 90 days": 90, "Last 12 months": 364}
_TO_DATE = {"Quarter to date": 3, "Year to date": 12}  # and how many months the whole has
PERIODS = (*_DAYS, *_TO_DATE)
_SHORT = dict(zip(PERIODS, ("7d", "30d", "90d", "12m", "qtd", "ytd"), strict=True))
_LONG = {short: period for period, short in _SHORT.items()}
_SAID_AS: dict[Dimension, str] = {name: name for name in DIMENSIONS} | {"place": "city"}
NAMES = ("period", "from", "to", *_SAID_AS.values(), "least")
_LONGEST_VALUE = 255  # as in the warehouse
# Proxies refuse an address of eight thousand characters, and a sign-in page carries it encoded once more.
_LONGEST = 2_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)
_NOTHING: Mapping[Dimension, tuple[str, ...]] = MappingProxyType({})

Parameters = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Filters:
    """What a query is asked for: whole days, both ends included; of a dimension without values, everything.

    `least` is the amount below which an order does not count.
    """

    first_day: date
    last_day: date
    only: Mapping[Dimension, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    least: Decimal | None = None

    def values(self, dimension: Dimension) -> tuple[str, ...]:
        """The values of a dimension to which the person keeps; none means all of them."""
        return self.only.get(dimension, ())

    @property
    def any(self) -> bool:
        """Whether anything but the period is chosen."""
        return bool(self.only) or self.least is not None

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def before(self) -> Period:
        """The same number of days just before."""
        return self.first_day - timedelta(days=self.days), self.first_day - timedelta(days=1)

    @property
    def year_ago(self) -> Period:
        """The same days of the calendar a year earlier, and as many."""
        first = _year_before(self.first_day)
        return first, first + timedelta(days=self.days - 1)


@dataclass(frozen=True)
class Choice:
    """What the widgets say; the days of a preset move with the calendar."""

    period: str = _USUAL
    dates: Period | None = None
    only: Mapping[Dimension, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    least: Decimal | None = None

    def filters(self, today: date) -> Filters:
        """The days that the choice means today."""
        return Filters(*self._days(today), self.only, self.least)

    def _days(self, today: date) -> Period:
        last = today - timedelta(days=1)  # the last whole day
        if self.period == CUSTOM and self.dates:
            return self.dates
        if months := _TO_DATE.get(self.period):
            return last.replace(month=(last.month - 1) // months * months + 1, day=1), last
        return last - timedelta(days=_DAYS.get(self.period, _DAYS[_USUAL]) - 1), last

    def keeping(self, dimension: Dimension, values: Sequence[str]) -> "Choice":
        """The choice with these values of a dimension and no others; with none of them, all."""
        kept = tuple(dict.fromkeys(filter(_is_value, values)))[:MOST_VALUES]
        others = {name: self.only[name] for name in self.only if name != dimension}
        only = others | ({dimension: kept} if kept else {})
        return replace(self, only=MappingProxyType({name: only[name] for name in DIMENSIONS if name in only}))

    def parameters(self) -> dict[str, list[str]]:
        """The choice as an address says it: what is usual is left out."""
        said = self._said_period()
        if self.least is not None:
            said["least"] = [f"{self.least:f}"]
        whole = said | {_SAID_AS[name]: list(values) for name, values in self.only.items()}
        # Some of the values would look like all that were chosen.
        return whole if len(urlencode(whole, doseq=True)) <= _LONGEST else said

    def _said_period(self) -> dict[str, list[str]]:
        if self.period == CUSTOM and self.dates:
            first, last = self.dates
            return {"from": [first.isoformat()], "to": [last.isoformat()]}
        return {"period": [_SHORT[self.period]]} if self.period in _SHORT and self.period != _USUAL else {}


def read(said: Parameters, today: date) -> Choice:
    """The choice that an address's parameters mean: any text is some choice."""
    choice = Choice(least=amount(_last(said.get("least", ()))))
    for dimension, name in _SAID_AS.items():
        choice = choice.keeping(dimension, said.get(name, ()))
    first, last = (_day(said.get(name, ()), today) for name in ("from", "to"))
    if first and last:
        return replace(choice, period=CUSTOM, dates=(min(first, last), max(first, last)))
    return replace(choice, period=_LONG.get(_last(said.get("period", ())), _USUAL))


def amount(text: str) -> Decimal | None:
    """An amount of money above zero; None for what is none."""
    return (Decimal(text) or None) if _AMOUNT.fullmatch(text) else None


def _day(values: Sequence[str], today: date) -> date | None:
    """A day for which there can be sales; None for what is no day."""
    text = _last(values)
    if not _DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return min(max(day, EARLIEST), today)


def _year_before(day: date) -> date:
    """The same day of the year before; the last of February for its 29th."""
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap else day.day)


def _is_value(text: str) -> bool:
    """Whether the warehouse could hold it; a parameter of the Data API cannot be empty."""
    return 0 < len(text) <= _LONGEST_VALUE and not any(
        unicodedata.category(character) in ("Cc", "Cs") for character in text
    )


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""
