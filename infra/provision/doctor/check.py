"""Runs the checks: what each found, and what kept it from looking."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from infra.provision.doctor.chain import Chain
from infra.provision.doctor.context import Context, Unclear, Waits
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults.looking import CANNOT_LOOK

State = Literal["healthy", "found", "waits", "unclear"]
Look = Callable[[Context], Iterable[Finding]]

# What an answer of a shape that nobody foresaw ends in.
_NOT_UNDERSTOOD = (LookupError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True)
class Check:
    """One link, looked at by itself; the title says what holds when nothing is found."""

    link: str
    title: str
    look: Look
    # Whether the chain has this link, as it is set up.
    when: Callable[[Chain], bool] = lambda _: True


@dataclass(frozen=True)
class Outcome:
    """What came of one check; the reason is for one that did not look."""

    check: Check
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    state: State = "healthy"


def examine(
    checks: Sequence[Check], context: Context, *, tell: Callable[[Check], None] = lambda _: None
) -> tuple[Outcome, ...]:
    """Every check's outcome; none ends the others, and what was not looked at never passes for healthy."""
    outcomes = []
    for check in checks:
        tell(check)
        outcomes.append(_examined(check, context))
        context.found += [finding.fault for finding in outcomes[-1].findings]
    if any(outcome.findings for outcome in outcomes):
        return tuple(outcomes)
    # They wait for what nobody reported.
    return tuple(_not_looked(each) if each.state == "waits" else each for each in outcomes)


def _examined(check: Check, context: Context) -> Outcome:
    findings: list[Finding] = []
    state: State = "healthy"
    reason = ""
    try:
        # One by one: what was found before a refusal counts.
        for finding in check.look(context):
            findings.append(finding)  # noqa: PERF402
    except Waits as error:
        state, reason = "waits", str(error)
    except Unclear as error:
        state, reason = "unclear", str(error)
    except ClientError as error:
        findings.append(_refused(error))
    except BotoCoreError as error:
        findings.append(_silent("AWS", error))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        findings.append(_silent("What this asks", error))
    except _NOT_UNDERSTOOD as error:
        findings.append(_not_understood(error))
    return Outcome(check, tuple(findings), reason, "found" if findings else state)


def _not_looked(outcome: Outcome) -> Outcome:
    finding = CANNOT_LOOK.found(
        f"This waits for {outcome.reason}.", cure="See to that first, then run doctor again."
    )
    return replace(outcome, findings=(finding,), state="found")


def _refused(error: ClientError) -> Finding:
    code = error.response.get("Error", {}).get("Code", "no code")
    operation = error.operation_name
    return CANNOT_LOOK.found(
        f"AWS refused {operation} to whoever runs doctor ({code}).",
        cure=f"Allow {operation} to the administrator whose credentials these are, or run doctor as somebody"
        " who may; then run it again.",
    )


def _silent(who: str, error: BotoCoreError | httpx.HTTPError | httpx.InvalidURL) -> Finding:
    return CANNOT_LOOK.found(
        f"{who} did not answer ({type(error).__name__}).",
        cure="Look at this computer's network, its proxy, AWS_REGION and AWS_ENDPOINT_URL; then run doctor"
        " again.",
    )


def _not_understood(error: Exception) -> Finding:
    return CANNOT_LOOK.found(
        f"An answer was not understood ({type(error).__name__}).",
        cure="Run doctor again; if it stays, report it with the version of Rowlight.",
    )
