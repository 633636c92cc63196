"""`python -m infra.provision apply`: sets up the account of the environment's AWS credentials."""

import argparse
import json
import os
import sys
from collections.abc import Sequence

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.provision import policies
from infra.provision.apply import Outputs, apply
from infra.provision.errors import ProvisioningError, SpecError
from infra.provision.spec import COPY_FORMATS, Spec


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is as specified; 1 when AWS or the account stood in the way; 2 when the request is wrong."""
    options = _parser().parse_args(arguments)
    try:
        session = boto3.Session(region_name=options.region)
        spec = _spec(session, options)
        outputs = apply(spec, session)
    except SpecError as error:
        return _fail(str(error), status=2)
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
    return parser


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
