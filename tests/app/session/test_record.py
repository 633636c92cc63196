"""What a store keeps of a session, and what stays of one that is over."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import SessionExpired
from app.session.record import Record, ended, over, read
from tests.app.auth.test_standing import MOMENTS, STANDINGS, TEXTS, standing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECORDS = st.builds(
    Record,
    standing=STANDINGS,
    reference=TEXTS,
    started_at=MOMENTS,
    used_at=MOMENTS,
    ends_at=MOMENTS,
    renew_at=st.none() | MOMENTS,
    lease=TEXTS,
    leased_until=st.none() | MOMENTS,
)
CODES = ["RL-230", "RL-231", "RL-232", "RL-233", "RL-234"]


def record(**changes):
    return replace(
        Record(standing(), "0a1b2c3d", started_at=NOW, used_at=NOW, ends_at=NOW + timedelta(hours=8)),
        **changes,
    )


def why(call, *arguments):
    with pytest.raises(SessionExpired) as caught:
        call(*arguments)
    return caught.value.code


@given(RECORDS)
def test_it_comes_back_as_it_went(before):
    assert read(before.to_bytes()) == before


@pytest.mark.parametrize("code", CODES)
def test_what_ended_says_why_and_nothing_else(code):
    assert why(read, ended(code)) == code
    members = json.loads(ended(code))
    assert members.pop("by") != json.loads(ended(code))["by"]
    assert members == {"ended": code}


@given(st.text())
def test_a_reason_that_is_none_of_ours_is_that_it_is_over(code):
    assert over(code).code == (code if code in CODES else "RL-233")


@pytest.mark.parametrize(
    ("minutes", "used", "code"),
    [(29, 0, None), (30, 0, "RL-232"), (479, 479, None), (480, 479, "RL-231"), (900, 0, "RL-231")],
)
def test_it_is_over_when_its_day_is_or_when_nobody_used_it(minutes, used, code):
    checked = record(used_at=NOW + timedelta(minutes=used))
    arguments = NOW + timedelta(minutes=minutes), timedelta(minutes=30)
    if code is None:
        checked.check(*arguments)
    else:
        assert why(checked.check, *arguments) == code


def test_released_nobody_renews_it():
    leased = record(lease="x", leased_until=NOW)
    assert leased.released() == record()


def test_it_does_not_show_its_secrets():
    shown = repr(record(standing=standing(refresh_token="refresh-1")))
    assert not [secret for secret in ("token-1", "nonce-1", "refresh-1") if secret in shown]
