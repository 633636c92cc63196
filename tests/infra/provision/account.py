"""An account as its administrator sees it through plain boto3, without what AWS gives out anew."""

import json
import re
from collections.abc import Mapping
from typing import Any

import boto3

from tests import outside

# Numbers that AWS gives out, and times.
_GIVEN_OUT = re.compile(
    r"apl-[a-z0-9]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=-admin-)[A-Za-z0-9]{6}|A(RO|ID)A[A-Z0-9]{12,}"
)
_LEFT_OUT = (
    "ResponseMetadata",
    "CreatedDate",
    "CreateDate",
    "creationDate",
    "CreationDateTime",
    "RoleLastUsed",
)
_OBJECTS = """
    SELECT 'role ' || role_name FROM svv_roles WHERE role_name NOT LIKE 'sys:%'
    UNION ALL SELECT 'policy ' || polname || ': ' || polqual FROM svv_rls_policy
    UNION ALL SELECT 'attached ' || relschema || '.' || relname || ' ' || polname || ' ' || grantee || ' '
        || CASE WHEN is_rls_on THEN 'on ' ELSE 'off ' END || rls_conjunction_type FROM svv_rls_attached_policy
    UNION ALL SELECT 'table ' || table_schema || '.' || table_name FROM svv_tables
        WHERE table_schema IN ('public', 'rowlight')
    UNION ALL SELECT 'grant ' || namespace_name || '.' || relation_name || ' ' || privilege_type || ' '
        || identity_name FROM svv_relation_privileges WHERE identity_type = 'role'
    UNION ALL SELECT 'schema grant ' || namespace_name || ' ' || privilege_type || ' ' || identity_name
        FROM svv_schema_privileges WHERE identity_type = 'role'
    UNION ALL SELECT 'system grant ' || system_privilege || ' ' || identity_name
        FROM svv_system_privileges WHERE identity_type = 'role'
"""


def described(env: Mapping[str, str], session: boto3.Session) -> dict[str, Any]:
    """Everything that provisioning can touch, without what AWS gives out anew each time."""
    found = {
        "iam": _iam(session),
        "identity center": _identity_center(env, session),
        "redshift": _redshift(session),
        "tables": _tables(session),
        "secrets": [each["Name"] for each in session.client("secretsmanager").list_secrets()["SecretList"]],
        "warehouse": _warehouse(env, session),
    }
    text = json.dumps(found, default=str, sort_keys=True)
    names: dict[str, str] = {}
    told: dict[str, Any] = json.loads(
        _GIVEN_OUT.sub(lambda match: names.setdefault(match[0], "<given out>"), text)
    )
    return told


def _iam(session: boto3.Session) -> Any:
    iam = session.client("iam")
    roles = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    providers = [each["Arn"] for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    return {
        "roles": sorted(map(_plain, roles), key=lambda each: each["RoleName"]),
        "providers": {
            arn: _plain(iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)) for arn in providers
        },
    }


def _identity_center(env: Mapping[str, str], session: boto3.Session) -> Any:
    sso, instance = session.client("sso-admin"), env["IDC_INSTANCE_ARN"]
    issuers = sso.list_trusted_token_issuers(InstanceArn=instance)["TrustedTokenIssuers"]
    described = []
    for issuer in issuers:
        arn = issuer["TrustedTokenIssuerArn"]
        tags = sso.list_tags_for_resource(InstanceArn=instance, ResourceArn=arn)["Tags"]
        described.append([_plain(sso.describe_trusted_token_issuer(TrustedTokenIssuerArn=arn)), tags])
    applications = {}
    for application in sso.list_applications(InstanceArn=instance)["Applications"]:
        arn = application["ApplicationArn"]
        assigned = sso.list_application_assignments(ApplicationArn=arn)["ApplicationAssignments"]
        applications[application["Name"]] = {
            "application": _plain(application),
            "tags": sso.list_tags_for_resource(InstanceArn=instance, ResourceArn=arn)["Tags"],
            "grants": _sorted(sso.list_application_grants(ApplicationArn=arn)["Grants"]),
            "scopes": _sorted(sso.list_application_access_scopes(ApplicationArn=arn)["Scopes"]),
            "methods": sso.list_application_authentication_methods(ApplicationArn=arn)[
                "AuthenticationMethods"
            ],
            "required": sso.get_application_assignment_configuration(ApplicationArn=arn)[
                "AssignmentRequired"
            ],
            "assigned": len(assigned),
        }
    return {"issuers": described, "applications": applications}


def _redshift(session: boto3.Session) -> Any:
    serverless = session.client("redshift-serverless")
    namespaces, workgroups = serverless.list_namespaces(), serverless.list_workgroups()
    kept = [
        *((each, each["namespaceArn"]) for each in namespaces["namespaces"]),
        *((each, each["workgroupArn"]) for each in workgroups["workgroups"]),
    ]
    return {
        "applications": session.client("redshift").describe_redshift_idc_applications()[
            "RedshiftIdcApplications"
        ],
        "serverless": [
            [_plain(each), serverless.list_tags_for_resource(resourceArn=arn)["tags"]] for each, arn in kept
        ],
    }


def _tables(session: boto3.Session) -> Any:
    dynamodb = session.client("dynamodb")
    found = {}
    for name in dynamodb.list_tables()["TableNames"]:
        table = dynamodb.describe_table(TableName=name)["Table"]
        tags = dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
        lives = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        found[name] = [_plain(table), tags, lives]
    return found


def _warehouse(env: Mapping[str, str], session: boto3.Session) -> Any:
    serverless = session.client("redshift-serverless")
    found: dict[str, Any] = {}
    for workgroup in serverless.list_workgroups()["workgroups"]:
        namespace = serverless.get_namespace(namespaceName=workgroup["namespaceName"])["namespace"]
        where = {
            **env,
            "REDSHIFT_WORKGROUP": workgroup["workgroupName"],
            "REDSHIFT_DATABASE": namespace["dbName"],
        }
        data, secret = session.client("redshift-data"), namespace["adminPasswordSecretArn"]
        found["objects"] = sorted(outside.rows(data, where, _OBJECTS, SecretArn=secret))
        tables = [name.split()[1] for (name,) in found["objects"] if name.startswith("table ")]
        counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)
        if counts:
            found["rows"] = sorted(outside.rows(data, where, counts, SecretArn=secret))
    return found


def _plain(described: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in described.items() if name not in _LEFT_OUT}


def _sorted(found: list[Any]) -> list[Any]:
    return sorted(found, key=lambda each: json.dumps(each, sort_keys=True))
