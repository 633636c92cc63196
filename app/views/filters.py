"""The period and the categories: one choice for all pages, kept while the person moves between them.

In a tab the kept choice is the truth. Every page's address says it too, for what a tab does not outlive: a
reload, a sign-in, a link, a second tab.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.views.choice import CUSTOM, EARLIEST, MOST_CATEGORIES, NAMES, PERIODS, Choice, Filters, read

_KEPT = "filters"


def follow_address() -> None:
    """Takes the choice from an address that is new to this tab, and writes any other choice into the address.

    To be called before the menu is drawn: the browser then has one entry in its history for a page and its
    parameters, where otherwise the way back would lead over the page without them.
    """
    said = {name: values for name in NAMES if (values := st.query_params.get_all(name))}
    if _KEPT not in st.session_state or _went_back_or_forward():
        st.session_state[_KEPT] = read(said, _today())
    chosen = _kept().parameters()
    if chosen != said:
        others = {name: st.query_params.get_all(name) for name in st.query_params if name not in NAMES}
        st.query_params.from_dict(others | chosen)


def _went_back_or_forward() -> bool:
    """Whether the browser's history led here: a link of the menu has no parameters, and says nothing."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def choose_period(page: str) -> Filters:
    """Draws the period's widgets and tells what is chosen; the categories follow by choose_categories."""
    today = _today()
    kept = _kept()
    with st.sidebar:
        _seed(f"{page}.period", kept.period)
        st.selectbox(
            "Period", [*PERIODS, CUSTOM], key=f"{page}.period", on_change=_keep_period, args=(page, today)
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
    st.session_state[_KEPT] = Choice()


def _choose_dates(page: str, filters: Filters, today: date) -> None:
    _seed(f"{page}.dates", (filters.first_day, filters.last_day))
    st.date_input(
        "Dates",
        min_value=EARLIEST,
        max_value=today,
        key=f"{page}.dates",
        on_change=_keep_dates,
        args=(page,),
    )


def _today() -> date:
    return datetime.now(UTC).date()


def _kept() -> Choice:
    choice: Choice = st.session_state.setdefault(_KEPT, Choice())
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
