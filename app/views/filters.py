"""The period and the categories: one choice for all pages, kept while the person moves between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import streamlit as st

CUSTOM = "Custom dates"
_DAYS = {"Last 7 days": 7, "Last 30 days": 30, "Last 90 days": 90, "Last 12 months": 364}
_DEFAULT = "Last 90 days"
_KEPT = "filters"
MOST_CATEGORIES = 100  # each is a parameter of the query


@dataclass(frozen=True)
class Filters:
    """What the person wants to see: whole days, both ends included; no categories means all of them."""

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
class _Choice:
    """What the widgets say; the days of a preset move with the calendar."""

    period: str = _DEFAULT
    dates: tuple[date, date] | None = None
    categories: tuple[str, ...] = ()

    def filters(self, today: date) -> Filters:
        last = today - timedelta(days=1)  # the last whole day
        if self.period == CUSTOM and self.dates:
            return Filters(*self.dates, self.categories)
        days = _DAYS.get(self.period, _DAYS[_DEFAULT])
        return Filters(last - timedelta(days=days - 1), last, self.categories)


def choose_period(page: str) -> Filters:
    """Draws the period's widgets and tells what is chosen; the categories follow by choose_categories."""
    today = datetime.now(UTC).date()
    kept = _kept()
    with st.sidebar:
        _seed(f"{page}.period", kept.period)
        st.selectbox(
            "Period", [*_DAYS, CUSTOM], key=f"{page}.period", on_change=_keep_period, args=(page, today)
        )
        if kept.period == CUSTOM:
            _choose_dates(page, kept.filters(today), today)
    return kept.filters(today)


def choose_categories(page: str, known: Sequence[str]) -> None:
    """Draws the categories' widget once the data has told which there are."""
    kept = _kept()
    options = sorted({*known, *kept.categories}, key=str.casefold)
    with st.sidebar:
        _seed(f"{page}.categories", list(kept.categories))
        st.multiselect(
            "Category",
            options,
            key=f"{page}.categories",
            placeholder="All categories",
            max_selections=MOST_CATEGORIES,
            on_change=_keep_categories,
            args=(page, frozenset(options)),
        )


def reset() -> None:
    """Back to what the pages show at first."""
    st.session_state[_KEPT] = _Choice()


def _choose_dates(page: str, filters: Filters, today: date) -> None:
    _seed(f"{page}.dates", (filters.first_day, filters.last_day))
    st.date_input("Dates", max_value=today, key=f"{page}.dates", on_change=_keep_dates, args=(page,))


def _kept() -> _Choice:
    choice: _Choice = st.session_state.setdefault(_KEPT, _Choice())
    return choice


def _seed(key: str, value: object) -> None:
    """Widgets forget when their page is left; what was kept is the truth."""
    if _comparable(st.session_state.get(key)) != _comparable(value) and not _half_chosen(
        st.session_state.get(key)
    ):
        st.session_state[key] = value


def _comparable(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _half_chosen(value: object) -> bool:
    """A range of dates whose end has not been picked yet."""
    return isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], date)


def _keep_period(page: str, today: date) -> None:
    period = st.session_state[f"{page}.period"]
    shown = _kept().filters(today)
    dates = (shown.first_day, shown.last_day) if period == CUSTOM else None
    st.session_state[_KEPT] = replace(_kept(), period=period, dates=dates)


def _keep_dates(page: str) -> None:
    dates = st.session_state[f"{page}.dates"]
    if not _half_chosen(dates) and dates:
        st.session_state[_KEPT] = replace(_kept(), dates=(min(dates), max(dates)))


def _keep_categories(page: str, offered: frozenset[str]) -> None:
    # The browser sends texts, and can send any: what was not offered would become a parameter all the same.
    chosen = [name for name in dict.fromkeys(st.session_state[f"{page}.categories"]) if name in offered]
    st.session_state[_KEPT] = replace(_kept(), categories=tuple(chosen[:MOST_CATEGORIES]))
