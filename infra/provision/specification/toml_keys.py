"""The keys of rowlight.toml: what each gives of the specification, and what it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.provision.specification.access import Group, RowPolicy, Table
from infra.provision.specification.providers import PROVIDERS

TEXT, NUMBER, TRUTH = "a text", "a whole number", "true or false"
TEXTS, COLUMNS = "a list of texts", "a table of texts"


@dataclass(frozen=True)
class Key:
    """A key of the file: the field of the specification that it gives, and what it takes."""

    field: str
    expected: str
    kind: str = TEXT
    mandatory: bool = False


KEYS: Mapping[str, Key] = {
    "region": Key(
        "region", "the region of Redshift and IAM Identity Center, such as us-east-1", mandatory=True
    ),
    "application": Key(
        "application",
        "a name for all that is made, which is tagged with it: letters, digits, spaces and _+=,.@-",
        mandatory=True,
    ),
    "propagation": Key("propagation", "identity_center, or session_tags where that is not to be had"),
    "provider.kind": Key("provider", f"one of {', '.join(PROVIDERS)}", mandatory=True),
    "provider.issuer": Key(
        "issuer",
        "the provider's issuer, an https address as its tokens write it, slash by slash",
        mandatory=True,
    ),
    "provider.client_id": Key("client_id", "the client id that the provider gave this app", mandatory=True),
    "provider.client_secret_arn": Key("client_secret_arn", "the ARN of a secret in Secrets Manager"),
    "provider.subjects": Key("subjects", "the `sub` of each person whose tokens alone are taken", TEXTS),
    "app.url": Key(
        "app_url",
        "the address at which people open the app: https, or http://localhost:8501",
        mandatory=True,
    ),
    "app.host_role_arn": Key("host_role_arn", "the ARN of the role that the app's host runs under"),
    "app.session_table": Key("session_table", "a DynamoDB table's name, of 3 letters or more"),
    "app.session_key_arn": Key("session_key_arn", "the ARN of a secret in Secrets Manager"),
    "app.query_path": Key("query_path", "data-api or driver"),
    "identity_center.instance_arn": Key("instance_arn", "the ARN, arn:aws:sso:::instance/ssoins-…"),
    "identity_center.owner": Key("instance_owner", "the twelve digits of the account that has the instance"),
    "identity_center.namespace": Key("identity_namespace", "letters, digits and _+.@-, such as AWSIDC"),
    "identity_center.assignment_required": Key("assignment_required", "whether people are assigned", TRUTH),
    "identity_center.token_issuer": Key("token_issuer", "a name of letters, digits and _+=,.@-"),
    "identity_center.redshift_application": Key(
        "redshift_application", "a name of small letters, digits and single hyphens"
    ),
    "roles.bridge": Key("bridge_role", "an IAM role's name"),
    "roles.data": Key("data_role", "an IAM role's name"),
    "roles.redshift": Key("redshift_role", "an IAM role's name"),
    "roles.load": Key("load_role", "an IAM role's name"),
    "warehouse.workgroup": Key("workgroup", "the workgroup's name, of small letters, digits and hyphens"),
    "warehouse.cluster": Key("cluster", "the cluster's identifier, of small letters, digits and hyphens"),
    "warehouse.create": Key("create_warehouse", "whether it is to be made; false: it is there", TRUTH),
    "warehouse.namespace": Key("namespace", "the namespace's name, of small letters, digits and hyphens"),
    "warehouse.database": Key(
        "database", "the database's name, of small letters, digits and _", mandatory=True
    ),
    "warehouse.admin_user": Key("admin_user", "the admin's name, of small letters, digits and _"),
    "warehouse.admin_secret_arn": Key("admin_secret_arn", "the ARN of the admin's secret in Secrets Manager"),
    "warehouse.base_capacity": Key("base_capacity", "RPUs", NUMBER),
    "warehouse.max_capacity": Key("max_capacity", "RPUs", NUMBER),
    "warehouse.node_type": Key("node_type", "a type of node, such as ra3.large"),
    "warehouse.nodes": Key("nodes", "how many", NUMBER),
    "warehouse.enhanced_vpc_routing": Key("enhanced_vpc_routing", "on or off", TRUTH),
    "warehouse.kms_key_id": Key("kms_key_id", "the ARN of a key of KMS"),
    "warehouse.subnet_ids": Key("subnet_ids", "subnets of the VPC", TEXTS),
    "warehouse.security_group_ids": Key("security_group_ids", "security groups of the VPC", TEXTS),
    "warehouse.also_readable": Key("also_readable", "each as bucket/ or bucket/prefix", TEXTS),
}
WAREHOUSE = ("warehouse.workgroup", "warehouse.cluster")
# The lists of tables, with the class that each makes.
LISTS: Mapping[str, tuple[type[Any], Mapping[str, Key]]] = {
    "tables": (
        Table,
        {
            "name": Key("name", "schema.table", mandatory=True),
            "create": Key("create", "whether it is to be made", TRUTH),
            "columns": Key("columns", "each column with its type, as text", COLUMNS),
            "copy_from": Key("copy_from", "s3://bucket/prefix"),
            "copy_format": Key("copy_format", "PARQUET or CSV"),
        },
    ),
    "policies": (
        RowPolicy,
        {
            "name": Key("name", "the policy's name", mandatory=True),
            "columns": Key("columns", "each column that the condition reads with its type", COLUMNS, True),
            "using": Key("using", "the condition, one expression of SQL", mandatory=True),
            "tables": Key("tables", "the tables that it is for", TEXTS),
        },
    ),
    "groups": (
        Group,
        {
            "name": Key("name", "the group's name at the provider, letter by letter", mandatory=True),
            "tables": Key("tables", "the tables that it may read", TEXTS),
            "policies": Key("policies", "the policies that let it see rows", TEXTS),
            "all_rows": Key("all_rows", "whether it sees every row", TRUTH),
            "administers": Key("administers", "whether it sees the administrators' pages", TRUTH),
        },
    ),
}
