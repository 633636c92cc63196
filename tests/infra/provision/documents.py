"""Every policy that infra/provision makes, in every variant of the specification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.provision.iam import policies
from infra.provision.iam.administrator import administrator
from infra.provision.iam.policies import Policy
from infra.provision.specification.spec import Spec

ACCOUNT = "123456789012"
INSTANCE = "ssoins-0123456789abcdef"
TABLE = "rowlight-sessions"


def spec(**changes: Any) -> Spec:
    """The example's specification, with what is given in another way."""
    return Spec(
        **{
            "region": "us-east-1",
            "account_id": ACCOUNT,
            "instance_arn": f"arn:aws:sso:::instance/{INSTANCE}",
            "identity_store_id": "d-0123456789",
            "issuer": "https://example.okta.com/oauth2/default",
            "client_id": "0oa1",
            "data_bucket": "sales-data",
            **changes,
        }
    )


def secret(name: str, *, partition: str = "aws", region: str = "us-east-1") -> str:
    """The ARN of a secret."""
    return f"arn:{partition}:secretsmanager:{region}:{ACCOUNT}:secret:rowlight/{name}-a1b2c3"


def application_arn(spec: Spec) -> str:
    """The app's application in IAM Identity Center."""
    return f"arn:{spec.partition}:sso::{spec.account_id}:application/{INSTANCE}/apl-0123456789abcdef"


def warehouse_arn(spec: Spec) -> str:
    """The workgroup, or the cluster."""
    place = f"{spec.region}:{spec.account_id}"
    if spec.cluster:
        return f"arn:{spec.partition}:redshift:{place}:cluster:{spec.cluster}"
    workgroup = "0f9e8d7c-6b5a-4c3d-9e2f-1a2b3c4d5e6f"
    return f"arn:{spec.partition}:redshift-serverless:{place}:workgroup/{workgroup}"


HOST: Mapping[str, Any] = {
    "host_role_arn": f"arn:aws:iam::{ACCOUNT}:role/service/Host",
    "session_table": TABLE,
    "client_secret_arn": secret("client"),
    "session_key_arn": secret("key"),
}
CHINA = "cn-north-1"
GOVERNMENT = "us-gov-west-1"
VARIANTS: Mapping[str, Spec] = {
    "as the example is": spec(),
    "these subjects alone": spec(subjects=("00u1", "auth0|62f7a")),
    "several places to load from": spec(also_readable=("other/", "third/some/path")),
    "a host that signs": spec(**HOST),
    "a table and secrets beside the bridge role": spec(**{**HOST, "host_role_arn": ""}),
    "a provisioned cluster": spec(cluster="sales"),
    "the driver": spec(query_path="driver"),
    "the driver and a cluster": spec(query_path="driver", cluster="sales"),
    "session tags": spec(propagation="session_tags", instance_arn="", identity_store_id=""),
    "session tags and a cluster": spec(
        propagation="session_tags", instance_arn="", identity_store_id="", cluster="sales"
    ),
    "GovCloud": spec(
        region=GOVERNMENT, partition="aws-us-gov", instance_arn=f"arn:aws-us-gov:sso:::instance/{INSTANCE}"
    ),
    "China": spec(
        region=CHINA,
        partition="aws-cn",
        instance_arn=f"arn:aws-cn:sso:::instance/{INSTANCE}",
        session_table=TABLE,
        client_secret_arn=secret("client", partition="aws-cn", region=CHINA),
    ),
}


@dataclass(frozen=True)
class Document:
    """A policy, and what AWS attaches it to."""

    title: str
    role: str  # whose it is, as the specification names it
    policy: Policy
    # A trust has no resources, and its principals may take the role; actors' resource is the application.
    kind: str  # "trust" | "permissions" | "actors"


def documents(spec: Spec) -> tuple[Document, ...]:
    """What is made for this specification."""
    return (*_exchange(spec), *_data(spec), *_warehouse(spec), *administrators(spec))


def administrators(spec: Spec) -> tuple[Document, ...]:
    """What whoever runs the command line needs."""
    return tuple(
        Document(f"The administrator's {name}", "", policy, "permissions")
        for name, policy in administrator(spec).items()
    )


def _exchange(spec: Spec) -> tuple[Document, ...]:
    arn = application_arn(spec)
    found = []
    if spec.propagation != "session_tags":
        found.append(Document("The application's actor policy", "", policies.actors(spec), "actors"))
        if not spec.host_role_arn:
            role = spec.bridge_role
            found.append(Document("Trust of the bridge role", role, policies.bridge_trust(spec), "trust"))
            permissions = policies.bridge_permissions(spec, application_arn=arn)
            found.append(Document("Permissions of the bridge role", role, permissions, "permissions"))
    host = policies.host_permissions(spec, application_arn=arn)
    if host["Statement"]:
        found.append(Document("Permissions of the app's host", spec.host_role_name, host, "permissions"))
    return tuple(found)


def _data(spec: Spec) -> tuple[Document, ...]:
    permissions = policies.data_permissions(spec, warehouse_arn=warehouse_arn(spec))
    return (
        Document("Trust of the data role", spec.data_role, policies.data_trust(spec), "trust"),
        Document("Permissions of the data role", spec.data_role, permissions, "permissions"),
    )


def _warehouse(spec: Spec) -> tuple[Document, ...]:
    redshift, load = spec.redshift_role, spec.load_role
    found = []
    if spec.propagation != "session_tags":
        permissions = policies.redshift_permissions(spec)
        found.append(Document("Trust of Redshift's role", redshift, policies.redshift_trust(), "trust"))
        found.append(Document("Permissions of Redshift's role", redshift, permissions, "permissions"))
    loads = policies.load_permissions(spec)
    return (
        *found,
        Document("Trust of the role that loads", load, policies.load_trust(spec), "trust"),
        Document("Permissions of the role that loads", load, loads, "permissions"),
    )
