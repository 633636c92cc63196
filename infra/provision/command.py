"""What the commands have in common: their options, and the session and specification that these mean."""

import argparse
import os
from pathlib import Path
from typing import Any, TypeAlias

import boto3

from infra.provision import accounts
from infra.provision.specification import toml_file
from infra.provision.specification.access import COPY_FORMATS
from infra.provision.specification.spec import Spec

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse has no other name
FILE = Path("rowlight.toml")
# Flags of what the specification's file says otherwise; each is named as Spec names it.
_GIVEN = (
    "issuer",
    "client_id",
    "data_bucket",
    "data_prefix",
    "data_format",
    "session_table",
    "host_role_arn",
)


def add_common(command: argparse.ArgumentParser, *, dry_run: bool = False) -> None:
    """Adds --profile, --region, --file and --json, and --dry-run to what would change something."""
    command.add_argument("--profile", help="the AWS profile whose credentials are used; default: AWS_PROFILE")
    command.add_argument("--region", help="the AWS region; default: the specification's, or AWS_REGION")
    command.add_argument("--file", type=Path, help=f"the specification; default: {FILE}, where it is there")
    command.add_argument("--json", action="store_true", help="the answer for machines")
    if dry_run:
        command.add_argument(
            "--dry-run", action="store_true", help="show what would change, and change nothing"
        )


def add_specification(command: argparse.ArgumentParser) -> None:
    """Adds the flags that stand in for the file, or for single keys of it."""
    command.add_argument("--issuer", help="the identity provider's issuer, https://…")
    command.add_argument("--client-id", help="the app's client id at the provider")
    command.add_argument("--data-bucket", help="the bucket with the sales data")
    command.add_argument("--data-prefix", help=f"its folder there; default: {Spec.data_prefix}")
    command.add_argument(
        "--data-format", choices=tuple(COPY_FORMATS), help=f"its format; default: {Spec.data_format}"
    )
    command.add_argument(
        "--assignment-required", action="store_true", help="people must be assigned to the app to sign in"
    )
    command.add_argument(
        "--session-table", help="make this DynamoDB table, where app processes share sign-ins"
    )
    command.add_argument(
        "--host-role-arn", help="the role that the app runs under, in place of a bridge role"
    )


def is_specified(options: argparse.Namespace) -> bool:
    """Whether there is a specification: a file of it, or the flags that every one needs."""
    return options.file is not None or FILE.exists() or bool(options.issuer and options.client_id)


def session_of(options: argparse.Namespace) -> boto3.Session:
    """The session of the profile and region that the options name."""
    region = options.region or _of_file(options).get("region") or os.environ.get("AWS_REGION")
    return boto3.Session(profile_name=options.profile, region_name=region or None)


def spec_of(options: argparse.Namespace, session: boto3.Session) -> Spec:
    """The specification of the file with the flags laid over it, completed from the account."""
    given = {name: value for name in _GIVEN if (value := getattr(options, name, None)) is not None}
    if getattr(options, "assignment_required", False):
        given["assignment_required"] = True
    if options.region:
        given["region"] = options.region
    return accounts.complete(session, {**_of_file(options), **given})


def _of_file(options: argparse.Namespace) -> dict[str, Any]:
    file: Path | None = getattr(options, "file", None)
    if file is None and not FILE.exists():
        return {}
    return toml_file.read(file or FILE)
