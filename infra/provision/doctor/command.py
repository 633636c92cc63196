"""`python -m infra.provision doctor`: looks at every link, says what is wrong, and mends what is safe."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from infra.provision.command import FILE, Commands, add_common, session_of, spec_of
from infra.provision.doctor import report, sign_in
from infra.provision.doctor.chain import Chain, chain_of, environment
from infra.provision.doctor.check import Check, Outcome, examine
from infra.provision.doctor.checks import checks_of
from infra.provision.doctor.context import Context, Unclear
from infra.provision.doctor.test_person import TokenSource
from infra.provision.errors import ProvisioningError, SpecError

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def add_parser(commands: Commands) -> None:
    """Adds `doctor`."""
    parser = commands.add_parser("doctor", help="look at each link of the chain, and say what cures it")
    parser.set_defaults(run=run)
    add_common(parser)
    parser.add_argument("--fix", action="store_true", help="mend what is safe to mend, then look again")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--sign-in", action="store_true", help="sign a test person in, and go the whole way")
    way.add_argument("--id-token-file", help="an ID token of a test person's, or - for standard input")
    parser.add_argument(
        "--redirect-uri", default="", help="where --sign-in waits, on this computer; default: the app's"
    )


def run(options: argparse.Namespace) -> int:
    """0 when every link holds, 1 when one does not; a wrong request is an error."""
    try:
        session = _session(options)
    except ProfileNotFound as error:
        raise SpecError(str(error)) from error
    chain, token = _chain(options, session), _test_token(options)
    found = diagnose(chain, session, fix=options.fix, tell=_progress(), test_token=token)
    print(report.as_json(found) if options.json else report.as_text(found, colours=_colours()))  # noqa: T201
    return int(not found.healthy)


def _chain(options: argparse.Namespace, session: boto3.Session) -> Chain:
    """The settings, and rowlight.toml where there is one: what it lacks is looked up in the account."""
    settings = environment(os.environ)
    if options.region:
        settings["AWS_REGION"] = options.region
    if options.file is None and not FILE.exists():
        return chain_of(settings)
    try:
        return chain_of(settings, spec_of(options, session))
    except ClientError as error:
        unread = f"AWS refused {error.operation_name}"
    except BotoCoreError as error:
        unread = f"AWS did not answer ({type(error).__name__})"
    except ProvisioningError as error:
        unread = str(error)
    return chain_of(settings, unread=unread)


def _test_token(options: argparse.Namespace) -> TokenSource | None:
    if options.id_token_file:
        return sign_in.from_file(options.id_token_file)
    return sign_in.in_browser(_say, options.redirect_uri) if options.sign_in else None


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
    fixed: tuple[str, ...] = ()
    if fix:
        # Without the test person, whose ID token is good for one exchange.
        fixed = tuple(_fixed(_looked(chain, session, tell, {**ways, "test_token": None})))
    outcomes = _looked(chain, session, tell, ways)
    return report.Report(outcomes, time.monotonic() - started, fixed)


def _looked(
    chain: Chain, session: boto3.Session, tell: Callable[[Check], None], ways: dict[str, Any]
) -> tuple[Outcome, ...]:
    context = Context(chain, session=session, **ways)
    try:
        outcomes = examine(checks_of(context), context, tell=tell)
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
        except (ClientError, BotoCoreError, Unclear) as error:
            _say(f"{finding.fault.code} is not mended: AWS refused ({type(error).__name__})")
    return done


def _session(options: argparse.Namespace) -> boto3.Session:
    """The administrator's session; ADMIN_… keys are what the stand-in's environment calls them."""
    key, secret = (os.environ.get(f"ADMIN_{name}") for name in _KEYS)
    if options.profile or os.environ.get(_KEYS[0]) or os.environ.get("AWS_PROFILE") or not (key and secret):
        return session_of(options)
    return boto3.Session(
        aws_access_key_id=key, aws_secret_access_key=secret, region_name=options.region or None
    )


def _progress() -> Callable[[Check], None]:
    started = time.monotonic()

    def tell(check: Check) -> None:
        _say(f"{time.monotonic() - started:5.1f} s  {check.link}: {check.title}")

    return tell


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a command line's answer


def _colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
