"""What one sign-in holds: when it ends by itself, and the way into a store and back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.attempt import SignedIn
from app.auth.aws import RoleCredentials
from app.auth.identity import Identity
from app.auth.standing import Standing
from app.auth.tags import UNTAGGED, SessionTags
from app.chain import CenterUser

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
IDENTITIES = st.builds(
    Identity,
    subject=TEXTS,
    email=TEXTS,
    name=TEXTS,
    groups=st.lists(TEXTS, max_size=3).map(tuple),
    issuer=TEXTS,
    expires_at=MOMENTS,
    token=TEXTS,
    tags=st.builds(SessionTags, TEXTS, st.lists(TEXTS, max_size=3).map(tuple)),
)
STANDINGS = st.builds(
    Standing,
    identity=IDENTITIES,
    nonce=TEXTS,
    refresh_token=st.none() | TEXTS,
    token_sent=st.booleans(),
    context_refresh_token=st.none() | TEXTS,
    credentials=st.none() | st.builds(RoleCredentials, TEXTS, TEXTS, TEXTS, MOMENTS),
    center=st.none() | st.builds(CenterUser, TEXTS, TEXTS, st.none() | MOMENTS),
)


def standing(**changes):
    identity = Identity(
        "person-1", "frank@example.com", "Frank", ("amer",), "https://id", NOW + HOUR, "token-1"
    )
    return replace(Standing.of(SignedIn(identity, "nonce-1", None)), **changes)


def test_one_that_was_kept_before_tokens_had_tags_can_be_read():
    members = json.loads(json.dumps(standing().to_members(), default=datetime.isoformat))
    del members["identity"]["tags"]
    assert Standing.from_members(members).identity.tags == UNTAGGED


def keys(expires_at):
    return RoleCredentials("ASIAKEY", "secret-1", "session-token-1", expires_at)


@given(STANDINGS)
def test_it_comes_back_from_json_as_it_went(before):
    text = json.dumps(before.to_members(), default=datetime.isoformat)
    assert Standing.from_members(json.loads(text)) == before


def test_one_that_was_kept_before_identity_center_was_asked_who_it_is_can_be_read():
    members = json.loads(json.dumps(standing().to_members(), default=datetime.isoformat))
    del members["center"]
    assert Standing.from_members(members) == standing()


def test_somebody_who_has_just_signed_in_has_asked_nothing_of_aws():
    fresh = standing()
    assert (fresh.token_sent, fresh.context_refresh_token, fresh.credentials) == (False, None, None)


@pytest.mark.parametrize(
    ("changes", "bridge", "ends_at"),
    [
        ({"refresh_token": "r"}, True, None),
        ({"refresh_token": "r"}, False, None),
        ({"context_refresh_token": "c"}, False, None),
        ({"context_refresh_token": "c"}, True, NOW + HOUR),
        ({"context_refresh_token": "c", "credentials": keys(NOW + 1.5 * HOUR)}, True, NOW + 1.5 * HOUR),
        ({}, True, NOW + HOUR),
        ({}, False, NOW + HOUR),
        ({"credentials": keys(NOW + HOUR / 2)}, True, NOW + HOUR),
    ],
)
def test_it_ends_by_itself_when_nothing_renews_it(changes, bridge, ends_at):
    assert standing(**changes).ends_at(bridge=bridge) == ends_at


def test_it_does_not_show_its_secrets():
    shown = repr(
        standing(refresh_token="refresh-1", context_refresh_token="idc-refresh-1", credentials=keys(NOW))
    )
    secrets = ("token-1", "nonce-1", "refresh-1", "ASIAKEY", "secret-1")
    assert not [secret for secret in secrets if secret in shown]
    assert "frank@example.com" in shown
