"""A trace outlives requests, tabs and processes on our side alone; and says no more than its names."""

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from app.redshift.calls import _METHODS
from app.telemetry import sdk
from app.telemetry.names import HOPS, METRICS
from tests.app.session.scene import Scene

ROOT = Path(__file__).parents[3]
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEY = "k" * 32


@pytest.fixture
def scene():
    return Scene()


def test_by_the_pop_up_a_trace_goes_on_over_the_ticket_until_there_are_credentials(scene):
    sessions, elsewhere = scene.sessions(), scene.sessions()
    signed_in = replace(scene.signed_in(), trace=TRACE)
    ticket = sessions.ticket(signed_in, visitor=scene.visitor)
    session_id = elsewhere.redeem(ticket, visitor=scene.visitor, replaces="")
    user = sessions.find(session_id)
    assert user.trace == TRACE
    user.ready()
    assert user.trace == ""
    assert elsewhere.find(session_id).trace == ""


def test_by_the_whole_page_it_goes_on_over_the_way_to_the_provider(scene):
    sessions, elsewhere = scene.sessions(), scene.sessions()
    answer = scene.begin(sessions)
    pending = elsewhere.claim(state=answer["state"], visitor=scene.visitor)
    assert pending.attempt.trace == ""  # there is no telemetry in this process
    session_id = elsewhere.open(replace(scene.signed_in(), trace=TRACE), replaces="")
    assert sessions.find(session_id).trace == TRACE


def calls(name):
    """The names with which telemetry is called so, in all of the app."""
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and (ast.unparse(node.func), bool(node.args)) == (f"telemetry.{name}", True)
            ):
                yield node.args[0]


def test_each_hop_and_each_metric_of_the_code_is_declared():
    spans = [value for node in calls("span") for value in _texts(node)]
    assert spans
    assert {*spans, *_METHODS} <= set(HOPS)
    exchange = (ROOT / "app" / "auth" / "exchange.py").read_text()
    assert set(re.findall(r'"((?:Assume|CreateToken)\w+)"', exchange)) <= set(HOPS)
    measured = [node.value for node in calls("measure") if isinstance(node, ast.Constant)]
    measured += ["rowlight.sessions", "rowlight.tabs"]  # by the names of Load's fields
    measured += [hop.metric for hop in HOPS.values() if hop.metric]
    measured += re.findall(r'"(rowlight\.[\w.]+)"', (ROOT / "app" / "telemetry" / "sdk.py").read_text())
    assert set(measured) == set(METRICS)


def _texts(node):
    return [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and each.value]


TELLS = """
import sys
from app import telemetry
from app.audit import Trail
telemetry.start(secret=sys.argv[1].encode(), namespace="dev")
with telemetry.span("statement", whose=Trail("frank@example.com", "0a1b2c3d"), query="q" * 500) as span:
    span.tell(sql="SELECT 1", person="frank@example.com", rows=object(), bytes=1 << 40)
telemetry.stop()
"""


def told(key):
    """The attributes of a span in a process with this key."""
    answer = subprocess.run(
        [sys.executable, "-c", TELLS, key],
        cwd=ROOT,
        env={**os.environ, "OTEL_TRACES_EXPORTER": "console"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout)["attributes"]


def test_a_person_is_a_hash_by_a_key_of_ours():
    first, second, other, without = map(told, (KEY, KEY, "o" * 32, ""))
    name = "enduser.pseudo.id"
    assert first[name] == second[name]
    assert len({first[name], other[name], without[name], told("")[name]}) == 4
    assert re.fullmatch(r"[0-9a-f]{32}", first[name])
    assert "frank" not in json.dumps(first)


def test_only_declared_names_are_told_and_long_texts_are_cut():
    assert told(KEY) == {
        "db.system.name": "aws.redshift",
        "db.namespace": "dev",
        "enduser.pseudo.id": told(KEY)["enduser.pseudo.id"],
        "session.id": "0a1b2c3d",
        "db.query.summary": "q" * 200,
        "rowlight.result.bytes": 1 << 40,
    }


@given(st.one_of(st.text(), st.none(), st.integers(), st.binary(), st.lists(st.text())))
def test_whatever_aws_calls_an_error_it_is_a_short_name(code):
    error = ClientError({"Error": {"Code": code, "Message": "SELECT secret"}}, "ExecuteStatement")
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", sdk._code(error))


@given(st.text(st.characters() | st.sampled_from("@@@ .")))
def test_no_address_is_left_in_what_is_copied(text):
    home = sdk.Telemetry.__new__(sdk.Telemetry)
    home._key = b"key"
    assert "@example.com" not in home._nameless(f"{text}frank@example.com{text}")
