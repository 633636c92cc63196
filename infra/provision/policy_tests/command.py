"""`test-policies`: measures what each person sees in the warehouse, against a file of what they should."""

import argparse
import os
import re
from pathlib import Path

import boto3

from app.policies.expectations import read_expectations
from app.policies.file import LONGEST
from infra.provision import show
from infra.provision.apply import outputs
from infra.provision.command import Commands, add_common, add_specification, is_specified, session_of, spec_of
from infra.provision.errors import SpecError
from infra.provision.policy_tests.as_person import Warehouse
from infra.provision.policy_tests.measuring import as_json, as_text, measure
from infra.provision.specification.spec import Spec

_TESTS = Path(__file__).parents[2] / "policy-tests.yaml"


def add_parser(commands: Commands) -> None:
    """Adds `test-policies`."""
    command = commands.add_parser("test-policies", help="measure what people see against what they should")
    command.set_defaults(run=run)
    command.add_argument(
        "tests",
        nargs="?",
        type=Path,
        default=_TESTS,
        metavar="TESTS",
        help="the file of tests; default: infra/policy-tests.yaml",
    )
    add_common(command)
    add_specification(command)
    for option, name, meaning in (
        ("--workgroup", "REDSHIFT_WORKGROUP", "the workgroup that is asked"),
        ("--cluster", "REDSHIFT_CLUSTER", "or the cluster"),
        ("--database", "REDSHIFT_DATABASE", "its database"),
        ("--secret-arn", "ADMIN_SECRET_ARN", "the secret as whose user it is asked"),
    ):
        usual = f"{meaning}; default: {name}, else the specification's"
        command.add_argument(option, default=os.environ.get(name, ""), help=usual)
    command.add_argument("--namespace", help="of the people's names; default: the specification's")


def run(options: argparse.Namespace) -> int:
    """0 when all tests hold, 1 when one does not; an error tells of all else."""
    tests = read_expectations(_text_of(options.tests))
    if options.namespace and not re.fullmatch(r"[\w+.@-]{1,127}", options.namespace, re.ASCII):
        raise SpecError(f"--namespace is {options.namespace[:80]!r}: letters, digits and _+.@- alone.")
    session = session_of(options)
    warehouse, namespace = _warehouse(options, session)
    verdicts = measure(warehouse, tests, namespace=options.namespace or namespace)
    show.answer(as_json(verdicts) if options.json else as_text(verdicts))
    return int(any(verdict.outcome != "holds" for verdict in verdicts))


def _warehouse(options: argparse.Namespace, session: boto3.Session) -> tuple[Warehouse, str]:
    """The warehouse, and the namespace of its people: as it is said, else as the specification's is."""
    client = session.client("redshift-data")
    if options.secret_arn and options.database and (options.workgroup or options.cluster):
        named = {"ClusterIdentifier": options.cluster} if options.cluster else None
        target = named or {"WorkgroupName": options.workgroup}
        return Warehouse(client, target, options.database, options.secret_arn), Spec.identity_namespace
    if not is_specified(options):
        missing = [name for name in ("database", "secret_arn") if not getattr(options, name)]
        names = [*(["workgroup"] if not options.workgroup and not options.cluster else []), *missing]
        told = " and ".join(f"--{name.replace('_', '-')}" for name in names)
        raise SpecError(f"{told} is missing, and neither the environment nor a specification gives it.")
    spec = spec_of(options, session)
    secret = outputs(spec, session).admin_secret_arn
    return Warehouse(client, spec.target, spec.database, secret), spec.identity_namespace


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(4 * LONGEST + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{file} cannot be read: {error}") from error
