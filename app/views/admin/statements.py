"""The tab of statements: by person, the slowest, those that failed, and the way to each one's audit trail."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import streamlit as st

from app.audit import Happened, recent
from app.chain import Chain
from app.views import clock, formats, states
from app.views.admin import html, trails, work
from app.views.admin.asking import ask
from app.views.admin.html import Html
from app.views.admin.work import Ran, Share, Work
from app.views.formats import Marks
from app.views.reader import Reader
from app.views.waiting import Places

_EVERYBODY, _USUAL = "Everybody", "Last 24 hours"
_KNOWN, _PERIOD, _WHO = "admin people", "admin.period", "admin.person"
_PEOPLE = ("Person", "Statements", "Failed", "Time", "Longest", "Rows")
_RAN = ("Query", "Person", "Began", "Kind", "Status", "Rows", "Time")
_FAILED = ("Query", "Person", "Began", "Kind", "Error", "Time")
_COST = "Cost, estimated"


class _Records(NamedTuple):
    """Where a statement's traces are looked for."""

    events: Sequence[Happened]
    chain: Chain


def draw(reader: Reader, places: Places, *, fresh: bool) -> None:
    """Draws the tab."""
    choices = st.container(horizontal=True, vertical_alignment="bottom")
    period = choices.selectbox("Period", list(work.PERIODS), index=1, key=_PERIOD)
    if period not in work.PERIODS:
        period = _USUAL
    known: tuple[str, ...] = st.session_state.get(_KNOWN, ())
    person = st.session_state.get(_WHO)
    if person not in known:
        person = ""
    since = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0) - work.PERIODS[period]
    priced = reader.rpu_hour_price is not None
    table = ask(reader, work.query(since, person=person, priced=priced), places, fresh=fresh)
    found = work.read(table.columns, reader.rpu_hour_price)
    # Whoever ran nothing in a shorter period stays chosen.
    known = tuple(sorted({*known, *(share.person for share in found.people if share.person)}))
    st.session_state[_KNOWN] = known
    choices.selectbox("Statements of", [_EVERYBODY, *known], key=_WHO, filter_mode="contains")
    if table.truncated:
        st.html(states.trouble("There is more than MAX_ROWS: this is a part of it."))
    marks = formats.marks(st.context.locale, reader.currency)
    _people(found, period, reader.rpu_hour_price, marks)
    whose = person or "everybody"
    records = _Records(recent("query"), reader.chain())
    _ran(f"Slowest of {whose}", found.slowest, records, marks, heads=_RAN)
    _ran(f"Failed of {whose}", found.failed, records, marks, heads=_FAILED)


def _people(found: Work, period: str, price: Decimal | None, marks: Marks) -> None:
    priced = price is not None
    heads = (*_PEOPLE, _COST) if priced else _PEOPLE
    rows = [_share(share, marks) for share in found.people]
    st.html(html.table(f"By person, {period.lower()}", heads, rows, figures=heads[1:]))
    if price is None or found.cost is None:
        states.note("Costs are not shown: RPU_HOUR_PRICE is not set.")
        return
    charged = f"{formats.count(found.charged_seconds, marks)} RPU-seconds were charged"
    states.note(
        f"{charged} at ${price:f} for an RPU-hour: {_dollars(found.cost)}. Redshift charges for capacity and "
        "not for statements, so each person's cost is an estimate: their share of the time that all took."
    )


def _share(share: Share, marks: Marks) -> Sequence[str]:
    cells = [
        share.person or "unknown",
        formats.count(share.statements, marks),
        formats.count(share.failed, marks),
        work.seconds(share.elapsed),
        work.seconds(share.longest),
        formats.count(share.rows, marks),
    ]
    return [*cells, _dollars(share.cost)] if share.cost is not None else cells


def _dollars(amount: Decimal) -> str:
    """To the cent, and smaller amounts as exactly as they can be told apart."""
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def _ran(
    caption: str, statements: Sequence[Ran], records: _Records, marks: Marks, *, heads: Sequence[str]
) -> None:
    if not statements:
        states.note(f"{caption}: none.")
        return
    rows = [_row(ran, heads, marks) for ran in statements]
    below = [
        html.joined(
            html.details("SQL", html.sql(ran.text)), html.details("Audit trail", _trail(ran, records))
        )
        for ran in statements
    ]
    st.html(html.table(caption, heads, rows, figures=["Time", "Rows"], below=below))


def _row(ran: Ran, heads: Sequence[str], marks: Marks) -> Sequence[str]:
    waited = [html.quiet(f"queued {work.seconds(ran.queued)}")] if ran.queued else []
    cells = {
        "Query": html.code(str(ran.query_id)),
        "Person": ran.person or "unknown",
        "Began": html.when(ran.began, clock.zone()),
        "Time": html.joined(work.seconds(ran.elapsed), *waited),
        "Rows": formats.count(ran.rows, marks),
        "Error": ran.error,
        "Kind": ran.kind,
        "Status": ran.status,
    }
    return [cells[head] for head in heads]


def _trail(ran: Ran, records: _Records) -> Html:
    found = trails.traced(ran, records.events)
    pairs: list[tuple[str, str]] = [("query_id at Redshift", html.code(str(ran.query_id)))]
    for each in found:
        pairs += [
            ("Statement id", html.code(each.statement_id)),
            ("StatementName", html.code(each.name)),
            ("Audit event", html.code(each.event.id)),
        ]
    if not found:
        pairs.append(
            ("Audit event", "not in this process: of another one, of before it started, or of another client")
        )
    elif len(found) > 1:
        pairs.append(
            ("Which of them", "Most likely the first, by person, time and rows: the history has no name")
        )
    pairs += [
        ("The log line", html.sql(trails.log_search(ran, found))),
        ("CloudTrail", html.sql(trails.cloudtrail(ran, found, records.chain))),
    ]
    return html.facts(pairs)
