"""The cookies: their names, their flags, and what is taken for one of them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.session import cookies

NAMES = [cookies.session_name, cookies.visitor_name, cookies.said_name]


@pytest.mark.parametrize("name", NAMES)
def test_over_https_a_cookie_is_this_hosts_alone(name):
    assert name(secure=True) == "__Host-" + name(secure=False)
    header = cookies.set_cookie(name(secure=True), "value", secure=True)
    assert set(header.split("; ")[1:]) == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}


@pytest.mark.parametrize("name", NAMES)
def test_over_http_it_is_kept_from_scripts_and_other_sites_at_least(name):
    header = cookies.set_cookie(name(secure=False), "value", secure=False)
    assert set(header.split("; ")[1:]) == {"Path=/", "HttpOnly", "SameSite=Lax"}


def test_a_cookie_ends_with_the_browser_or_when_it_is_told_to():
    assert "Max-Age" not in cookies.set_cookie("name", "value", secure=True)
    assert "Max-Age=120" in cookies.set_cookie("name", "value", secure=True, max_age=120).split("; ")
    gone = cookies.expire_cookie("__Host-name", secure=True).split("; ")
    assert gone[0] == "__Host-name="
    assert {"Max-Age=0", "Path=/", "Secure"} <= set(gone)  # or a browser would keep the other one


def test_its_value_is_random():
    values = {cookies.new_id() for _ in range(1000)}
    assert len(values) == 1000
    assert all(cookies.well_formed(value) == value for value in values)


@given(st.binary(min_size=32, max_size=32))
def test_the_store_knows_it_by_another_name(value):
    text = base64.urlsafe_b64encode(value).decode().rstrip("=")
    assert cookies.well_formed(text) == text
    assert text not in cookies.digest(text)
    assert len(cookies.digest(text)) == 64


@given(st.none() | st.text())
def test_nothing_else_is_taken_for_one(value):
    assert cookies.well_formed(value) == ""


@pytest.mark.parametrize(
    "value", ["A" * 42, "A" * 44, "A" * 43 + "\n", "é" * 43, "A" * 42 + "=", "A" * 42 + "."]
)
def test_nor_what_only_looks_like_one(value):
    assert cookies.well_formed(value) == ""
