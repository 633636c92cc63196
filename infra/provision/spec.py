"""What is to be provisioned: every name, address and size."""

import re
from dataclasses import dataclass

from infra.provision.errors import SpecError

COPY_FORMATS = {
    "PARQUET": "FORMAT AS PARQUET",
    "CSV": "FORMAT AS CSV IGNOREHEADER 1 DELIMITER ',' TIMEFORMAT 'auto'",
}

# Each pattern keeps out what would end a text in SQL (quotes, semicolon) or widen a policy (*, ?, $).
_NAME = r"[\w+=,.@-]{1,64}"
_FIELDS = {
    "region": r"[a-z]{2}(-[a-z]+)+-[0-9]",
    "account_id": r"[0-9]{12}",
    "instance_arn": r"arn:aws(-[a-z]+)*:sso:::instance/(sso)?ins-[a-zA-Z0-9.-]{16}",
    "identity_store_id": r"d-[0-9a-f]{10}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "issuer": r"https?://[a-zA-Z0-9.-]+(:[0-9]{1,5})?(/[a-zA-Z0-9._~/-]*)?",
    "client_id": r"[\w+=,.@:/-]{1,255}",
    "data_bucket": r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "data_prefix": r"[a-zA-Z0-9_=.-][a-zA-Z0-9_=./-]{0,511}",
    "data_format": "|".join(COPY_FORMATS),
    "bridge_role": _NAME,
    "data_role": _NAME,
    "redshift_role": _NAME,
    "load_role": _NAME,
    "token_issuer": r"[\w+=,.@-]{1,255}",
    "application": r"[\w+=,.@ -]{1,100}",
    "redshift_application": r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
    "namespace": r"[a-z0-9-]{3,64}",
    "workgroup": r"[a-z0-9-]{3,63}",
    "database": r"[a-z][a-z0-9_]{0,63}",
    "admin_user": r"[a-z][a-z0-9_]{0,63}",
    "identity_namespace": r"[a-zA-Z0-9_+.@-]{1,127}",
    "session_table": r"([a-zA-Z0-9_.-]{3,255})?",
    "host_role_arn": rf"(arn:aws:iam::[0-9]{{12}}:role/([\w+=,.@-]+/)*{_NAME})?",
}


@dataclass(frozen=True, kw_only=True)
class Spec:
    """The trust chain and the warehouse, by name; a name that AWS or SQL could misread raises SpecError."""

    region: str
    account_id: str
    instance_arn: str
    identity_store_id: str
    issuer: str
    client_id: str
    data_bucket: str
    data_prefix: str = "sales_data/"
    data_format: str = "PARQUET"
    # Where else COPY may read, each as bucket/ or bucket/prefix.
    also_readable: tuple[str, ...] = ()
    # Who may connect to Redshift; their roles are in infra/sql.
    groups: tuple[str, ...] = ("amer-sales", "emea-sales", "apac-sales", "exec-global", "analytics-admins")
    # Whether people must also be assigned to the app's own application.
    assignment_required: bool = False
    bridge_role: str = "IDCBridgeRole"
    data_role: str = "RedshiftDataAPIClientRole"
    redshift_role: str = "RedshiftOktaRole"
    load_role: str = "RedshiftDataLoadRole"
    token_issuer: str = "rowlight-token-issuer"
    application: str = "RedshiftStreamlitDemo"
    redshift_application: str = "redshift-data-api-okta-app"
    namespace: str = "redshift-tip-enabled-namespace"
    workgroup: str = "redshift-tip-enabled"
    database: str = "dev"
    admin_user: str = "admin"
    identity_namespace: str = "AWSIDC"
    # Where several app processes share their sign-ins; empty: each keeps its own in memory.
    session_table: str = ""
    # The role that the app's host runs under, where that exchanges the tokens; empty: the bridge role does.
    host_role_arn: str = ""
    base_capacity: int = 8
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, pattern in _FIELDS.items():
            value = getattr(self, name)
            if not re.fullmatch(pattern, value, re.ASCII):
                raise SpecError(f"{name} is {value[:80]!r}: it must match {pattern}")
        if self.host_role_arn and self.host_role_arn.split(":")[4] != self.account_id:
            raise SpecError(f"host_role_arn is {self.host_role_arn[:80]!r}: it must be of {self.account_id}")
        for place in self.also_readable:
            bucket, _, prefix = place.partition("/")
            if not re.fullmatch(_FIELDS["data_bucket"], bucket, re.ASCII) or (
                prefix and not re.fullmatch(_FIELDS["data_prefix"], prefix, re.ASCII)
            ):
                raise SpecError(f"also_readable has {place[:80]!r}: it must be bucket/ or bucket/prefix")
        for group in self.groups:
            if not re.fullmatch(r"[\w+=,.@ -]{1,128}", group, re.ASCII):
                raise SpecError(
                    f"groups has {group[:80]!r}: only letters, digits, spaces and _+=,.@- are allowed"
                )

    @property
    def instance_id(self) -> str:
        return self.instance_arn.rpartition("/")[2]

    @property
    def issuer_name(self) -> str:
        """The issuer as IAM names it in ARNs and condition keys: without its scheme."""
        return self.issuer.partition("://")[2]

    @property
    def provider_arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:oidc-provider/{self.issuer_name}"

    @property
    def exchanger_arn(self) -> str:
        """The role that exchanges people's tokens and takes the data role for them."""
        return self.host_role_arn or self.role_arn(self.bridge_role)

    @property
    def host_role_name(self) -> str:
        return self.host_role_arn.rpartition("/")[2]

    @property
    def session_table_arn(self) -> str:
        return f"arn:aws:dynamodb:{self.region}:{self.account_id}:table/{self.session_table}"

    @property
    def readable(self) -> tuple[str, ...]:
        """Where COPY may read, each as bucket/prefix."""
        return (f"{self.data_bucket}/{self.data_prefix}", *self.also_readable)

    @property
    def data_location(self) -> str:
        return f"s3://{self.data_bucket}/{self.data_prefix}"

    def role_arn(self, role: str) -> str:
        """The ARN of one of the account's roles."""
        return f"arn:aws:iam::{self.account_id}:role/{role}"
