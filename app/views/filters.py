"""The period and what else is chosen: one choice for all pages, kept while the person moves between them.

In a tab the kept choice is the truth. Every page's address says it too, for what a tab does not outlive: a
reload, a sign-in, a link, a second tab.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.views import clock, formats
from app.views.choice import (
    CUSTOM,
    DIMENSIONS,
    EARLIEST,
    MOST_VALUES,
    NAMES,
    PERIODS,
    Choice,
    Dimension,
    Filters,
    amount,
    read,
)
from app.views.formats import Marks

LABELS: Mapping[Dimension, str] = {
    "region": "Region",
    "country": "Country",
    "category": "Category",
    "product": "Product",
    "place": "City",
}
_ALL: Mapping[Dimension, str] = {
    "region": "All regions",
    "country": "All countries",
    "category": "All categories",
    "product": "All products",
    "place": "All cities",
}
_MOST_SALES = "The {} with most sales. Another country or category brings up others."
_MARKS = re.compile(r"[!-/:-@[-`{-~]")  # of which Markdown, formulas and Streamlit's colours are made
_KEPT = "filters"
_MOST_CHIPS = 3  # of a dimension; more are one chip


class _Chip(NamedTuple):
    """A thing that is chosen: what tells it from all others, how it is said, and what takes it away.

    An address may name two countries that are said alike: DE, and one whose code is Germany.
    """

    key: str
    text: str
    leave: Callable[[], None]


def follow_address() -> None:
    """Takes the choice from an address that is new to this tab, and writes any other choice into the address.

    To be called before the menu is drawn: the browser then has one entry in its history for a page and its
    parameters, where otherwise the way back would lead over the page without them.
    """
    said = {name: values for name in NAMES if (values := st.query_params.get_all(name))}
    if _KEPT not in st.session_state or _went_back_or_forward():
        st.session_state[_KEPT] = read(said, clock.today())
    chosen = kept().parameters()
    if chosen != said:
        others = {name: st.query_params.get_all(name) for name in st.query_params if name not in NAMES}
        st.query_params.from_dict(others | chosen)


def _went_back_or_forward() -> bool:
    """Whether the browser's history led here: a link of the menu has no parameters, and says nothing."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def kept() -> Choice:
    """What is chosen in this tab."""
    choice: Choice = st.session_state.setdefault(_KEPT, Choice())
    return choice


def keep(choice: Choice) -> None:
    """Makes it what is chosen in this tab: for callbacks, before anything is drawn."""
    st.session_state[_KEPT] = choice


def reset() -> None:
    """Back to what the pages show at first."""
    keep(Choice())


def named(dimension: Dimension, value: str) -> str:
    """How people call a value: a country by its name."""
    return _written(dimension)(value)


def _written(dimension: Dimension) -> Callable[[str], str]:
    return formats.country if dimension == "country" else str


def toggle(dimension: Dimension, values: Sequence[object], offered: Collection[str]) -> None:
    """Keeps to the values of a dimension, or to all again if exactly these were chosen.

    For callbacks of charts, maps and lists. The browser says what was clicked, and may say anything: what was
    not offered there is not there.
    """
    clicked = tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value in offered))
    if clicked:
        same = set(clicked) == set(kept().only.get(dimension, ()))
        keep(kept().keeping(dimension, () if same else clicked))


def drop(dimension: Dimension, value: str | None = None) -> None:
    """Takes a value of a dimension out of the choice, or all of them."""
    others = [each for each in kept().only.get(dimension, ()) if value is not None and each != value]
    keep(kept().keeping(dimension, others))


def choose_period(page: str) -> Filters:
    """Draws the period's widgets and tells what is chosen; the others follow by `choose`."""
    today = clock.today()
    with st.sidebar:
        _seed(f"{page}.period", kept().period)
        st.selectbox(
            "Period", [*PERIODS, CUSTOM], key=f"{page}.period", on_change=_keep_period, args=(page, today)
        )
        if kept().period == CUSTOM:
            _choose_dates(page, kept().filters(today), today)
    return kept().filters(today)


def choose(
    page: str,
    known: Mapping[Dimension, Sequence[str]],
    marks: Marks,
    *,
    limits: Mapping[Dimension, int],
    least: bool,
) -> None:
    """Draws the other widgets once the data has told what there is to choose from.

    Of a dimension that has a limit, so many values with most sales are known at most.
    """
    with st.sidebar:
        for dimension, values in known.items():
            _choose_values(page, dimension, values)
            if len(values) >= limits.get(dimension, len(values) + 1):
                st.html(f'<p class="rl-note">{_MOST_SALES.format(len(values))}</p>')
        if least:
            _choose_least(page, marks)


def _choose_values(page: str, dimension: Dimension, known: Sequence[str]) -> None:
    chosen = kept().only.get(dimension, ())
    written = _written(dimension)
    options = sorted({*known, *chosen}, key=lambda value: written(value).casefold())
    key = f"{page}.{dimension}"
    _seed(key, list(chosen))
    st.multiselect(
        LABELS[dimension],
        options,
        key=key,
        format_func=written,
        placeholder=_ALL[dimension],
        max_selections=MOST_VALUES,
        on_change=_keep_values,
        args=(key, dimension, options),
    )


def _choose_least(page: str, marks: Marks) -> None:
    key = f"{page}.least"
    chosen = kept().least
    _seed(key, None if chosen is None else float(chosen))
    st.number_input(
        f"Orders from ({marks.symbol})",
        min_value=0.0,
        max_value=999_999_999.0,
        step=50.0,
        value=None,
        format="%.2f",
        placeholder="Any amount",
        key=key,
        on_change=_keep_least,
        args=(key,),
    )


def chips(page: str, filters: Filters, shown: Collection[Dimension], marks: Marks) -> None:
    """Draws what is chosen beside the period, each with a way out of it, and the way out of all."""
    place = st.empty()  # always there, so that what follows keeps its place
    if not filters.any:
        return
    with place.container(key=f"{page}.chips", horizontal=True, vertical_alignment="center", gap="small"):
        for chip in _chosen(filters, shown, marks):
            st.button(
                plain(chip.text),
                key=f"{page}.without.{chip.key}",
                icon=":material/close:",
                icon_position="right",
                on_click=chip.leave,
            )
        st.button(":primary[Reset filters]", key=f"{page}.reset", type="tertiary", on_click=reset)


def plain(text: str) -> str:
    """Text for a button's label, which is Markdown: whatever it holds stays text."""
    return _MARKS.sub(r"\\\g<0>", text)


def said(filters: Filters, shown: Collection[Dimension], marks: Marks) -> tuple[str, ...]:
    """The period and what else is chosen, in words."""
    chosen = (chip.text for chip in _chosen(filters, shown, marks))
    return (formats.span(filters.first_day, filters.last_day), *chosen)


def _chosen(filters: Filters, shown: Collection[Dimension], marks: Marks) -> Iterator[_Chip]:
    """Each thing that is chosen."""
    for dimension in DIMENSIONS:
        values = filters.values(dimension) if dimension in shown else ()
        if len(values) > _MOST_CHIPS:
            yield _Chip(dimension, f"{LABELS[dimension]}: {len(values)} chosen", partial(drop, dimension))
            continue
        for value in values:
            text = f"{LABELS[dimension]}: {named(dimension, value)}"
            yield _Chip(f"{dimension}.{value}", text, partial(drop, dimension, value))
    if filters.least is not None:
        yield _Chip("least", f"Orders from {formats.money(filters.least, marks)}", _drop_least)


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
    shown = kept().filters(today)
    dates = (shown.first_day, shown.last_day) if period == CUSTOM else None
    keep(replace(kept(), period=period, dates=dates))


def _keep_dates(page: str) -> None:
    dates = st.session_state[f"{page}.dates"]
    if not _half_chosen(dates) and dates:
        keep(replace(kept(), dates=(min(dates), max(dates))))


def _keep_values(key: str, dimension: Dimension, offered: Collection[str]) -> None:
    # The browser sends texts, and can send any: what was not offered would become a parameter all the same.
    keep(kept().keeping(dimension, [value for value in st.session_state[key] if value in offered]))


def _keep_least(key: str) -> None:
    entered = st.session_state[key]
    try:
        text = "" if entered is None else f"{Decimal(str(entered)):.2f}"
    except InvalidOperation:  # a number that is none
        text = ""
    keep(replace(kept(), least=amount(text)))


def _drop_least() -> None:
    keep(replace(kept(), least=None))
