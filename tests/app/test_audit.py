"""What the audit trail keeps of an event, and under which name."""

import logging
import re
from collections import deque

import pytest

from app import audit
from app.audit import NOBODY, Trail, new_id, recent

FRANK = Trail("frank@example.com", "0a1b2c3d")


@pytest.fixture
def events(caplog):
    caplog.set_level(logging.INFO, logger="app.audit")
    usual = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
    return lambda: [
        {name: value for name, value in vars(record).items() if name not in usual}
        for record in caplog.records
    ]


def test_an_event_says_who_did_what_under_an_id(events):
    event_id = FRANK.record("export", query="Overview", rows=12, bytes=None)
    assert re.fullmatch(r"[0-9a-f]{8}", event_id)
    assert events() == [
        {
            "event": "export",
            "id": event_id,
            "person": "frank@example.com",
            "session": "0a1b2c3d",
            "outcome": "ok",
            "query": "Overview",
            "rows": 12,
        }
    ]


def test_an_id_that_had_to_be_known_before_is_kept(events):
    assert FRANK.record("query", event_id="11112222") == "11112222"
    assert [event["id"] for event in events()] == ["11112222"]


def test_zero_and_false_are_facts_and_stay(events):
    FRANK.record("query", rows=0, cached=False)
    assert (events()[0]["rows"], events()[0]["cached"]) == (0, False)


def test_nobody_has_no_name(events):
    NOBODY.record("refusal", outcome="RL-223", way="popup")
    (event,) = events()
    assert {"person", "session"} & set(event) == set()
    assert (event["event"], event["outcome"], event["way"]) == ("refusal", "RL-223", "popup")


def test_ids_are_not_used_twice():
    assert len({new_id() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "session",
    ["0a1b2c3", "0a1b2c3d4", "0A1B2C3D", "0a1b2c3d\n", "Zb5xk0cVqk3V8m1mUe2rQ0n8h3J6y7d9s1f2g4h5j6k"],
)
def test_nothing_but_a_public_reference_names_a_session(session):
    with pytest.raises(ValueError, match="reference") as caught:
        Trail("frank@example.com", session)
    assert session not in str(caught.value)


def test_a_mark_joins_the_session_and_the_event():
    assert FRANK.mark("11112222") == "0a1b2c3d-11112222"
    assert NOBODY.mark("11112222") == "11112222"


class TestWhatAProcessRemembers:
    @pytest.fixture(autouse=True)
    def begun(self, monkeypatch):
        """Nothing yet, and at most two of a kind."""
        monkeypatch.setattr(audit, "_recent", {event: deque(maxlen=2) for event in audit._recent})

    def test_the_newest_first_and_only_what_the_log_says_too(self):
        FRANK.record("sign-in", event_id="11111111", way="popup")
        NOBODY.record("refusal", event_id="22222222", outcome="RL-223", way="redirect", state="a-secret")
        found = recent("sign-in", "refusal")
        assert [(each.id, each.outcome, each.person, dict(each.about)) for each in found] == [
            ("22222222", "RL-223", "", {"way": "redirect"}),
            ("11111111", "ok", "frank@example.com", {"way": "popup"}),
        ]
        assert "a-secret" not in repr(found)

    def test_renewals_that_were_refused_and_no_others(self):
        FRANK.record("renewal")
        FRANK.record("renewal", outcome="RL-310")
        FRANK.record("exchange", request="a-request")
        assert [each.outcome for each in recent("renewal", "exchange")] == ["RL-310"]

    def test_however_many_are_refused_no_sign_in_is_forgotten_for_it(self):
        FRANK.record("sign-in", way="popup")
        for number in range(5):
            NOBODY.record("refusal", outcome=f"RL-{number}", way="popup")
        assert [each.outcome for each in recent("refusal")] == ["RL-4", "RL-3"]
        assert len(recent("sign-in")) == 1
