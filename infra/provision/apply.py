"""Brings the trust chain and the warehouse about; applied again, it changes nothing."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import boto3

from infra.provision import command, show
from infra.provision.errors import ProvisioningError
from infra.provision.iam import policies
from infra.provision.plan import Change, plan, walk
from infra.provision.resources.clients import Clients
from infra.provision.resources.declared import declared
from infra.provision.resources.identity_center import APPLICATION, REDSHIFT_APPLICATION
from infra.provision.resources.resource import Ids, Tell
from infra.provision.resources.serverless import ADMIN_SECRET, WAREHOUSE
from infra.provision.specification.spec import SESSION_TAGS, Spec


@dataclass(frozen=True)
class Outputs:
    """What came to be; none of it is secret."""

    region: str
    issuer: str
    client_id: str
    application_arn: str  # empty, and the next: people are known by the tags of their sessions
    redshift_application_arn: str
    bridge_role_arn: str  # empty: the host's own role signs
    data_role_arn: str
    workgroup: str  # empty: a cluster
    warehouse_arn: str
    database: str
    admin_secret_arn: str
    cluster: str = ""
    propagation: str = Spec.propagation
    session_table: str = ""  # empty: each process of the app keeps its sign-ins in memory
    changes: tuple[str, ...] = field(default=(), compare=False)  # what this run made or mended

    def settings(self) -> dict[str, str]:
        """The app's settings, by their names in the environment."""
        return {
            "OIDC_ISSUER": self.issuer,
            "OIDC_CLIENT_ID": self.client_id,
            "AWS_REGION": self.region,
            **({"PROPAGATION": SESSION_TAGS} if self.propagation == SESSION_TAGS else {}),
            "IDC_APPLICATION_ARN": self.application_arn,
            "BRIDGE_ROLE_ARN": self.bridge_role_arn,
            "DATA_ROLE_ARN": self.data_role_arn,
            **(
                {"REDSHIFT_CLUSTER": self.cluster} if self.cluster else {"REDSHIFT_WORKGROUP": self.workgroup}
            ),
            "REDSHIFT_DATABASE": self.database,
            "PERSONAL_TABLES": "on",  # infra/sql makes them
            **({"SESSION_STORE": f"dynamodb:{self.session_table}"} if self.session_table else {}),
        }


def _silent(_: str) -> None:
    """Tells nobody."""


def apply(spec: Spec, session: boto3.Session, tell: Tell = _silent) -> Outputs:
    """Makes the account as the specification says."""
    ids = Ids()
    changes = list(walk(declared(spec, Clients(session), tell), ids, tell, act=True))
    return _outputs(spec, ids, changes)


def outputs(spec: Spec, session: boto3.Session) -> Outputs:
    """What there is of it; ProvisioningError where that is not all that the app needs."""
    ids = Ids()
    changes = list(walk(declared(spec, Clients(session), _silent), ids, _silent, act=False))
    for change in changes:
        if change.action in ("create", "wait"):
            raise ProvisioningError(f"There is no {change.title} yet: apply first.")
    return _outputs(spec, ids, [])


def _outputs(spec: Spec, ids: Ids, changes: Sequence[Change]) -> Outputs:
    tagged = spec.propagation == SESSION_TAGS
    return Outputs(
        region=spec.region,
        issuer=spec.issuer,
        client_id=spec.client_id,
        application_arn="" if tagged else ids[APPLICATION],
        redshift_application_arn="" if tagged else ids[REDSHIFT_APPLICATION],
        bridge_role_arn="" if tagged or spec.host_role_arn else spec.role_arn(spec.bridge_role),
        data_role_arn=spec.role_arn(spec.data_role),
        workgroup="" if spec.cluster else spec.workgroup,
        warehouse_arn=ids[WAREHOUSE],
        database=spec.database,
        admin_secret_arn=ids[ADMIN_SECRET],
        cluster=spec.cluster,
        propagation=spec.propagation,
        session_table=spec.session_table,
        changes=tuple(line for change in changes for line in show.in_lines(change)),
    )


def add_parser(commands: command.Commands) -> None:
    """Adds `apply`."""
    parser = commands.add_parser("apply", help="make the account as specified; again, it changes nothing")
    parser.set_defaults(run=run)
    command.add_common(parser, dry_run=True)
    command.add_specification(parser)


def run(options: argparse.Namespace) -> int:
    """Makes the account as specified, and prints the app's settings."""
    session = command.session_of(options)
    spec = command.spec_of(options, session)
    progress = show.Progress()
    if options.dry_run:
        changes = plan(spec, session, progress)
        show.answer(show.plan_as_json(spec, changes) if options.json else show.plan_as_text(spec, changes))
        return 0
    with progress.alive():
        made = apply(spec, session, progress)
    if options.json:
        show.answer(json.dumps({"changes": made.changes, "settings": made.settings()}, indent=2))
    else:
        show.answer("\n".join(f"{name}={value}" for name, value in made.settings().items()))
    progress(f"{len(made.changes)} changes" if made.changes else "nothing was to be changed")
    if spec.session_table and not spec.host_role_arn:
        needed = policies.host_permissions(spec, application_arn=made.application_arn)
        show.tell(f"the app's host needs this policy: {json.dumps(needed)}")
    return 0
