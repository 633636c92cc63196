"""Faults on demand: who may ask for them, and how."""

import json

import httpx
import pytest

from infra.local.aws.faults import MOST_FAULTS

GOOD = {"what": "throttle", "service": "sts"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost:8501"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_no_web_page_asks_for_a_fault(headers, status, faults):
    body = json.dumps(GOOD).encode()
    answer = httpx.post(faults.url, content=body, headers={"Content-Type": "application/json", **headers})
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers
    assert faults.listed() == []


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost:8501"}, {"Sec-Fetch-Site": "cross-site"}])
def test_no_web_page_lists_or_removes(headers, faults):
    fault = faults.add("throttle", "sts")
    assert httpx.get(faults.url, headers=headers).status_code == 403
    assert httpx.delete(faults.url, headers=headers).status_code == 403
    assert httpx.delete(f"{faults.url}/{fault.id}", headers=headers).status_code == 403
    preflight = {**headers, "Access-Control-Request-Method": "DELETE"}
    assert httpx.options(faults.url, headers=preflight).status_code == 403
    assert [each["id"] for each in faults.listed()] == [fault.id]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "", 405),
        ("POST", "/1", 405),
        ("GET", "/1", 405),
        ("DELETE", "/none", 404),
        ("OPTIONS", "", 405),
    ],
)
def test_other_methods_and_other_faults_are_refused(method, path, status, faults):
    assert httpx.request(method, f"{faults.url}{path}", json=GOOD).status_code == status


def test_a_body_that_is_too_long_is_not_read(faults):
    answer = httpx.post(faults.url, json={**GOOD, "person": "x" * 70_000})
    assert answer.status_code == 413


def test_faults_beyond_the_bound_are_refused(faults):
    for _ in range(MOST_FAULTS):
        faults.add("throttle", "sts", "GetSessionToken")
    assert httpx.post(faults.url, json=GOOD).status_code == 409
