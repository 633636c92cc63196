"""`python -m infra.provision`: `apply` sets up the account of the environment's AWS credentials.

`test-policies` measures there what each person sees, against a file that says what they should.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from app.errors import PolicyFileRefused
from app.policies.expectations import read_expectations
from app.policies.file import LONGEST
from infra.provision import policies
from infra.provision.apply import Outputs, apply
from infra.provision.as_person import Warehouse
from infra.provision.errors import ProvisioningError, SpecError
from infra.provision.policy_tests import as_json, as_text, measure
from infra.provision.spec import COPY_FORMATS, Spec

_TESTS = Path(__file__).parent.parent / "policy-tests.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is as specified; 1 when AWS or the account stood in the way; 2 when the request is wrong."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "test-policies":
            return _test_policies(options)
        session = boto3.Session(region_name=options.region)
        spec = _spec(session, options)
        outputs = apply(spec, session)
    except (SpecError, PolicyFileRefused) as error:
        return _fail("\n".join(getattr(error, "faults", (str(error),))), status=2)
    except ClientError as error:
        return _fail(_in_words(error), status=1)
    except (BotoCoreError, ProvisioningError) as error:
        return _fail(str(error), status=1)
    _show(outputs)
    if spec.session_table and not spec.host_role_arn:
        needed = policies.host_permissions(spec, application_arn=outputs.application_arn)
        _tell(f"the app's host needs this policy: {json.dumps(needed)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.provision",
        description="The trust chain and the warehouse, as code.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("apply", help="make the account as specified; again, it changes nothing")
    command.add_argument("--region", default=os.environ.get("AWS_REGION"), help="default: AWS_REGION")
    command.add_argument("--issuer", required=True, help="the identity provider's issuer, https://…")
    command.add_argument("--client-id", required=True, help="the app's client id at the provider")
    command.add_argument("--data-bucket", required=True, help="the bucket with the sales data")
    command.add_argument("--data-prefix", default="sales_data/", help="default: %(default)s")
    command.add_argument(
        "--data-format", choices=tuple(COPY_FORMATS), default="PARQUET", help="default: %(default)s"
    )
    command.add_argument(
        "--assignment-required", action="store_true", help="people must be assigned to the app to sign in"
    )
    command.add_argument(
        "--session-table", default="", help="make this DynamoDB table, where app processes share sign-ins"
    )
    command.add_argument(
        "--host-role-arn", default="", help="the role that the app runs under, in place of a bridge role"
    )
    _add_test_policies(commands)
    return parser


def _add_test_policies(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("test-policies", help="measure what people see against what they should")
    command.add_argument(
        "file", nargs="?", type=Path, default=_TESTS, help="default: infra/policy-tests.yaml"
    )
    command.add_argument("--json", action="store_true", help="the results for machines")
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


def _test_policies(options: argparse.Namespace) -> int:
    """0 when all tests hold, 1 when one does not; an error tells of all else."""
    tests = read_expectations(_text_of(options.file))
    for name in ("workgroup", "database", "secret_arn"):
        if not getattr(options, name):
            raise SpecError(f"--{name.replace('_', '-')} is missing, and the environment has none.")
    if not re.fullmatch(r"[\w+.@-]{1,127}", options.namespace, re.ASCII):
        raise SpecError(f"--namespace is {options.namespace[:80]!r}: letters, digits and _+.@- alone.")
    session = boto3.Session(region_name=options.region or None)
    warehouse = Warehouse(
        session.client("redshift-data"), options.workgroup, options.database, options.secret_arn
    )
    verdicts = measure(warehouse, tests, namespace=options.namespace)
    print(as_json(verdicts) if options.json else as_text(verdicts))  # noqa: T201 - a command line's answer
    return int(any(verdict.outcome != "holds" for verdict in verdicts))


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(4 * LONGEST + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{file} cannot be read: {error}") from error


def _spec(session: boto3.Session, options: argparse.Namespace) -> Spec:
    instances = session.client("sso-admin").list_instances()["Instances"]
    if len(instances) != 1:
        raise ProvisioningError(
            f"There must be one IAM Identity Center instance in {session.region_name}; there are"
            f" {len(instances)}. Enable it in the console of the region where Redshift is to be."
        )
    return Spec(
        region=session.region_name or "",
        account_id=session.client("sts").get_caller_identity()["Account"],
        instance_arn=instances[0]["InstanceArn"],
        identity_store_id=instances[0]["IdentityStoreId"],
        issuer=options.issuer,
        client_id=options.client_id,
        data_bucket=options.data_bucket,
        data_prefix=options.data_prefix,
        data_format=options.data_format,
        assignment_required=options.assignment_required,
        session_table=options.session_table,
        host_role_arn=options.host_role_arn,
    )


def _in_words(error: ClientError) -> str:
    found = error.response["Error"]
    return f"AWS refused {error.operation_name}: {found.get('Code')}: {found.get('Message')}"


def _fail(message: str, *, status: int) -> int:
    _tell(message)
    return status


def _tell(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - a command line's answer


def _show(outputs: Outputs) -> None:
    for change in outputs.changes:
        _tell(f"changed: {change}")
    for name, value in outputs.settings().items():
        print(f"{name}={value}")  # noqa: T201 - a command line's answer


if __name__ == "__main__":
    sys.exit(main())
