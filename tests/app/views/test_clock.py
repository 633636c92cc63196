"""The person's own clock."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views import clock

MIDDAY = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def streamlit(monkeypatch):
    found = SimpleNamespace(context=SimpleNamespace(timezone=None))
    monkeypatch.setattr(clock, "st", found)
    return found


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "14:00"),
        ("America/Argentina/Buenos_Aires", "09:00"),
        ("Etc/GMT+12", "00:00"),
        ("UTC", "12:00"),
        ("Nowhere/Atall", "12:00 UTC"),
        ("../../etc/passwd", "12:00 UTC"),
        ("/etc/localtime", "12:00 UTC"),
        ("Europe", "12:00 UTC"),
        ("", "12:00 UTC"),
        (None, "12:00 UTC"),
    ],
)
def test_the_time_is_that_of_the_persons_clock(streamlit, zone, shown):
    streamlit.context.timezone = zone
    assert clock.time_of(MIDDAY) == shown


@given(st.text() | st.from_regex(r"[A-Za-z/._+-]{0,30}", fullmatch=True))
def test_a_time_zone_may_be_anything(zone):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "st", SimpleNamespace(context=SimpleNamespace(timezone=zone)))
        assert re.fullmatch(r"\d\d:\d\d( UTC)?", clock.time_of(MIDDAY))
        assert clock.today()
