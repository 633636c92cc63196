"""A tab's question to the warehouse, as the administrator, and what is said where it is refused."""

import streamlit as st

from app.errors import QueryDenied, QueryError
from app.redshift import faults
from app.redshift.query import Query
from app.redshift.table import Table
from app.views import states, waiting
from app.views.reader import Reader
from app.views.waiting import Places

PATH = "admin"
GRANT = "ACCESS SYSTEM TABLE"


class NoAnswer(Exception):
    """There is none; why has been said on the page."""


def ask(reader: Reader, query: Query, places: Places, *, fresh: bool) -> Table:
    """The answer; NoAnswer once the page says why there is none."""
    try:
        if waiting.stopped(PATH):
            raise faults.stopped(query.name, None)
        table = waiting.run(reader.warehouse, query, path=PATH, places=places, fresh=fresh)
    except QueryError as error:
        st.html(_refused(error))
        raise NoAnswer from None
    waiting.tell_as_of(table, places)
    return table


def _refused(error: QueryError) -> str:
    if isinstance(error, QueryDenied):
        why = (
            f"Redshift refuses one of the system views that this reads. {error.said} They need {GRANT}; "
            "those of policies may need the role sys:secadmin as well."
        )
        return states.trouble(why, error.quoted)
    return states.trouble(f"{error.message} {error.remedy}", error.quoted)
