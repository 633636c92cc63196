"""The page: one question, begun at once as two people, and both answers drawn by one measure.

The filters belong to the reader: they go with them to all their pages, into what they save and into links.
So what there is to choose from is what the reader sees, and never what only the second person does.
"""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from app.errors import AppError, QueryDenied, SessionExpired, StoreUnavailable
from app.redshift import faults
from app.redshift.memory import Flight
from app.redshift.query import Query
from app.redshift.table import Table
from app.redshift.warehouse import Warehouse
from app.views import drawing, filters, formats, head, sales, states, waiting
from app.views.choice import Filters
from app.views.compare import seen, sides
from app.views.compare.seen import PAGES, Pair, Seen
from app.views.compare.sides import Answered, How
from app.views.formats import Marks
from app.views.page import Proof, View
from app.views.palette import palette
from app.views.reader import Person, Reader, Second
from app.views.waiting import Places

PATH, _TITLE = "compare", "Side by side"
_LOOK = (
    30  # seconds after which a page that nobody touches finds out whether the second person is still there
)
_SHAPES = (((1, 1), 190), ((1, 1), 350))
_DRAWN = "compare.drawn"
_STYLE = f"<style>{(Path(__file__).parent / 'compare.css').read_text()}</style>"


@dataclass(frozen=True)
class _Asked:
    """What is asked as both: a page, what is chosen, and how the answers are drawn."""

    view: View
    chosen: Filters
    how: How

    @property
    def query(self) -> Query:
        return self.view.query(self.chosen)


@dataclass(frozen=True)
class _Side:
    """A person, and what the warehouse gave to them or why it gave nothing."""

    person: Person
    outcome: Answered | AppError

    @property
    def seen(self) -> Seen:
        return self.outcome.seen if isinstance(self.outcome, Answered) else Seen()

    @property
    def told(self) -> bool:
        """Whether it is known what they see: rows, or that they may see none."""
        return isinstance(self.outcome, Answered | QueryDenied)


_Guest = _Side | SessionExpired | None  # nobody, or why somebody is there no more


def _draw(reader: Reader) -> None:
    colours, marks = palette(st.context.theme.type), formats.marks(st.context.locale, reader.currency)
    head.dress(colours)
    if reader.second is None:
        _explain()
        return
    st.html(_STYLE)
    view = PAGES[drawing.looked_at("compared", tuple(PAGES), next(iter(PAGES)))]
    chosen = filters.choose_period(PATH)
    as_of, beside, fresh = head.heading(_TITLE, PATH)
    states.note(f"{formats.span(chosen.first_day, chosen.last_day)} · One statement, sent as each person")
    drawing.switch("compared", "Page", tuple(PAGES), view.title)
    filters.chips(PATH, chosen, view.dimensions, marks)
    # By the same look as the page's own question reads it.
    grain = drawing.looked_at("grain", sales.grains(chosen.days), sales.usual_grain(chosen.days))
    asked = _Asked(view, chosen, How(grain, chosen.days, colours, marks, reader.map_style_url))
    left, right = _answers(reader, reader.second, asked, Places(as_of, st.empty()), fresh=fresh)
    _choose(left, asked)
    _show(left, right, reader.second, asked)
    if isinstance(right, _Side):
        with beside:
            _leave(reader.second, right.person)


def _explain() -> None:
    st.title(_TITLE, anchor=False)
    states.note(
        "This page shows one statement sent as two people, for demonstrations. It is switched off here: "
        "an administrator of the app switches it on by the setting DEMO_COMPARE."
    )


# Asking.


def _answers(
    reader: Reader, second: Second, asked: _Asked, places: Places, *, fresh: bool
) -> tuple[_Side, _Guest]:
    """What both were given; what ends the second person's sign-in ends theirs alone."""
    people = [Person(reader.name, reader.groups, reader.warehouse)]
    over: SessionExpired | None = None
    try:
        guest = second.who()
    except SessionExpired as expired:
        guest, over = None, expired
    if guest is not None:
        people.append(guest)
    answers = [_read(asked, each) for each in _ask(people, asked.query, places, fresh=fresh)]
    for answer in answers:
        if isinstance(answer, StoreUnavailable):
            raise answer
    if isinstance(answers[0], SessionExpired):
        raise answers[0]
    if isinstance(last := answers[-1], SessionExpired):
        second.over(last)
        over = last
        del answers[-1]
    left, *others = map(_Side, people, answers)
    return left, others[0] if others else over


def _ask(people: Sequence[Person], query: Query, places: Places, *, fresh: bool) -> list[Table | AppError]:
    """What the warehouse gives to each, all begun before any is waited for."""
    if waiting.stopped(PATH):
        return [faults.stopped(query.name, None) for _ in people]
    shapes = () if st.session_state.get(_DRAWN) else _SHAPES
    with ExitStack() as leaving:
        begun: list[Flight | AppError] = []
        for person in people:
            begun.append(_begun(person.warehouse, query, fresh=fresh))
            if isinstance(begun[-1], Flight):
                leaving.callback(begun[-1].leave)
        waiting.settle([each for each in begun if isinstance(each, Flight)], PATH, places, shapes)
        st.session_state[_DRAWN] = True
        return [_landed(each) if isinstance(each, Flight) else each for each in begun]


def _begun(warehouse: Warehouse, query: Query, *, fresh: bool) -> Flight | AppError:
    try:
        return warehouse.begin(query, fresh=fresh)
    except AppError as error:
        return error


def _landed(flight: Flight) -> Table | AppError:
    try:
        return flight.table()
    except AppError as error:
        return error


def _read(asked: _Asked, answer: Table | AppError) -> Answered | AppError:
    if isinstance(answer, AppError):
        return answer
    try:
        panels = asked.view.question.split(answer)
    except AppError as error:
        return error
    return Answered(answer, panels, seen.read(asked.view, panels, asked.chosen, asked.how.grain))


# Drawing.


def _choose(left: _Side, asked: _Asked) -> None:
    """The other filters, of what the reader sees."""
    if isinstance(left.outcome, Answered) and left.outcome.panels.any("anything"):
        view, known = asked.view, asked.view.offered(left.outcome.panels)
        filters.choose(PATH, known, asked.how.marks, limits=view.limits, least=view.by_amount)


def _show(left: _Side, right: _Guest, second: Second, asked: _Asked) -> None:
    guest = right if isinstance(right, _Side) else None
    pair = Pair(left.seen, guest.seen if guest is not None else Seen())
    both = guest is not None and left.told and guest.told
    with st.container(key="compare-room"), st.container(key="compare"):
        with st.container(key="compare-left"):
            _side("left", left, pair, asked.how)
        with st.container(key="compare-between"):
            _between(asked.query, pair, asked.how.marks, both=both)
        with st.container(key="compare-right"):
            if isinstance(right, _Side):
                _side("right", right, pair, asked.how)
            else:
                _nobody(second, right)
    if guest is not None and both:
        _differences(pair, (left.person.name, guest.person.name), asked.how.marks)
    if guest is not None and isinstance(guest.outcome, Answered):
        st.fragment(_watch, run_every=_LOOK)(guest.person.warehouse, guest.outcome.table)


def _side(name: str, side: _Side, pair: Pair, how: How) -> None:
    if isinstance(side.outcome, Answered):
        sides.head(side.person, side.outcome.table)
        sides.draw(name, side.outcome, pair, how)
    else:
        sides.head(side.person)
        sides.trouble(side.outcome)


def _between(query: Query, pair: Pair, marks: Marks, *, both: bool) -> None:
    """The proof that both sent the same, and how far apart the answers are."""
    said = "Statement", ""
    if both:
        difference = abs(pair.left.total.sales - pair.right.total.sales)
        apart = escape(formats.short_money(difference, marks))
        said = "Same statement", f"<strong>{apart} apart</strong>"
    st.html(
        f'<p class="rl-same">{said[0]} <code>{seen.fingerprint(query)}</code>{said[1]}</p>'
        '<p class="rl-note">The first digits of the SHA-256 of its SQL and parameters</p>'
    )


def _nobody(second: Second, over: SessionExpired | None) -> None:
    st.html('<h2 class="rl-whose">A second person</h2>')
    states.note(
        "Whoever signs in here sees the same page with their own rows. The identity provider asks who it is. "
        "They are signed out by a button here, and whenever you are."
    )
    second.offer(over)


def _leave(second: Second, guest: Person) -> None:
    if st.button(f":primary[End {filters.plain(guest.name)}'s side]", type="tertiary", key="compare.end"):
        second.end()
        st.rerun()


def _differences(pair: Pair, names: tuple[str, str], marks: Marks) -> None:
    st.header("The difference", anchor=False)
    heads = "".join(f'<th scope="col">{escape(each)}</th>' for each in ("Figure", *names, "Difference"))
    body = "".join(
        f'<tr><th scope="row">{escape(row.name)}</th>'
        + "".join(f"<td>{escape(each)}</td>" for each in row[1:])
        + "</tr>"
        for row in seen.rows(pair, marks)
    )
    st.html(
        f'<div class="rl-differences" tabindex="0" role="region" aria-label="The difference in numbers">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    lines = list(seen.alone(pair, names, marks))
    with st.container(gap="small"):
        for line in lines:
            states.note(line)


def _watch(warehouse: Warehouse, table: Table) -> None:
    """Has the page drawn anew once the second person may not see theirs any more, or is gone."""
    with suppress(StoreUnavailable):  # the next action tells it; a look by itself does not disturb
        waiting.check(warehouse, table)


PROOF = Proof(_TITLE, PATH, _draw, shown=lambda reader: reader.second is not None)
