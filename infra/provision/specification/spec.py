"""What is to be provisioned: every name, address and size."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.provision.errors import Fault, SpecError
from infra.provision.specification import access
from infra.provision.specification.access import BUCKET, COPY_FORMATS, PREFIX, SALES, Group, RowPolicy, Table
from infra.provision.specification.providers import arn_in_iam, name_in_iam

PROVIDERS = ("okta", "entra", "auth0", "keycloak", "ping", "google", "other")
DATA_API, DRIVER = QUERY_PATHS = ("data-api", "driver")
IDENTITY_CENTER, SESSION_TAGS = PROPAGATIONS = ("identity_center", "session_tags")

SECRET = r"(arn:aws[\w-]*:secretsmanager:[\w-]+:[0-9]{12}:secret:[\w/+=.@-]+)?"
# Each pattern keeps out what would end a text in SQL (quotes, semicolon) or widen a policy (*, ?, $).
_NAME = r"[\w+=,.@-]{1,64}"
PATTERNS = {
    "partition": r"aws(-[a-z]+)*",
    "region": r"[a-z]{2}(-[a-z]+)+-[0-9]",
    "account_id": r"[0-9]{12}",
    "instance_arn": r"arn:aws(-[a-z]+)*:sso:::instance/(sso)?ins-[a-zA-Z0-9.-]{16}",
    "identity_store_id": r"d-[0-9a-f]{10}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "instance_owner": r"([0-9]{12})?",
    "provider": "|".join(PROVIDERS),
    "propagation": "|".join(PROPAGATIONS),
    "issuer": r"https?://[a-zA-Z0-9.-]+(:[0-9]{1,5})?(/[a-zA-Z0-9._~/-]*)?",
    "client_id": r"[\w+=,.@:/-]{1,255}",
    "client_secret_arn": SECRET,
    "session_key_arn": SECRET,
    "query_path": "|".join(QUERY_PATHS),
    "admin_secret_arn": SECRET,
    "app_url": r"https://[a-zA-Z0-9.-]+(:[0-9]{1,5})?/?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?/?",
    "data_bucket": rf"({BUCKET})?",
    "data_prefix": PREFIX,
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
    "cluster": r"([a-z](-?[a-z0-9]){0,62})?",
    "node_type": r"[a-z0-9]{2,4}\.[a-z0-9]{1,12}",
    "database": r"[a-z][a-z0-9_]{0,63}",
    "admin_user": r"[a-z][a-z0-9_]{0,63}",
    "identity_namespace": r"[a-zA-Z0-9_+.@-]{1,127}",
    "session_table": r"([a-zA-Z0-9_.-]{3,255})?",
    "host_role_arn": rf"(arn:aws(-[a-z]+)*:iam::[0-9]{{12}}:role/([\w+=,.@-]+/)*{_NAME})?",
    "kms_key_id": r"(arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]{1,64})?",
}
# A "|" is in Auth0's subjects.
_ELEMENTS = {
    "subjects": r"[\w+=,.@:/|-]{1,255}",
    "also_readable": rf"{BUCKET}/({PREFIX})?",
    "subnet_ids": r"subnet-[0-9a-f]{8,17}",
    "security_group_ids": r"sg-[0-9a-f]{8,17}",
}
_WHOLE_NUMBERS = {"nodes": (1, 128), "base_capacity": (4, 1024), "max_capacity": (0, 5632)}
_OF_IDENTITY_CENTER = frozenset({"instance_arn", "identity_store_id"})
_TIMES_THE_BASE = 4


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    def faults(self) -> Iterator[str]: ...


@dataclass(frozen=True, kw_only=True)
class Spec:
    """The trust chain and the warehouse, by name; names that AWS or SQL could misread raise one SpecError."""

    region: str
    account_id: str
    partition: str = "aws"
    # Both are empty where the propagation is by session tags.
    instance_arn: str = ""
    identity_store_id: str = ""
    # The account that has the IAM Identity Center instance, if not this one; empty: this one.
    instance_owner: str = ""
    propagation: str = IDENTITY_CENTER
    provider: str = "okta"
    issuer: str
    client_id: str
    # The secret that holds the client's secret; empty: the app is told the secret itself.
    client_secret_arn: str = ""
    # Whose tokens alone are taken, by their `sub`; empty: each that the provider issues for this app.
    subjects: tuple[str, ...] = ()
    # The secret that holds SESSION_KEY; empty: the app is told the key itself.
    session_key_arn: str = ""
    app_url: str = "http://localhost:8501"
    # Where the sales table is loaded from, unless it says so itself; empty: it is not.
    data_bucket: str = ""
    data_prefix: str = "sales_data/"
    data_format: str = "PARQUET"
    # Where else COPY may read, each as bucket/ or bucket/prefix.
    also_readable: tuple[str, ...] = ()
    tables: tuple[Table, ...] = access.TABLES
    policies: tuple[RowPolicy, ...] = access.POLICIES
    # Who may connect to Redshift; each has a role there.
    groups: tuple[Group, ...] = access.GROUPS
    # Whether people must also be assigned to the app's own application.
    assignment_required: bool = False
    bridge_role: str = "IDCBridgeRole"
    data_role: str = "RedshiftDataAPIClientRole"
    redshift_role: str = "RedshiftOktaRole"
    load_role: str = "RedshiftDataLoadRole"
    token_issuer: str = "rowlight-token-issuer"
    application: str = "RedshiftStreamlitDemo"
    redshift_application: str = "redshift-data-api-okta-app"
    # False: the workgroup or the cluster is there already, and is only associated.
    create_warehouse: bool = True
    namespace: str = "redshift-tip-enabled-namespace"
    workgroup: str = "redshift-tip-enabled"
    base_capacity: int = 8
    # The RPUs beyond which the workgroup never grows; 0: four times the base.
    max_capacity: int = 0
    # A provisioned cluster, in the workgroup's place; empty: Redshift Serverless.
    cluster: str = ""
    node_type: str = "ra3.large"
    nodes: int = 2
    enhanced_vpc_routing: bool = True
    # Of the namespace or the cluster that is made; empty: a key of AWS's own.
    kms_key_id: str = ""
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    database: str = "dev"
    admin_user: str = "admin"
    # The secret with its password, where the warehouse is there already; empty: the one of Redshift's own.
    admin_secret_arn: str = ""
    identity_namespace: str = "AWSIDC"
    # Where several app processes share their sign-ins; empty: each keeps its own in memory.
    session_table: str = ""
    # The role that the app's host runs under, where that exchanges the tokens; empty: the bridge role does.
    host_role_arn: str = ""
    # How people's questions reach the warehouse: by the Data API, or by the driver.
    query_path: str = DATA_API

    def __post_init__(self) -> None:
        if faults := tuple(self._faults()):
            raise SpecError(*faults)

    def _faults(self) -> Iterator[Fault]:
        yield from self._unlike_their_patterns()
        yield from self._out_of_range()
        if self.host_role_arn.startswith("arn:") and self.host_role_arn.split(":")[4:5] != [self.account_id]:
            yield Fault("host_role_arn", f"is {self.host_role_arn[:80]!r}: it must be of {self.account_id}")
        for field, named in (("tables", self.tables), ("policies", self.policies), ("groups", self.groups)):
            yield from _of_each(field, named)
        yield from self._unknown_names()
        yield from self._without_effect()
        if self.propagation == SESSION_TAGS:
            yield from self._beyond_session_tags()

    def _unlike_their_patterns(self) -> Iterator[Fault]:
        for field, pattern in PATTERNS.items():
            value = getattr(self, field)
            not_there = self.propagation == SESSION_TAGS and field in _OF_IDENTITY_CENTER and not value
            if not not_there and not re.fullmatch(pattern, value, re.ASCII):
                yield Fault(field, f"is {value[:80]!r}: it must match {pattern}")
        for field, pattern in _ELEMENTS.items():
            for value in getattr(self, field):
                if not re.fullmatch(pattern, value, re.ASCII):
                    yield Fault(field, f"has {value[:80]!r}: it must match {pattern}")

    def _out_of_range(self) -> Iterator[Fault]:
        for field, (least, most) in _WHOLE_NUMBERS.items():
            if not least <= getattr(self, field) <= most:
                yield Fault(
                    field, f"is {getattr(self, field)}: it must be a whole number from {least} to {most}"
                )
        if self.max_capacity and self.max_capacity < self.base_capacity:
            yield Fault("max_capacity", f"is {self.max_capacity}, less than base_capacity")

    def _unknown_names(self) -> Iterator[Fault]:
        tables = {table.name for table in self.tables}
        policies = {policy.name for policy in self.policies}
        if SALES not in tables:
            yield Fault("tables", f"lack {SALES}, which the app's pages ask")
        for policy in self.policies:
            yield from _missing("policies", policy.name, policy.tables, tables, "table")
        for group in self.groups:
            yield from _missing("groups", group.name, group.tables, tables, "table")
            yield from _missing("groups", group.name, group.policies, policies, "policy")

    def _without_effect(self) -> Iterator[Fault]:
        """Groups that would see no row of a table that they may read, whatever it holds."""
        governed = {policy.name: policy.tables for policy in self.policies}
        for group in self.groups:
            filtered = {table for name in group.policies for table in governed.get(name, ())}
            for table in group.tables:
                if not group.all_rows and table not in filtered:
                    words = f"{group.name!r} would see no row of {table}: give it a policy, or all_rows"
                    yield Fault("groups", words)

    def _beyond_session_tags(self) -> Iterator[Fault]:
        """What the tags of an ID token cannot carry."""
        for group in self.groups:
            if not re.fullmatch(r"[\w .=+@-]{1,256}", group.name, re.ASCII):
                yield Fault(
                    "groups", f"{group.name[:80]!r} cannot be passed as a session tag: no comma there"
                )
        if self.query_path == DRIVER:
            yield Fault("query_path", "is driver: it signs in by IAM Identity Center, not by session tags")

    @property
    def instance_id(self) -> str:
        return self.instance_arn.rpartition("/")[2]

    @property
    def issuer_name(self) -> str:
        return name_in_iam(self.issuer)

    @property
    def provider_arn(self) -> str:
        return arn_in_iam(self.issuer, partition=self.partition, account_id=self.account_id)

    @property
    def exchanger_arn(self) -> str:
        """The role that exchanges people's tokens and takes the data role for them."""
        return self.host_role_arn or self.role_arn(self.bridge_role)

    @property
    def host_role_name(self) -> str:
        return self.host_role_arn.rpartition("/")[2]

    @property
    def host_secret_arns(self) -> tuple[str, ...]:
        """The secrets that the app's host reads."""
        return tuple(arn for arn in (self.client_secret_arn, self.session_key_arn) if arn)

    @property
    def session_table_arn(self) -> str:
        return f"arn:{self.partition}:dynamodb:{self.region}:{self.account_id}:table/{self.session_table}"

    @property
    def readable(self) -> tuple[str, ...]:
        """Where COPY may read, each as bucket/prefix; nowhere, where nothing is loaded."""
        loaded = (location.removeprefix("s3://") for location, _ in self.loads.values())
        return tuple(dict.fromkeys((*loaded, *self.also_readable)))

    @property
    def loads(self) -> dict[str, tuple[str, str]]:
        """The tables that are loaded, each from where and in which format."""
        found = {}
        for table in self.tables:
            if table.copy_from:
                found[table.name] = (table.copy_from, table.copy_format)
            elif table.name == SALES and table.create and self.data_bucket:
                found[table.name] = (f"s3://{self.data_bucket}/{self.data_prefix}", self.data_format)
        return found

    @property
    def most_capacity(self) -> int:
        """The RPUs beyond which the workgroup never grows."""
        return self.max_capacity or _TIMES_THE_BASE * self.base_capacity

    @property
    def target(self) -> dict[str, str]:
        """The warehouse, as the Data API's parameters name it."""
        return {"ClusterIdentifier": self.cluster} if self.cluster else {"WorkgroupName": self.workgroup}

    @property
    def group_names(self) -> tuple[str, ...]:
        return tuple(group.name for group in self.groups)

    def role_of(self, group: str) -> str:
        """The group's role in the warehouse; with session tags, which divide roles by ":", without one."""
        return group if self.propagation == SESSION_TAGS else f"{self.identity_namespace}:{group}"

    def role_arn(self, role: str) -> str:
        """The ARN of one of the account's roles."""
        return f"arn:{self.partition}:iam::{self.account_id}:role/{role}"


def _of_each(field: str, named: Sequence[_Named]) -> Iterator[Fault]:
    """The faults of each by itself, and names that stand twice."""
    for each in named:
        yield from (Fault(field, f"{each.name[:80]!r} {words}") for words in each.faults())
    names = [each.name for each in named]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Fault(field, f"{name[:80]!r} stands there twice")


def _missing(field: str, name: str, wanted: Sequence[str], known: set[str], kind: str) -> Iterator[Fault]:
    for each in wanted:
        if each not in known:
            yield Fault(field, f"{name[:80]!r} names the {kind} {each[:80]!r}, which is not described")
