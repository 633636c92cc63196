"""What a collector gets of a day: trees from click to statement, figures, records; and nothing of anybody."""

import json
import re

import pytest

from app.telemetry import names
from tests.app.telemetry.conftest import HOSTILE
from tests.collector import attributes, value

STATEMENT = "page/question/statement"
PEOPLE = ("frank", "ada", "ming")


def spans(day, what, name):
    trace = day.traces[what]
    return [each for each in day.collected.spans if (each.trace, each.name) == (trace, name)]


def events(day):
    """The audit trail as the app's own log has it."""
    records = [json.loads(line) for line in day.app.log().splitlines() if line.startswith("{")]
    return [each for each in records if each["logger"] == "app.audit"]


def test_a_sign_in_is_one_tree_from_the_click_to_the_rows(day):
    assert day.traces["first page"] == day.traces["sign-in"]
    after = {
        "redeem",
        "verify",
        "sign-in session",
        f"{STATEMENT}/exchange/AssumeRoleWithWebIdentity",
        f"{STATEMENT}/exchange/CreateTokenWithIAM",
        f"{STATEMENT}/exchange/AssumeRole",
        f"{STATEMENT}/ExecuteStatement",
        f"{STATEMENT}/parse",
        "page/draw",
    }
    assert {f"sign-in/sign-in answer/{path}" for path in after} <= day.collected.tree(day.traces["sign-in"])


def test_a_refresh_is_one_tree_from_the_click_to_the_rows(day):
    found = day.collected.tree(day.traces["refresh"])
    assert {"page", f"{STATEMENT}/ExecuteStatement", f"{STATEMENT}/parse", "page/draw"} <= found
    assert not [path for path in found if "exchange" in path or "sign-in" in path]


def test_each_trace_is_a_tree(day):
    for trace in {span.trace for span in day.collected.spans}:
        assert day.collected.tree(trace)


def test_a_renewal_is_in_the_statement_that_needed_it(day):
    assert f"{STATEMENT}/renewal/AssumeRole" in day.collected.tree(day.traces["renewed"])


def test_a_statement_says_what_it_was_as_the_conventions_name_it(day):
    (span,) = spans(day, "refresh", "statement")
    (event,) = [each for each in events(day) if each["id"] == span.attributes["rowlight.event.id"]]
    told = span.attributes
    assert (told["db.system.name"], told["db.namespace"]) == ("aws.redshift", "dev")
    assert (told["db.query.summary"], told["rowlight.statement.id"]) == (event["query"], event["statement"])
    assert (told["db.response.returned_rows"], told["session.id"]) == (event["rows"], event["session"])
    assert told["rowlight.result.bytes"] > 0
    (call,) = spans(day, "refresh", "ExecuteStatement")
    assert call.attributes["rpc.method"] == "Redshift Data/ExecuteStatement"
    assert re.fullmatch(r"[0-9a-f-]{36}", call.attributes["aws.request_id"])


def test_the_log_names_the_trace_of_each_event(day):
    (span,) = spans(day, "refresh", "statement")
    (event,) = [each for each in events(day) if each["id"] == span.attributes["rowlight.event.id"]]
    assert (event["trace_id"], event["span_id"]) == (span.trace, span.id)


@pytest.mark.parametrize(
    ("what", "hop", "code"),
    [
        ("denied", "statement", "RL-410"),
        ("denied", "page", None),
        ("timed out", "statement", "RL-430"),
        ("refused exchange", "CreateTokenWithIAM", "RL-331"),
        ("refused exchange", "exchange", "RL-331"),
        ("refused exchange", "statement", "RL-331"),
        ("refused exchange", "page", "RL-331"),
        ("throttled", "ExecuteStatement", "ThrottlingException"),
    ],
)
def test_an_error_is_its_code_and_no_word_more(day, what, hop, code):
    span = spans(day, what, hop)[0]
    assert span.error == code
    assert span.attributes.get("error.type") == code


def test_no_span_has_an_event_with_an_exception(day):
    assert not [span for span in day.collected.spans if span.events]


def test_people_are_told_apart_and_not_named(day):
    pseudonyms = {
        what: {span.attributes["enduser.pseudo.id"] for span in spans(day, what, "page")}
        for what in ("first page", "refresh", "denied", "refused exchange")
    }
    assert pseudonyms["first page"] == pseudonyms["refresh"]
    assert len(set.union(*pseudonyms.values())) == len(PEOPLE)


def test_nothing_of_a_secret_a_person_or_a_statement_is_in_any_byte(day):
    received = b"".join(day.collected.received)
    assert len(day.secrets) > 20
    for secret in day.secrets:
        assert secret.encode() not in received
    for person in PEOPLE:
        assert f"{person}@".encode() not in received
    assert not re.search(rb"eyJ[\w-]{8}|\b(?:ASIA|AKIA)[A-Z0-9]{12}|@example\.com|\?code=|&state=", received)
    assert not re.search(rb"(?i)\bselect\b|group by|sales_data|GROUPING|first_day", received)


def test_what_a_browser_says_of_traces_and_of_itself_is_in_none(day):
    assert HOSTILE not in {span.trace for span in day.collected.spans}
    received = b"".join(day.collected.received)
    assert b"x" * 50 not in received
    assert b"person=somebody" not in received


def test_all_that_is_told_is_declared(day):
    may = {*names.ATTRIBUTES.values(), "error.type", "db.namespace"}
    may |= {name for hop in names.HOPS.values() for name in hop.fixed}
    assert {name for span in day.collected.spans for name in span.attributes} <= may
    assert {span.name for span in day.collected.spans} <= set(names.HOPS)
    for name, metric in day.collected.metrics.items():
        data = getattr(metric, metric.WhichOneof("data"))
        labels = {label for point in data.data_points for label in attributes(point.attributes)}
        assert labels == set(names.METRICS[name].labels)


def points(day, name):
    metric = day.collected.metrics[name]
    return [
        (attributes(point.attributes), point)
        for point in getattr(metric, metric.WhichOneof("data")).data_points
    ]


def test_what_happened_is_counted(day):
    counted = {tuple(labels.values()): point.as_int for labels, point in points(day, "rowlight.sign_ins")}
    assert counted["redirect", "ok"] == 3
    assert counted["redirect", "RL-223"] == 1
    steps = {(labels["step"], labels["outcome"]) for labels, _ in points(day, "rowlight.exchange.duration")}
    assert {("AssumeRole", "ok"), ("CreateTokenWithIAM", "AccessDeniedException")} <= steps
    outcomes = {labels["outcome"] for labels, _ in points(day, "rowlight.statement.duration")}
    assert {"ok", "RL-410", "RL-430", "RL-331"} <= outcomes
    assert {labels["part"] for labels, _ in points(day, "rowlight.statement.part")} == {
        "warehouse",
        "transfer",
        "parse",
    }
    throttled = {labels["operation"]: point.as_int for labels, point in points(day, "rowlight.throttles")}
    assert throttled == {"ExecuteStatement": 3}
    answers = {labels["answer"] for labels, _ in points(day, "rowlight.questions")}
    assert {"asked", "known"} <= answers
    pages = {(labels["page"], labels["outcome"]) for labels, _ in points(day, "rowlight.page.duration")}
    assert {("overview", "ok"), ("overview", "RL-331")} <= pages
    assert {labels["code"] for labels, _ in points(day, "rowlight.errors")} >= {"RL-331"}
    assert points(day, "rowlight.renewals")


def test_records_of_the_log_come_with_their_trace_and_without_an_address(day):
    said = [(record, attributes(record.attributes)) for record in day.collected.logs]
    queries = [(record, about) for record, about in said if about.get("event") == "query"]
    assert {about["id"] for _, about in queries} == {
        each["id"] for each in events(day) if each["event"] == "query"
    }
    (span,) = spans(day, "refresh", "statement")
    (record, about) = next(each for each in queries if each[1]["id"] == span.attributes["rowlight.event.id"])
    assert (record.trace_id.hex(), record.span_id.hex()) == (span.trace, span.id)
    assert (value(record.body), about["rows"]) == ("query", span.attributes["db.response.returned_rows"])
    assert about["person"] == span.attributes["enduser.pseudo.id"]


def test_the_load_is_told(day):
    said = [attributes(record.attributes) for record in day.collected.logs if value(record.body) == "load"]
    assert said
    assert said[0] == {"event": "load", "sessions": 0, "tabs": 0}
    (line, *_) = [json.loads(each) for each in day.app.log().splitlines() if '"app.load"' in each]
    assert {"logger": "app.load", "event": "load", "sessions": 0, "tabs": 0}.items() <= line.items()


def test_the_resource_is_as_the_variables_say(day):
    for span in day.collected.spans:
        assert span.resource["service.name"] == "rowlight"
        assert span.resource["deployment.environment.name"] == "test"
