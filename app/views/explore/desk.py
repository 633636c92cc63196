"""The desk of Explore: what there is to read, and the editor.

Drawn by itself: nothing that is done here stops a statement that is on its way.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from html import escape

import streamlit as st

from app.errors import SessionExpired, StoreUnavailable
from app.redshift.read_only import LONGEST
from app.views import states
from app.views.explore import running
from app.views.explore.names import Catalogue, Relation
from app.views.filters import plain
from app.views.reader import Reader
from app.views.scripts import script

# The buttons that need what was written; Ctrl+Enter presses the first.
RUN, EXPLAIN = "explore-run", "explore-explain"
_TEXT, _PUT, _EDITOR = "explore text", "explore put", "explore.editor"
_MOST_RELATIONS, _MOST_COLUMNS, _FEW = 60, 100, 8
_NO_TABLES = (
    "There are no tables here for you yet: none of your groups may read any. Ask the person who looks "
    "after access to add you to a group that may."
)


@dataclass(frozen=True)
class _Put:
    """What the page puts into the editor: a whole text, or a name where the cursor is."""

    number: int
    whole: bool
    text: str


def text(relations: Sequence[Relation]) -> str:
    """What stands in the editor; at first, a query for a look at the first table."""
    if _TEXT not in st.session_state:
        source = f"*\nFROM {relations[0].written}\nLIMIT 100" if relations else "current_user"
        st.session_state[_TEXT] = f"SELECT {source}"
    kept: str = st.session_state[_TEXT]
    return kept


def bring_back(sql: str) -> None:
    """Puts a statement in place of what stands in the editor."""
    st.session_state[_TEXT] = sql
    _put(sql, whole=True)


def _put(put: str, *, whole: bool) -> None:
    number = st.session_state[_PUT].number + 1 if _PUT in st.session_state else 1
    st.session_state[_PUT] = _Put(number, whole, put)


@st.fragment
def draw(catalogue: Catalogue, reader: Reader) -> None:
    """The tables beside the page, and the editor."""
    if running.is_asked():
        # What was written came together with a press of Run: the browser asks for this part alone then.
        st.rerun()
    with suppress(SessionExpired, StoreUnavailable):  # the whole page tells of that
        reader.at_work()  # whoever writes for long is not idle
    relations = catalogue.relations
    with st.sidebar:
        _tables(relations)
        if relations and not catalogue.whole:
            states.note(
                f"The list ends here, at {relations[-1].written}. SQL reads what comes after it, too."
            )
    put = st.session_state.get(_PUT, _Put(0, whole=False, text=""))
    script("editor")(
        key=_EDITOR,
        data={
            "text": text(relations),
            "put": put.number,
            "whole": put.whole,
            "name": "" if put.whole else put.text,
            "names": {each.written: [column.name for column in each.columns] for each in relations},
            "label": "SQL: one query that reads",
            "longest": LONGEST,
            "presses": [RUN, EXPLAIN],
        },
        on_text_change=_written,
    )


def _written() -> None:
    # The browser says what was written, and may say anything.
    written = st.session_state[_EDITOR].get("text")
    if isinstance(written, str):
        st.session_state[_TEXT] = written[: LONGEST + 1]


def _tables(relations: Sequence[Relation]) -> None:
    st.header("Tables", anchor=False)
    if not relations:
        states.note(_NO_TABLES)
        return
    wanted = ""
    if len(relations) > _FEW:
        wanted = st.text_input(
            "Find a table or column", key="explore.find", placeholder="Find a table or column"
        )
    found = [each for each in relations if matches(each, wanted)]
    schema = ""
    for place, relation in enumerate(found[:_MOST_RELATIONS]):
        if relation.schema != schema:
            schema = relation.schema
            st.html(f'<p class="rl-schema">{escape(schema)}</p>')
        _relation(relation, opened=place == 0)
    if len(found) > _MOST_RELATIONS:
        states.note(f"The first {_MOST_RELATIONS} of {len(found)}. Write a part of the name to find others.")
    elif not found:
        states.note("No table or column has this in its name.")


def matches(relation: Relation, wanted: str) -> bool:
    """Whether its name or a column's has these letters in it, large or small."""
    names = (relation.written, *(column.name for column in relation.columns))
    return any(wanted.lower() in name.lower() for name in names)


def _relation(relation: Relation, *, opened: bool) -> None:
    """A table; a press on a name puts it into the editor."""
    key = f"explore.{relation.written}"
    box = st.expander(plain(relation.name), opened, key=key, on_change="rerun", type="compact")
    if not box.open:
        return
    with box:
        _name(relation.written, "view" if relation.view else "table", key=f"{key} whole")
        for place, column in enumerate(relation.columns[:_MOST_COLUMNS]):
            _name(column.name, column.kind, key=f"{key} {place}")
        if len(relation.columns) > _MOST_COLUMNS:
            states.note(f"And {len(relation.columns) - _MOST_COLUMNS} more columns.")


def _name(name: str, kind: str, *, key: str) -> None:
    st.button(
        f"{plain(name)} :gray[{plain(kind)}]",
        key=key,
        type="tertiary",
        on_click=partial(_put, name, whole=False),
    )
