"""What a person asked before, as the warehouse keeps it; each can be brought back into the editor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pyarrow as pa
import streamlit as st

from app.errors import QueryError, StatementRefused
from app.redshift.query import Query
from app.redshift.read_only import read_only
from app.redshift.table import Table
from app.views import clock, grid, states, waiting
from app.views.explore import desk
from app.views.explore.names import CATALOGUE
from app.views.reader import Reader

_KEPT = "explore history"
_TEXT_IN_HISTORY = 4_000  # characters; the rest of a longer one is in SYS_QUERY_TEXT
_SHOWN = 50
_LABEL = 90

# Whoever may read the system tables would find everybody's there.
HISTORY = Query(
    "Explore: history",
    """SELECT query_id, start_time, TRIM(status) AS status, returned_rows, elapsed_time,
        RTRIM(query_text) AS query_text
    FROM sys_query_history
    WHERE user_id IN (SELECT user_id FROM svv_user_info WHERE user_name = current_user)
    ORDER BY start_time DESC LIMIT 300""",
)
_OWN = frozenset(query.sql[:_TEXT_IN_HISTORY].strip() for query in (HISTORY, CATALOGUE))
_STATUS = {"success": "Done", "failed": "Failed", "canceled": "Stopped"}


@dataclass(frozen=True)
class Past:
    """A statement of before."""

    began: datetime  # aware
    status: str
    rows: int
    seconds: float
    sql: str

    @property
    def label(self) -> str:
        """Its text in one line, as far as it fits."""
        line = " ".join(self.sql.split())
        return line if len(line) <= _LABEL else f"{line[: _LABEL - 1]}…"


def draw(reader: Reader, *, anew: bool) -> None:
    """The person's own statements, asked for when somebody wants to see them."""
    box = st.expander("Your statements", key="explore.history", on_change="rerun")
    if not box.open:
        return
    with box:
        try:
            past = statements(_asked(reader, anew=anew).columns)
        except QueryError as error:
            st.html(states.trouble(f"{error.message} {error.remedy}", error.quoted))
            return
        if not past:
            states.note("The warehouse has none of yours yet that can be run here.")
            return
        _list(past)


def statements(columns: pa.Table) -> tuple[Past, ...]:
    """Those that could be run here again, which leaves out what pages ask with values of their own."""
    found = (_past(row) for row in columns.to_pylist())
    return tuple(islice((past for past in found if _runs(past.sql)), _SHOWN))


def _runs(sql: str) -> bool:
    if not sql or len(sql) >= _TEXT_IN_HISTORY or sql in _OWN:
        return False
    try:
        read_only(sql)
    except StatementRefused:
        return False
    return True


def _past(row: Mapping[str, Any]) -> Past:
    text = str(row["query_text"] or "")
    if "\n" not in text:
        text = text.replace("\\n", "\n")  # as Redshift writes the ends of lines in it
    return Past(
        began=row["start_time"].replace(tzinfo=UTC),
        status=_STATUS.get(row["status"], str(row["status"]).capitalize()),
        rows=row["returned_rows"] or 0,
        seconds=(row["elapsed_time"] or 0) / 1_000_000,
        sql=text.strip(),
    )


def _asked(reader: Reader, *, anew: bool) -> Table:
    kept = st.session_state.get(_KEPT)
    if anew or not isinstance(kept, Table) or not reader.warehouse.holds(kept):
        kept = st.session_state[_KEPT] = waiting.fetch(reader.warehouse, HISTORY, fresh=True)
    return kept


def _list(past: Sequence[Past]) -> None:
    st.selectbox(
        "Bring a statement back into the editor",
        range(len(past)),
        index=None,
        format_func=lambda place: f"{clock.time_of(past[place].began)} · {past[place].label}",
        placeholder="Bring a statement back into the editor",
        label_visibility="collapsed",
        key="explore.back",
        on_change=_bring_chosen,
        args=(past,),
    )
    rows = pa.table(
        {
            "Statement": [grid.inert(each.label) for each in past],
            "Status": [each.status for each in past],
            "Rows": pa.array([each.rows for each in past], pa.int64()),
            "Seconds": [each.seconds for each in past],
            "Began": [clock.time_of(each.began) for each in past],
        }
    )
    columns = {
        "Statement": st.column_config.ButtonColumn(
            width=520,
            alignment="left",
            type="tertiary",
            key="explore.past",
            on_click=_bring_row,
            args=(past,),
        ),
        "Rows": grid.count("Rows"),
        "Seconds": st.column_config.NumberColumn(format="%.2f"),
    }
    grid.draw(rows, columns, alt="Your statements, the newest first")


def _bring_chosen(past: Sequence[Past]) -> None:
    _bring(st.session_state["explore.back"], past)
    st.session_state["explore.back"] = None


def _bring_row(past: Sequence[Past]) -> None:
    clicked = st.session_state["explore.past"]
    _bring(clicked["row"] if clicked else None, past)


def _bring(place: object, past: Sequence[Past]) -> None:
    # The browser says which row it was, and may say anything.
    if isinstance(place, int) and 0 <= place < len(past):
        desk.bring_back(past[place].sql)
