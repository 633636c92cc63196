"""What IAM Identity Center tells of a person: shown as it forms its ids, and never a fault."""

import base64
import json
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.auth.center import Told, told

USER = "94682468-50f1-7090-6dcd-1a8c9b2b2f35"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def token(claims):
    return f"header.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


def test_the_user_the_store_and_how_long_the_context_holds():
    id_token = token({"sub": USER, "aws:identity_store_id": "d-90678fa1b2"})
    assert told({"idToken": id_token, "expiresIn": 3600}) == Told(USER, "d-90678fa1b2", timedelta(hours=1))


def test_what_it_does_not_tell_is_empty():
    assert told({}) == told({"idToken": token({})}) == Told()


def test_what_is_no_id_is_not_shown():
    for sub in ("<b>", "a b", "", "x" * 65, 7, None, ["a"], "eyJhbGciOiJSUzI1NiJ9.eyJ.c2ln"):
        assert told({"idToken": token({"sub": sub, "aws:identity_store_id": sub})}) == Told()


@given(ANYTHING, ANYTHING, ANYTHING)
def test_nothing_that_it_answers_is_a_fault(claims, id_token, seconds):
    told({"idToken": id_token, "expiresIn": seconds})
    for member in (claims, {"sub": claims, "aws:identity_store_id": claims}):
        try:
            written = token(member)
        except TypeError:
            continue
        found = told({"idToken": written, "expiresIn": seconds})
        assert all(character.isalnum() or character == "-" for character in found.user_id)
