"""What whoever runs `python -m infra.provision` needs in the account, and no more.

`plan` and `doctor` look, and ask the warehouse; `apply` and `destroy` change, too. Names that AWS gives by
itself end in a wildcard within the account, the region or the one instance.
"""

from collections.abc import Mapping
from typing import Any

from infra.provision.iam.policies import REDSHIFT_SERVICES, Policy, allow, policy
from infra.provision.specification.spec import SESSION_TAGS, Spec


def administrator(spec: Spec) -> Mapping[str, Policy]:
    """The policies by their names, each short enough for a managed policy."""
    return {
        "RowlightLook": _look(spec),
        "RowlightAskWarehouse": _ask(spec),
        "RowlightChangeIdentity": _change_identity(spec),
        "RowlightChangeWarehouse": _change_warehouse(spec),
    }


def _arn(spec: Spec, service: str, resource: str, *, region: str | None = None, account: str = "") -> str:
    place = spec.region if region is None else region
    return f"arn:{spec.partition}:{service}:{place}:{account or spec.account_id}:{resource}"


def _roles(spec: Spec) -> list[str]:
    """The roles that are made here."""
    names = [spec.data_role, spec.load_role]
    if spec.propagation != SESSION_TAGS:
        names += [spec.redshift_role, *([] if spec.host_role_arn else [spec.bridge_role])]
    return [spec.role_arn(name) for name in names]


def _instance(spec: Spec) -> list[str]:
    """The applications and the token issuers of the instance."""
    return [
        _arn(spec, "sso", f"application/{spec.instance_id}/*", region=""),
        _arn(spec, "sso", f"trustedTokenIssuer/{spec.instance_id}/*", region=""),
    ]


def _warehouses(spec: Spec) -> list[str]:
    if spec.cluster:
        return [_arn(spec, "redshift", f"cluster:{spec.cluster}")]
    return [_arn(spec, "redshift-serverless", f"{kind}/*") for kind in ("namespace", "workgroup")]


def _look(spec: Spec) -> Policy:
    hosts = [spec.host_role_arn] if spec.host_role_arn else []
    statements = [
        allow(
            "LookAtRoles",
            ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
            Resource=_roles(spec) + hosts,
        ),
        allow(
            "LookAtAttachedPolicies",
            ["iam:GetPolicy", "iam:GetPolicyVersion"],
            Resource=[
                _arn(spec, "iam", "policy/*", region="", account="aws"),
                _arn(spec, "iam", "policy/*", region=""),
            ],
        ),
        allow("LookAtProvider", "iam:GetOpenIDConnectProvider", Resource=spec.provider_arn),
        allow(
            "LookAtAccount",
            [
                "iam:ListOpenIDConnectProviders",
                "redshift:DescribeClusterParameterGroups",
                "redshift:DescribeClusters",
                "redshift:DescribeRedshiftIdcApplications",
                "redshift-serverless:ListNamespaces",
                "redshift-serverless:ListWorkgroups",
                "servicequotas:ListServiceQuotas",
                "sso:ListApplications",
                "sso:ListInstances",
            ],
            Resource="*",
        ),
        *_look_at_warehouse(spec),
    ]
    if spec.propagation != SESSION_TAGS:
        statements += _look_at_identity_center(spec)
    if spec.session_table:
        looks = ["DescribeTable", "DescribeTimeToLive", "ListTagsOfResource"]
        actions = [f"dynamodb:{each}" for each in looks]
        statements.append(allow("LookAtTable", actions, Resource=spec.session_table_arn))
    return policy(*statements)


def _look_at_identity_center(spec: Spec) -> list[dict[str, Any]]:
    connections = _arn(spec, "redshift", "redshiftidcapplication:*")
    store = f"arn:{spec.partition}:identitystore::{spec.instance_owner or spec.account_id}"
    return [
        allow(
            "LookAtInstance",
            ["sso:ListTagsForResource", "sso:ListTrustedTokenIssuers"],
            Resource=[spec.instance_arn, *_instance(spec)],
        ),
        allow("LookAtConnections", "redshift:DescribeTags", Resource=connections),
        allow(
            "LookAtApplications",
            [
                "sso:DescribeApplication",
                "sso:DescribeTrustedTokenIssuer",
                "sso:GetApplicationAccessScope",
                "sso:GetApplicationAssignmentConfiguration",
                "sso:GetApplicationAuthenticationMethod",
                "sso:GetApplicationGrant",
                "sso:ListApplicationAccessScopes",
                "sso:ListApplicationAssignments",
                "sso:ListApplicationGrants",
            ],
            Resource=_instance(spec),
        ),
        allow(
            "FindPeople",
            [
                "identitystore:GetGroupId",
                "identitystore:GetUserId",
                "identitystore:ListGroupMembershipsForMember",
                "identitystore:ListGroups",
            ],
            Resource=[
                f"{store}:identitystore/{spec.identity_store_id}",
                f"arn:{spec.partition}:identitystore:::user/*",
                f"arn:{spec.partition}:identitystore:::group/*",
                f"arn:{spec.partition}:identitystore:::membership/*",
            ],
        ),
    ]


def _look_at_warehouse(spec: Spec) -> list[dict[str, Any]]:
    if spec.cluster:
        groups = _arn(spec, "redshift", f"parametergroup:{spec.cluster}*")
        actions = ["DescribeClusterParameters", "DescribeTags"]
        return [
            allow(
                "LookAtCluster",
                [f"redshift:{each}" for each in actions],
                Resource=[*_warehouses(spec), groups],
            )
        ]
    actions = ["GetNamespace", "GetWorkgroup", "ListTagsForResource"]
    return [
        allow(
            "LookAtWorkgroup",
            [f"redshift-serverless:{each}" for each in actions],
            Resource=_warehouses(spec),
        )
    ]


def _ask(spec: Spec) -> Policy:
    """SQL as the warehouse's administrator: to plan is to ask the warehouse what is there."""
    own = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
    return policy(
        allow(
            "RunSqlAsAdministrator",
            ["redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement"],
            Resource=_warehouses(spec)[-1],
        ),
        allow(
            "FollowOwnStatements",
            [
                "redshift-data:CancelStatement",
                "redshift-data:DescribeStatement",
                "redshift-data:GetStatementResult",
            ],
            Resource="*",
            Condition=own,
        ),
        allow(
            "ReadAdministratorsSecret",
            "secretsmanager:GetSecretValue",
            Resource=spec.admin_secret_arn or _arn(spec, "secretsmanager", "secret:redshift!*"),
        ),
    )


def _change_identity(spec: Spec) -> Policy:
    statements = [
        allow(
            "MakeRoles",
            [
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePolicy",
                "iam:TagRole",
                "iam:UpdateAssumeRolePolicy",
            ],
            Resource=_roles(spec),
        ),
        allow(
            "HandRolesToRedshift",
            "iam:PassRole",
            Resource=[
                spec.role_arn(name)
                for name in (spec.load_role, spec.redshift_role)
                if spec.role_arn(name) in _roles(spec)
            ],
            Condition={"StringEquals": {"iam:PassedToService": REDSHIFT_SERVICES}},
        ),
    ]
    if spec.host_role_arn:
        host = ["iam:DeleteRolePolicy", "iam:PutRolePolicy"]
        statements.append(allow("GiveHostItsPolicy", host, Resource=spec.host_role_arn))
    else:
        statements.append(_make_provider(spec))
    if spec.propagation != SESSION_TAGS:
        statements += _change_identity_center(spec)
    if spec.session_table:
        changes = ["CreateTable", "DeleteTable", "TagResource", "UpdateTimeToLive"]
        actions = [f"dynamodb:{each}" for each in changes]
        statements.append(allow("MakeTable", actions, Resource=spec.session_table_arn))
    return policy(*statements)


def _make_provider(spec: Spec) -> dict[str, Any]:
    return allow(
        "MakeProvider",
        [
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:CreateOpenIDConnectProvider",
            "iam:DeleteOpenIDConnectProvider",
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            "iam:TagOpenIDConnectProvider",
            "iam:UntagOpenIDConnectProvider",
        ],
        Resource=spec.provider_arn,
    )


def _change_identity_center(spec: Spec) -> list[dict[str, Any]]:
    providers = f"arn:{spec.partition}:sso::aws:applicationProvider/*"
    return [
        allow(
            "MakeApplications",
            ["sso:CreateApplication", "sso:CreateTrustedTokenIssuer", "sso:TagResource"],
            Resource=[spec.instance_arn, providers, *_instance(spec)],
        ),
        allow(
            "ChangeApplications",
            [
                "sso:CreateApplicationAssignment",
                "sso:DeleteApplication",
                "sso:DeleteApplicationAccessScope",
                "sso:DeleteApplicationAssignment",
                "sso:DeleteApplicationGrant",
                "sso:DeleteTrustedTokenIssuer",
                "sso:PutApplicationAccessScope",
                "sso:PutApplicationAssignmentConfiguration",
                "sso:PutApplicationAuthenticationMethod",
                "sso:PutApplicationGrant",
                "sso:UpdateApplication",
                "sso:UpdateTrustedTokenIssuer",
            ],
            Resource=_instance(spec),
        ),
    ]


def _change_warehouse(spec: Spec) -> Policy:
    applications = _arn(spec, "redshift", "redshiftidcapplication:*")
    statements = []
    if spec.propagation != SESSION_TAGS:
        create, *changes = (
            f"redshift:{each}RedshiftIdcApplication" for each in ("Create", "Delete", "Modify")
        )
        statements.append(allow("ConnectIdentityCenter", create, Resource="*"))
        statements.append(allow("ChangeConnection", [*changes, *_TAGS], Resource=applications))
    statements.append(_make_cluster(spec) if spec.cluster else _make_workgroup(spec))
    return policy(*statements, *_around_the_warehouse(spec))


_TAGS = ["redshift:CreateTags", "redshift:DeleteTags"]


def _make_cluster(spec: Spec) -> dict[str, Any]:
    changes = [
        "CreateCluster",
        "CreateClusterParameterGroup",
        "DeleteCluster",
        "DeleteClusterParameterGroup",
        "ModifyCluster",
        "ModifyClusterIamRoles",
        "ModifyClusterParameterGroup",
    ]
    groups = _arn(spec, "redshift", f"parametergroup:{spec.cluster}*")
    return allow(
        "MakeCluster",
        [*(f"redshift:{each}" for each in changes), *_TAGS],
        Resource=[*_warehouses(spec), groups],
    )


def _make_workgroup(spec: Spec) -> dict[str, Any]:
    changes = [
        f"{verb}{kind}" for kind in ("Namespace", "Workgroup") for verb in ("Create", "Delete", "Update")
    ]
    actions = [f"redshift-serverless:{each}" for each in (*changes, "TagResource")]
    return allow("MakeWorkgroup", actions, Resource=_warehouses(spec))


def _around_the_warehouse(spec: Spec) -> list[dict[str, Any]]:
    """What Redshift does in the name of whoever makes a warehouse."""
    secrets = [
        "CreateSecret",
        "DeleteSecret",
        "DescribeSecret",
        "RotateSecret",
        "TagResource",
        "UpdateSecret",
    ]
    networks = ["AccountAttributes", "AvailabilityZones", "SecurityGroups", "Subnets", "Vpcs", "Addresses"]
    linked = _arn(spec, "iam", "role/aws-service-role/redshift.amazonaws.com/*", region="")
    return [
        allow(
            "KeepAdministratorsSecret",
            [f"secretsmanager:{each}" for each in secrets],
            Resource=_arn(spec, "secretsmanager", "secret:redshift!*"),
        ),
        allow("MakePassword", "secretsmanager:GetRandomPassword", Resource="*"),
        allow("FindNetwork", [f"ec2:Describe{each}" for each in networks], Resource="*"),
        allow(
            "MakeRedshiftsOwnRole",
            "iam:CreateServiceLinkedRole",
            Resource=linked,
            Condition={"StringEquals": {"iam:AWSServiceName": "redshift.amazonaws.com"}},
        ),
    ]
