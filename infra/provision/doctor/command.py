"""`python -m infra.provision doctor`: looks at every link, says what is wrong, and mends what is safe."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from infra.provision.doctor import report
from infra.provision.doctor.chain import Chain, chain_of, environment
from infra.provision.doctor.check import Check, Outcome, examine
from infra.provision.doctor.checks import CHECKS
from infra.provision.doctor.context import Context
from infra.provision.errors import SpecError

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def add_parser(commands: Any) -> None:
    """Registers the command."""
    command = commands.add_parser("doctor", help="look at each link of the chain, and say what cures it")
    command.add_argument("--profile", help="the administrator's profile in AWS's configuration")
    command.add_argument("--json", action="store_true", help="the report for machines")
    command.add_argument("--fix", action="store_true", help="mend what is safe to mend, then look again")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0 when every link holds, 1 when one does not, 2 when the request is wrong."""
    try:
        session = _session(options.profile)
    except ProfileNotFound as error:
        raise SpecError(str(error)) from error
    chain = chain_of(environment(os.environ))
    found = diagnose(chain, session, fix=options.fix, tell=_progress())
    print(report.as_json(found) if options.json else report.as_text(found, colours=_colours()))  # noqa: T201
    return int(not found.healthy)


def diagnose(
    chain: Chain,
    session: boto3.Session,
    *,
    fix: bool = False,
    tell: Callable[[Check], None] = lambda _: None,
    **ways: Any,
) -> report.Report:
    """The report on a chain; with `fix`, on the chain as it is once what is safe was mended."""
    started = time.monotonic()
    outcomes = _looked(chain, session, tell, ways)
    fixed: tuple[str, ...] = ()
    if fix and any(finding.fix for outcome in outcomes for finding in outcome.findings):
        fixed = tuple(_fixed(outcomes))
        outcomes = _looked(chain, session, tell, ways)
    return report.Report(outcomes, time.monotonic() - started, fixed)


def _looked(
    chain: Chain, session: boto3.Session, tell: Callable[[Check], None], ways: dict[str, Any]
) -> tuple[Outcome, ...]:
    context = Context(chain, session=session, **ways)
    try:
        outcomes = examine(CHECKS, context, tell=tell)
        return tuple(report.cleaned(outcome, context.secrets) for outcome in outcomes)
    finally:
        context.close()


def _fixed(outcomes: tuple[Outcome, ...]) -> list[str]:
    """Mends what can be; what AWS refuses is found again by the next look."""
    done = []
    for finding in (finding for outcome in outcomes for finding in outcome.findings):
        if finding.fix is None:
            continue
        try:
            done.append(f"{finding.fault.code}: {finding.fix()}")
        except (ClientError, BotoCoreError) as error:
            _say(f"{finding.fault.code} is not mended: AWS refused ({type(error).__name__})")
    return done


def _session(profile: str | None) -> boto3.Session:
    """The administrator's session; ADMIN_… keys are what the stand-in's environment calls them."""
    key, secret = (os.environ.get(f"ADMIN_{name}") for name in _KEYS)
    region = os.environ.get("AWS_REGION") or None
    if profile or os.environ.get(_KEYS[0]) or os.environ.get("AWS_PROFILE") or not (key and secret):
        return boto3.Session(profile_name=profile, region_name=region)
    return boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region)


def _progress() -> Callable[[Check], None]:
    started = time.monotonic()

    def tell(check: Check) -> None:
        _say(f"{time.monotonic() - started:5.1f} s  {check.link}: {check.title}")

    return tell


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a command line's answer


def _colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
