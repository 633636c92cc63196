"""What the person chose to see, and how an address says it. No Streamlit in it.

An address is anybody's text: what it says and nobody here would have written is not there.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

CUSTOM = "Custom dates"
PERIODS = {"Last 7 days": 7, "Last 30 days": 30, "Last 90 days": 90, "Last 12 months": 364}
EARLIEST = date(2000, 1, 1)
MOST_CATEGORIES = 100  # each is a parameter of the query

NAMES = ("period", "from", "to", "category")
_USUAL = "Last 90 days"
_SHORT = {"Last 7 days": "7d", "Last 30 days": "30d", "Last 90 days": "90d", "Last 12 months": "12m"}
_LONG = {short: period for period, short in _SHORT.items()}
_LONGEST_CATEGORY = 100  # as in the warehouse
# Proxies refuse an address of eight thousand characters, and a sign-in page carries it encoded once more.
_LONGEST = 2_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Parameters = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Filters:
    """What a query is asked for: whole days, both ends included; no categories means all of them."""

    first_day: date
    last_day: date
    categories: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def day_after(self) -> date:
        return self.last_day + timedelta(days=1)

    @property
    def previous_first_day(self) -> date:
        """The first of the same number of days just before."""
        return self.first_day - timedelta(days=self.days)


@dataclass(frozen=True)
class Choice:
    """What the widgets say; the days of a preset move with the calendar."""

    period: str = _USUAL
    dates: tuple[date, date] | None = None
    categories: tuple[str, ...] = ()

    def filters(self, today: date) -> Filters:
        """The days that the choice means today."""
        last = today - timedelta(days=1)  # the last whole day
        if self.period == CUSTOM and self.dates:
            return Filters(*self.dates, self.categories)
        days = PERIODS.get(self.period, PERIODS[_USUAL])
        return Filters(last - timedelta(days=days - 1), last, self.categories)

    def parameters(self) -> dict[str, list[str]]:
        """The choice as an address says it: what is usual is left out."""
        said = self._period()
        with_categories = said | ({"category": list(self.categories)} if self.categories else {})
        # Some of the categories would look like all that were chosen.
        return with_categories if len(urlencode(with_categories, doseq=True)) <= _LONGEST else said

    def _period(self) -> dict[str, list[str]]:
        if self.period == CUSTOM and self.dates:
            first, last = self.dates
            return {"from": [first.isoformat()], "to": [last.isoformat()]}
        return {"period": [_SHORT[self.period]]} if self.period in _SHORT and self.period != _USUAL else {}


def read(said: Parameters, today: date) -> Choice:
    """The choice that an address's parameters mean: any text is some choice."""
    categories = tuple(dict.fromkeys(filter(_is_category, said.get("category", ()))))[:MOST_CATEGORIES]
    first, last = (_day(said.get(name, ()), today) for name in ("from", "to"))
    if first and last:
        return Choice(CUSTOM, (min(first, last), max(first, last)), categories)
    period = _LONG.get(_last(said.get("period", ())), _USUAL)
    return Choice(period, categories=categories)


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


def _is_category(text: str) -> bool:
    """Whether the warehouse could hold it; a parameter of the Data API cannot be empty."""
    return 0 < len(text) <= _LONGEST_CATEGORY and not any(
        unicodedata.category(character) in ("Cc", "Cs") for character in text
    )


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""
