"""What a session tells of its chain: which links are there, until when, and by what the next come."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.auth.tags import SessionTags
from app.chain import CenterUser, RoleSession
from app.session import links
from app.session.record import Record
from app.settings import Settings
from tests.app.auth.test_standing import HOUR, NOW, keys, standing
from tests.app.session.scene import SETTINGS

USER = CenterUser("94682468-50f1-7090-6dcd-1a8c9b2b2f35", "d-1", NOW + HOUR)


def chain_of(*, renew_at=None, settings=(), **changes):
    record = Record(
        standing(**changes),
        reference="0a1b2c3d",
        started_at=NOW,
        used_at=NOW,
        ends_at=NOW + 8 * HOUR,
        renew_at=renew_at,
    )
    return links.chain(
        record, Settings.model_construct(**{**SETTINGS, "query_path": "data-api", **dict(settings)})
    )


def test_somebody_who_has_just_signed_in_has_the_first_link_alone():
    chain = chain_of()
    assert (chain.user, chain.session, chain.renews_at) == (None, None, None)
    assert chain.signed_in.email == "frank@example.com"
    assert chain.signed_in.expires_at == chain.ends_at == NOW + HOUR  # nothing renews it


def test_after_an_exchange_all_are_there():
    chain = chain_of(credentials=keys(NOW + HOUR), center=USER, refresh_token="r", renew_at=NOW + HOUR / 2)
    assert chain.user == USER
    assert chain.session == RoleSession(SETTINGS["data_role_arn"], "frank@example.com", NOW + HOUR)
    assert chain.renews_at == NOW + HOUR / 2
    assert chain.ends_at == NOW + 8 * HOUR


@pytest.mark.parametrize(
    ("changes", "bridge", "renewal"),
    [
        ({"context_refresh_token": "c", "refresh_token": "r"}, True, "context"),
        ({"context_refresh_token": "c"}, False, "context"),
        ({"refresh_token": "r"}, True, "provider"),
        ({}, True, "nobody"),
        ({}, False, "nobody"),
    ],
)
def test_it_says_by_what_the_next_credentials_come(changes, bridge, renewal):
    settings = {} if bridge else {"bridge_role_arn": ""}
    chain = chain_of(renew_at=NOW + HOUR / 2, credentials=keys(NOW + HOUR), settings=settings, **changes)
    assert chain.renewal == renewal


def test_once_the_id_token_is_over_the_bridge_role_needs_a_new_one():
    late = NOW + HOUR + timedelta(minutes=1)
    asked = {"context_refresh_token": "c", "refresh_token": "r", "credentials": keys(late + HOUR)}
    assert chain_of(renew_at=late, **asked).renewal == "provider"
    assert chain_of(renew_at=late, settings={"bridge_role_arn": ""}, **asked).renewal == "context"


def test_by_session_tags_the_tokens_tags_are_told_and_no_identity_center():
    identity = replace(standing().identity, tags=SessionTags("frank@example.com", ("amer",)))
    asked = {"identity": identity, "refresh_token": "r", "credentials": keys(NOW + HOUR)}
    by_tags = {"propagation": "session_tags", "idc_application_arn": "", "bridge_role_arn": ""}
    chain = chain_of(renew_at=NOW + HOUR / 2, settings=by_tags, **asked)
    assert (chain.tagged, chain.user, chain.renewal) == (True, None, "provider")
    assert (chain.signed_in.database_user, chain.signed_in.database_roles) == ("frank@example.com", ("amer",))
    assert chain_of(**asked).signed_in.database_user == ""  # by Identity Center, nobody reads them


def test_nothing_in_it_is_a_secret():
    told = repr(
        chain_of(refresh_token="r-1", context_refresh_token="c-1", credentials=keys(NOW), center=USER)
    )
    for secret in ("token-1", "nonce-1", "r-1", "c-1", "ASIAKEY", "secret-1", "session-token-1"):
        assert f"'{secret}'" not in told


def test_a_name_that_sts_takes_not_is_told_as_sts_has_it():
    identity = replace(standing().identity, email="fränk o'amer@example.com")
    chain = chain_of(identity=identity, credentials=keys(NOW + HOUR))
    assert chain.session.name.startswith("fr_nk_o_amer@example.com-")
    assert chain.signed_in.email == "fränk o'amer@example.com"
