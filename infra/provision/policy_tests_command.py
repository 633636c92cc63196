"""`test-policies`: measures what each person sees in the warehouse, against a file of what they should."""

import argparse
import os
import re
from pathlib import Path

import boto3

from app.policies.expectations import read_expectations
from app.policies.file import LONGEST
from infra.provision.as_person import Warehouse
from infra.provision.command import Commands
from infra.provision.errors import SpecError
from infra.provision.policy_tests import as_json, as_text, measure
from infra.provision.spec import Spec

_TESTS = Path(__file__).parent.parent / "policy-tests.yaml"


def add_parser(commands: Commands) -> None:
    """Adds `test-policies`."""
    command = commands.add_parser("test-policies", help="measure what people see against what they should")
    command.set_defaults(run=run)
    command.add_argument(
        "file", nargs="?", type=Path, default=_TESTS, help="default: infra/policy-tests.yaml"
    )
    command.add_argument("--json", action="store_true", help="the results for machines")
    command.add_argument("--profile", help="the AWS profile whose credentials are used; default: AWS_PROFILE")
    for option, name in (
        ("--region", "AWS_REGION"),
        ("--workgroup", "REDSHIFT_WORKGROUP"),
        ("--database", "REDSHIFT_DATABASE"),
        ("--secret-arn", "ADMIN_SECRET_ARN"),
    ):
        command.add_argument(option, default=os.environ.get(name, ""), help=f"default: {name}")
    command.add_argument(
        "--namespace", default=Spec.identity_namespace, help="of the people's names; default: %(default)s"
    )


def run(options: argparse.Namespace) -> int:
    """0 when all tests hold, 1 when one does not; an error tells of all else."""
    tests = read_expectations(_text_of(options.file))
    for name in ("workgroup", "database", "secret_arn"):
        if not getattr(options, name):
            raise SpecError(f"--{name.replace('_', '-')} is missing, and the environment has none.")
    if not re.fullmatch(r"[\w+.@-]{1,127}", options.namespace, re.ASCII):
        raise SpecError(f"--namespace is {options.namespace[:80]!r}: letters, digits and _+.@- alone.")
    session = boto3.Session(profile_name=options.profile, region_name=options.region or None)
    client = session.client("redshift-data")
    warehouse = Warehouse(client, options.workgroup, options.database, options.secret_arn)
    verdicts = measure(warehouse, tests, namespace=options.namespace)
    print(as_json(verdicts) if options.json else as_text(verdicts))  # noqa: T201 - a command line's answer
    return int(any(verdict.outcome != "holds" for verdict in verdicts))


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(4 * LONGEST + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{file} cannot be read: {error}") from error
