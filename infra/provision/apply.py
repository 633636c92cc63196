"""Brings the trust chain and the warehouse about; applied again, it changes nothing."""

import argparse
import json
import sys
from dataclasses import dataclass, field

import boto3

from infra.provision import command, identity_center, policies, roles, session_table, sql, warehouse
from infra.provision.admin import Admin
from infra.provision.roles import Changed
from infra.provision.spec import Spec


@dataclass(frozen=True)
class Outputs:
    """What came to be; none of it is secret."""

    region: str
    issuer: str
    client_id: str
    application_arn: str
    redshift_application_arn: str
    bridge_role_arn: str  # empty: the host's own role signs
    data_role_arn: str
    workgroup: str
    workgroup_arn: str
    database: str
    admin_secret_arn: str
    session_table: str = ""  # empty: each process of the app keeps its sign-ins in memory
    changes: tuple[str, ...] = field(default=(), compare=False)  # what this run made or mended

    def settings(self) -> dict[str, str]:
        """The app's settings, by their names in the environment."""
        return {
            "OIDC_ISSUER": self.issuer,
            "OIDC_CLIENT_ID": self.client_id,
            "AWS_REGION": self.region,
            "IDC_APPLICATION_ARN": self.application_arn,
            "BRIDGE_ROLE_ARN": self.bridge_role_arn,
            "DATA_ROLE_ARN": self.data_role_arn,
            "REDSHIFT_WORKGROUP": self.workgroup,
            "REDSHIFT_DATABASE": self.database,
            "PERSONAL_TABLES": "on",  # infra/sql makes them
            **({"SESSION_STORE": f"dynamodb:{self.session_table}"} if self.session_table else {}),
        }


def add_parser(commands: command.Commands) -> None:
    """Adds `apply`."""
    parser = commands.add_parser("apply", help="make the account as specified; again, it changes nothing")
    parser.set_defaults(run=run)
    command.add_common(parser)
    command.add_specification(parser)


def run(options: argparse.Namespace) -> int:
    """Makes the account as specified, and prints the app's settings."""
    session = command.session_of(options)
    spec = command.spec_of(options, session)
    outputs = apply(spec, session)
    for change in outputs.changes:
        _tell(f"changed: {change}")
    for name, value in outputs.settings().items():
        print(f"{name}={value}")  # noqa: T201 - a command line's answer
    if spec.session_table and not spec.host_role_arn:
        needed = policies.host_permissions(spec, application_arn=outputs.application_arn)
        _tell(f"the app's host needs this policy: {json.dumps(needed)}")
    return 0


def _tell(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - a command line's answer


def apply(spec: Spec, session: boto3.Session) -> Outputs:
    """Makes the account as the specification says.

    The order is that of what needs what: a policy names only what is there already.
    """
    changes: list[str] = []
    changed = changes.append
    roles.require_host_role(session.client("iam"), spec)
    application_arn, managed_arn, serverless = _warehouse(spec, session, changed)
    exchange_arn = _exchange(spec, session, managed_arn, changed)
    if spec.session_table:
        session_table.ensure_session_table(session.client("dynamodb"), spec, changed)
    _roles(spec, session, exchange_arn=exchange_arn, workgroup_arn=serverless.workgroup_arn, changed=changed)
    admin = Admin(session.client("redshift-data"), spec, secret_arn=serverless.admin_secret_arn)
    sql.ensure_tables(admin, spec, changed)
    return Outputs(
        region=spec.region,
        issuer=spec.issuer,
        client_id=spec.client_id,
        application_arn=exchange_arn,
        redshift_application_arn=application_arn,
        bridge_role_arn="" if spec.host_role_arn else spec.role_arn(spec.bridge_role),
        data_role_arn=spec.role_arn(spec.data_role),
        workgroup=spec.workgroup,
        workgroup_arn=serverless.workgroup_arn,
        database=spec.database,
        admin_secret_arn=serverless.admin_secret_arn,
        session_table=spec.session_table,
        changes=tuple(changes),
    )


def _warehouse(spec: Spec, session: boto3.Session, changed: Changed) -> tuple[str, str, warehouse.Serverless]:
    """Redshift's application, the groups that may connect, and the workgroup."""
    iam = session.client("iam")
    roles.ensure_role(
        iam,
        spec.redshift_role,
        trust=policies.redshift_trust(),
        description="Redshift looks up IAM Identity Center",
        changed=changed,
    )
    roles.ensure_permissions(iam, spec.redshift_role, policies.redshift_permissions(spec), changed)
    roles.ensure_role(
        iam,
        spec.load_role,
        trust=policies.load_trust(spec),
        description="Redshift reads the data to load",
        changed=changed,
    )
    roles.ensure_permissions(iam, spec.load_role, policies.load_permissions(spec), changed)
    application_arn, managed_arn = warehouse.ensure_redshift_application(
        session.client("redshift"), spec, changed
    )
    identity_center.ensure_assignments(
        session.client("sso-admin"), session.client("identitystore"), spec, managed_arn, changed
    )
    serverless = warehouse.ensure_serverless(
        session.client("redshift-serverless"), spec, application_arn=application_arn, changed=changed
    )
    return application_arn, managed_arn, serverless


def _exchange(spec: Spec, session: boto3.Session, managed_arn: str, changed: Changed) -> str:
    """The provider, the bridge role that its tokens open, and the application that exchanges them."""
    iam, sso = session.client("iam"), session.client("sso-admin")
    # A host that signs for itself needs neither. Those of before are left; nothing trusts them any more.
    if not spec.host_role_arn:
        roles.ensure_provider(iam, spec, changed)
        # Before the application: its actor policy names the role.
        roles.ensure_role(
            iam,
            spec.bridge_role,
            trust=policies.bridge_trust(spec),
            description="The app exchanges ID tokens",
            changed=changed,
        )
    token_issuer_arn = identity_center.ensure_token_issuer(sso, spec, changed)
    arn = identity_center.ensure_application(sso, spec, changed)
    identity_center.configure_application(
        sso, spec, arn, token_issuer_arn=token_issuer_arn, target_arn=managed_arn, changed=changed
    )
    return arn


def _roles(
    spec: Spec, session: boto3.Session, *, exchange_arn: str, workgroup_arn: str, changed: Changed
) -> None:
    """What the bridge role, or the host's own, and the data role may do."""
    iam = session.client("iam")
    if spec.host_role_arn:
        permissions = policies.host_permissions(spec, application_arn=exchange_arn)
        roles.ensure_host_permissions(iam, spec, permissions, changed)
    else:
        permissions = policies.bridge_permissions(spec, application_arn=exchange_arn)
        roles.ensure_permissions(iam, spec.bridge_role, permissions, changed)
    roles.ensure_role(
        iam,
        spec.data_role,
        trust=policies.data_trust(spec),
        description="People query Redshift as themselves",
        changed=changed,
    )
    roles.ensure_permissions(
        iam, spec.data_role, policies.data_permissions(spec, warehouse_arn=workgroup_arn), changed
    )
