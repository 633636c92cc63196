"""A check that cannot look says so; it neither ends the others nor passes for healthy."""

from collections.abc import Iterator

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.provision.doctor.chain import Chain
from infra.provision.doctor.check import Check, Outcome, examine
from infra.provision.doctor.context import Context, Unclear, Waits
from infra.provision.doctor.fault import Fault, Finding
from infra.provision.doctor.report import Report, as_text

BROKEN = Fault(code="RLD-999", title="Broken", why="It is.", cure="Mend it.")


@pytest.fixture
def context() -> Context:
    return Context(Chain(), session=boto3.Session(region_name="us-east-1"))


def check(error: Exception | None = None, *findings: Finding) -> Check:
    def look(_: Context) -> Iterator[Finding]:
        yield from findings
        if error:
            raise error

    return Check("Link", "it holds", look)


def codes(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [finding.fault.code for outcome in outcomes for finding in outcome.findings]


ERRORS = {
    "AWS refuses": ClientError({"Error": {"Code": "AccessDenied"}}, "GetRole"),
    "AWS refuses without a code": ClientError({}, "GetRole"),
    "AWS is silent": EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com"),
    "a host is silent": httpx.ConnectTimeout("timed out"),
    "a member is missing": KeyError("Role"),
    "an element is missing": IndexError("0"),
    "a text is no number": ValueError("secret"),
    "a list is no mapping": TypeError("secret"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_cannot_be_looked_at_is_a_finding_of_its_own(context: Context, name: str) -> None:
    outcomes = examine([check(ERRORS[name]), check(None, BROKEN.found("here"))], context)
    assert codes(outcomes) == ["RLD-001", "RLD-999"]
    assert "secret" not in as_text(Report(outcomes, 0.1))


def test_what_was_found_before_a_refusal_counts(context: Context) -> None:
    assert codes(examine([check(ERRORS["AWS refuses"], BROKEN.found("here"))], context)) == [
        "RLD-999",
        "RLD-001",
    ]


def test_who_is_refused_is_told_what_to_be_allowed(context: Context) -> None:
    (outcome,) = examine([check(ERRORS["AWS refuses"])], context)
    assert "GetRole" in outcome.findings[0].what
    assert "Allow GetRole" in outcome.findings[0].cure


def test_what_waits_for_a_fault_that_was_found_is_no_second_one(context: Context) -> None:
    outcomes = examine([check(None, BROKEN.found("here")), check(Waits("the role"))], context)
    assert codes(outcomes) == ["RLD-999"]
    assert outcomes[1].state == "waits"
    assert "· it holds: not looked at, it waits for the role" in as_text(Report(outcomes, 0.1))


def test_what_waits_for_nothing_that_was_found_is_not_healthy(context: Context) -> None:
    outcomes = examine([check(), check(Waits("the role"))], context)
    assert codes(outcomes) == ["RLD-001"]
    assert not Report(outcomes, 0.1).healthy


def test_what_nobody_can_tell_is_told_and_no_fault(context: Context) -> None:
    outcomes = examine([check(Unclear("Sign in once."))], context)
    assert codes(outcomes) == []
    assert "? it holds: cannot be told from here. Sign in once." in as_text(Report(outcomes, 0.1))


def test_a_question_is_asked_once_and_answered_alike(context: Context) -> None:
    asked = []

    def question(_: Context, name: str) -> str:
        asked.append(name)
        if name == "refused":
            raise ERRORS["AWS refuses"]
        return name

    assert [context.ask(question, "a"), context.ask(question, "a"), context.ask(question, "b")] == [
        "a",
        "a",
        "b",
    ]
    for _ in range(2):
        with pytest.raises(ClientError):
            context.ask(question, "refused")
    assert asked == ["a", "b", "refused"]
