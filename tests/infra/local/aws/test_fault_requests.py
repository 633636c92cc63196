"""How a fault is asked for, what is told about each mistake, and the bound on held calls."""

import json
import re
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.aws.exchange import Exchange
from infra.local.aws.fault_requests import KINDS, BadFault, fault
from infra.local.aws.faults import MOST_FAULTS, MOST_HELD, Fault, Faults
from infra.local.aws.wire import HttpResponse

DOCUMENT = (Path(__file__).parents[4] / "docs" / "stand-in.md").read_text()
SERVICES = {"sts", "s3", "redshift-data", "sso-oidc"}
SECONDS = 20


def asked(**members):
    return fault(json.dumps({"what": "throttle", "service": "sts", **members}).encode(), services=SERVICES)


def test_what_is_left_out_has_its_default():
    assert asked() == Fault("throttle", "sts", "*", times=1, after=0)


@pytest.mark.parametrize(
    ("members", "made"),
    [
        ({"operation": "AssumeRole"}, {"operation": "AssumeRole"}),
        ({"service": "*"}, {"service": "*"}),
        ({"service": "s3", "operation": "GetObject"}, {"service": "s3", "operation": "GetObject"}),
        ({"times": 3, "after": 2}, {"times": 3, "after": 2}),
        ({"times": "until removed"}, {"times": None}),
        (
            {"role": "R", "person": "p@x", "access_key_id": "A"},
            {"role": "R", "person": "p@x", "access_key_id": "A"},
        ),
        ({"what": "fail", "code": "X.Y", "status": 599}, {"what": "fail", "code": "X.Y", "status": 599}),
        ({"what": "late", "seconds": 0.5}, {"what": "late", "seconds": 0.5}),
        ({"what": "late", "seconds": 600}, {"what": "late", "seconds": 600.0}),
    ],
)
def test_what_is_asked_for_is_what_is_made(members, made):
    assert asked(**members) == Fault(**{"what": "throttle", "service": "sts", **made})


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"what": "explode"}, "what must be one of throttle, fail"),
        ({"what": None}, "what must be one of"),
        ({"service": "ec2"}, "service must be one of redshift-data, s3, sso-oidc, sts, *."),
        ({"service": ["sts"]}, "service must be one of"),
        ({"operation": "assumeRole"}, "operation must be one of sts's"),
        ({"operation": 1}, "operation must be one of sts's"),
        ({"service": "s3", "operation": "Get"}, "operation must be one of s3's"),
        ({"service": "*", "operation": "AssumeRole"}, "With any service, operation must be *."),
        ({"times": 0}, "times must be a whole number from 1 to 10000, or 'until removed'."),
        ({"times": True}, "times must be a whole number"),
        ({"times": "always"}, "times must be a whole number"),
        ({"after": -1}, "after must be a whole number from 0 to 10000."),
        ({"after": 1.5}, "after must be a whole number"),
        ({"person": ""}, "person must be a text of 1 to 256 characters."),
        ({"role": None}, "role must be a text"),
        ({"access_key_id": 1}, "access_key_id must be a text"),
        ({"code": "X"}, "'code' is not a member of throttle"),
        ({"seconds": 1}, "'seconds' is not a member of throttle"),
        ({"what": "hang", "seconds": 1}, "'seconds' is not a member of hang"),
        ({"what": "fail", "code": "no spaces"}, "code must be the name of an error"),
        ({"what": "fail", "code": "x" * 81}, "code must be the name of an error"),
        ({"what": "fail", "status": 200}, "status must be a whole number from 400 to 599."),
        ({"what": "late"}, "seconds must be a number above 0, 600 at most."),
        ({"what": "late", "seconds": 0}, "seconds must be a number above 0"),
        ({"what": "late", "seconds": 601}, "seconds must be a number above 0"),
        ({"what": "late", "seconds": float("nan")}, "seconds must be a number above 0"),
        ({"what": "late", "seconds": "1"}, "seconds must be a number above 0"),
        ({"Person": "x"}, "'Person' is not a member of throttle: it may have what, service"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(members, told):
    with pytest.raises(BadFault) as caught:
        asked(**members)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize("body", [b"", b"nothing", b"[]", b'"text"', b"\xff", b"[" * 100_000, b"null"])
def test_what_is_no_object_is_refused(body):
    with pytest.raises(BadFault):
        fault(body, services=SERVICES)


JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.just([{}])
MEMBERS = (
    "what",
    "service",
    "operation",
    "role",
    "person",
    "access_key_id",
    "times",
    "after",
    "code",
    "seconds",
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4),
    st.sampled_from(KINDS),
    st.sampled_from(sorted(SERVICES)),
)
def test_any_object_is_a_fault_or_is_refused_in_a_printable_sentence(members, what, service):
    body = json.dumps({"what": what, "service": service, **members}).encode()
    told = ""
    try:
        made = fault(body, services=SERVICES)
    except BadFault as error:
        told = str(error)
    if told:
        assert told.isascii()
        assert told.isprintable()
        return
    assert made.what in KINDS
    assert made.times is None or made.times >= 1
    assert (made.seconds is not None) == (made.what == "late")


def test_every_kind_has_its_row_and_its_example_in_the_document():
    rows = re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT.partition("| `what` | what happens")[2], re.MULTILINE)
    examples = re.findall(r"^fault '(\{.*\})'$", DOCUMENT, re.MULTILINE)
    made = [fault(example.encode(), services=SERVICES).what for example in examples]
    assert sorted(rows) == sorted(made) == sorted(KINDS)


def test_every_member_has_its_row_in_the_document():
    table = DOCUMENT.partition("| `what` | what happens")[0].rpartition("| member | meaning |")[2]
    rows = re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)
    with pytest.raises(BadFault) as caught:
        asked(other=1)
    assert sorted(rows) == sorted(str(caught.value).partition("it may have ")[2].rstrip(".").split(", "))


# --- bounds -------------------------------------------------------------------------------------------


def test_faults_that_are_used_up_make_room_for_others():
    faults = Faults(credentials=None, identity_center=None)
    first = faults.add(Fault("drop", "sts"))
    for _ in range(MOST_FAULTS - 1):
        faults.add(Fault("drop", "iam"))
    with pytest.raises(LookupError):
        faults.add(Fault("drop", "iam"))
    faults.meet(Exchange(service="sts", operation="GetCallerIdentity"))
    faults.add(Fault("drop", "iam"))
    assert first["id"] not in {each["id"] for each in faults.listed()}


def test_no_more_calls_are_held_than_there_is_room_for():
    faults = Faults(credentials=None, identity_center=None)
    faults.add(Fault("hang", "sts", times=None))
    answers = []

    def call():
        exchange = Exchange(service="sts", operation="GetCallerIdentity")
        faults.meet(exchange)
        answers.append(exchange.leave(HttpResponse(200, {}, b"")).status)

    held = [threading.Thread(target=call) for _ in range(MOST_HELD)]
    for thread in held:
        thread.start()
    deadline = time.monotonic() + SECONDS
    while faults.listed()[0]["held"] < MOST_HELD:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    call()
    assert answers == [503]
    faults.clear()
    for thread in held:
        thread.join(SECONDS)
    assert answers[1:] == [200] * MOST_HELD
