"""The person's own clock: the browser names its time zone, and may name anything."""

import re
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

# A name's parts become paths and module names as it is looked up: whatever else the browser says is none.
_ZONE = re.compile(r"[A-Za-z][\w+-]{0,31}(/[A-Za-z][\w+-]{0,31}){0,2}", re.ASCII)


def today() -> date:
    """The person's day."""
    return datetime.now(zone() or UTC).date()


def time_of(moment: datetime) -> str:
    """The time of day; in UTC, and said so, where nobody knows the person's zone."""
    found = zone()
    return f"{moment.astimezone(found):%H:%M}" if found else f"{moment.astimezone(UTC):%H:%M} UTC"


def zone() -> tzinfo | None:
    """The person's time zone; None where the browser names none that is known here."""
    return _zone(st.context.timezone or "")


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if _ZONE.fullmatch(name) else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
