"""Who trusts whom, and who may do what: each policy a pure function of the specification.

Every statement has a name (its Sid), by which policy_reasons says why it is there.
"""

from collections.abc import Mapping
from typing import Any

from infra.provision.specification.spec import DRIVER, SESSION_TAGS, Spec

Policy = dict[str, Any]

# The principal tags of PROPAGATION=session_tags, as Redshift reads them.
USER_TAG = "RedshiftDbUser"
ROLES_TAG = "RedshiftDbRoles"
# Redshift's own roles, in whichever way it reads the tag: as AWS documents it, a ":" parts two names.
_NO_SYSTEM_ROLE = ["sys:*", "*:sys:*", "Sys:*", "*:Sys:*", "SYS:*", "*:SYS:*"]
_SESSIONS = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"]
REDSHIFT_SERVICES = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]


# Without Identity Center, all sessions of a role share its Data API sessions, unless they are told apart.
_IN_OWN_SESSIONS = {
    "Condition": {"StringEqualsIfExists": {"redshift-data:session-owner-iam-userid": "${aws:userid}"}}
}
# A session without the tag would be the role's one database user for everybody.
_CALLED_AS_TAGGED = {"StringLike": {"aws:userid": f"*:${{aws:PrincipalTag/{USER_TAG}}}"}}


def policy(*statements: dict[str, Any]) -> Policy:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(name: str, action: str | list[str], **elements: Any) -> dict[str, Any]:
    """A statement that allows something, under its name."""
    return {"Sid": name, "Effect": "Allow", "Action": action, **elements}


def bridge_trust(spec: Spec) -> Policy:
    """Whoever has an ID token that the provider issued for this app, and no other of its apps."""
    return policy(_people(spec, equal={}, like={}))


def _people(spec: Spec, *, equal: Mapping[str, str], like: Mapping[str, str]) -> dict[str, Any]:
    claims: dict[str, Any] = {f"{spec.issuer_name}:aud": spec.client_id}
    if spec.subjects:
        claims[f"{spec.issuer_name}:sub"] = list(spec.subjects)
    return allow(
        "PeopleOfThisApp",
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": spec.provider_arn},
        Condition={"StringEquals": {**claims, **equal}, **({"StringLike": dict(like)} if like else {})},
    )


def bridge_permissions(spec: Spec, *, application_arn: str) -> Policy:
    """Exchange tokens at this application, and take the data role with an identity context."""
    return policy(*_exchange(spec, application_arn))


def host_permissions(spec: Spec, *, application_arn: str) -> Policy:
    """What the app's host needs: its table and its secrets, and the exchange where it signs that itself."""
    statements: list[dict[str, Any]] = []
    if spec.session_table:
        statements.append(allow("KeepSessions", _SESSIONS, Resource=spec.session_table_arn))
    if spec.host_secret_arns:
        secrets = list(spec.host_secret_arns)
        statements.append(allow("ReadSecrets", "secretsmanager:GetSecretValue", Resource=secrets))
    if spec.host_role_arn and spec.propagation != SESSION_TAGS:
        statements.extend(_exchange(spec, application_arn))
    return policy(*statements)


def _exchange(spec: Spec, application_arn: str) -> tuple[Policy, ...]:
    data_role = spec.role_arn(spec.data_role)
    return (
        allow("ExchangeTokens", "sso-oauth:CreateTokenWithIAM", Resource=application_arn),
        allow("TakeDataRole", "sts:AssumeRole", Resource=data_role),
        allow(
            "BringIdentityContext",
            "sts:SetContext",
            Resource=data_role,
            Condition={"ForAllValues:ArnEquals": {"sts:RequestContextProviders": _context_provider(spec)}},
        ),
    )


def _context_provider(spec: Spec) -> str:
    return f"arn:{spec.partition}:iam::aws:contextProvider/IdentityCenter"


def data_trust(spec: Spec) -> Policy:
    """Whoever exchanges the tokens, alone: the bridge role, or the host's own; or, by tags, the people."""
    if spec.propagation == SESSION_TAGS:
        return _tagged_trust(spec)
    return policy(
        allow("Exchanger", ["sts:AssumeRole", "sts:SetContext"], Principal={"AWS": spec.exchanger_arn})
    )


def _tagged_trust(spec: Spec) -> Policy:
    """People of this app whose token names their own e-mail address as their database user.

    The session bears the same name: by that alone AWS tells one person's statements from another's. No role
    and no administrator has such a name, each of whom may have a database user with rights of its own.
    """
    user = f"aws:RequestTag/{USER_TAG}"
    theirs = dict.fromkeys((f"{spec.issuer_name}:email", "sts:RoleSessionName"), f"${{{user}}}")
    tags = allow(
        "TagsOfThePerson",
        "sts:TagSession",
        Principal={"Federated": spec.provider_arn},
        Condition={
            "ForAllValues:StringEquals": {"aws:TagKeys": [USER_TAG, ROLES_TAG]},
            "StringNotLike": {f"aws:RequestTag/{ROLES_TAG}": _NO_SYSTEM_ROLE},
        },
    )
    return policy(_people(spec, equal=theirs, like={user: "?*@?*"}), tags)


def data_permissions(spec: Spec, *, warehouse_arn: str) -> Policy:
    """Run SQL on the one warehouse, and follow one's own statements.

    There is no GetCredentials but with session tags: else, without a context, the role reaches no database.
    """
    if spec.query_path == DRIVER:
        service = "redshift" if spec.cluster else "redshift-serverless"
        action = f"{service}:GetIdentityCenterAuthToken"
        return policy(allow("ConnectAsIdentity", action, Resource=warehouse_arn))
    tagged = spec.propagation == SESSION_TAGS
    statements = [
        allow(
            "RunStatements",
            ["redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"],
            Resource=warehouse_arn,
            **(_IN_OWN_SESSIONS if tagged else {}),
        ),
        allow(
            "FollowOwnStatements",
            [
                "redshift-data:CancelStatement",
                "redshift-data:DescribeStatement",
                "redshift-data:GetStatementResult",
                "redshift-data:ListStatements",
            ],
            Resource="*",
            Condition={"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}},
        ),
    ]
    if tagged:
        statements.append(_tagged_connection(spec, warehouse_arn))
    return policy(*statements)


def _tagged_connection(spec: Spec, warehouse_arn: str) -> dict[str, Any]:
    action, resource = "redshift-serverless:GetCredentials", warehouse_arn
    if spec.cluster:
        action = "redshift:GetClusterCredentialsWithIAM"
        resource = f"{_redshift(spec)}:dbname:{spec.cluster}/{spec.database}"
    return allow("ConnectAsTaggedUser", action, Resource=resource, Condition=_CALLED_AS_TAGGED)


def _redshift(spec: Spec) -> str:
    """What ARNs of the account's databases and database users begin with."""
    return f"arn:{spec.partition}:redshift:{spec.region}:{spec.account_id}"


def redshift_trust() -> Policy:
    """Redshift itself, which brings the identity contexts of the people along."""
    return policy(
        allow(
            "BringContextsAlong",
            ["sts:AssumeRole", "sts:SetContext"],
            Principal={"Service": REDSHIFT_SERVICES},
        )
    )


def redshift_permissions(spec: Spec) -> Policy:
    """Look up Redshift's application in IAM Identity Center."""
    applications = f"arn:{spec.partition}:sso::{spec.account_id}:application/{spec.instance_id}/*"
    return policy(
        allow(
            "LookUpIdentityCenter",
            ["sso:DescribeApplication", "sso:DescribeInstance"],
            Resource=[spec.instance_arn, applications],
        )
    )


def load_trust(spec: Spec) -> Policy:
    """Redshift itself, for COPY by the warehouse's administrator.

    Redshift sends the ARN of the database user as the external id. What stands between `dbuser:` and the user
    is documented in two ways for serverless workgroups, hence the wildcard within the account and the region.
    """
    administrator = f"{_redshift(spec)}:dbuser:*/{spec.admin_user}"
    return policy(
        allow(
            "LoadAsAdministrator",
            "sts:AssumeRole",
            Principal={"Service": REDSHIFT_SERVICES},
            Condition={"StringLike": {"sts:ExternalId": administrator}},
        )
    )


def load_permissions(spec: Spec) -> Policy:
    """Read the data's prefix of the data's bucket, and the other places that the specification names."""
    places = [place.split("/", 1) for place in spec.readable]
    buckets = f"arn:{spec.partition}:s3:::"
    listings = (
        allow(
            f"ListPlace{number}",
            "s3:ListBucket",
            Resource=f"{buckets}{bucket}",
            Condition={"StringLike": {"s3:prefix": f"{prefix}*"}},
        )
        for number, (bucket, prefix) in enumerate(places, start=1)
    )
    objects = [f"{buckets}{bucket}/{prefix}*" for bucket, prefix in places]
    return policy(allow("ReadObjects", "s3:GetObject", Resource=objects), *listings)


def actors(spec: Spec) -> Policy:
    """Who may ask the application for tokens: whoever exchanges them, and the Data API for its callers."""
    return policy(
        allow(
            "AskForTokens",
            "sso-oauth:CreateTokenWithIAM",
            Principal={"AWS": spec.exchanger_arn},
            Resource="*",
        ),
        allow(
            "DataApiForItsCallers",
            [
                "sso-oauth:CreateTokenWithIAM",
                "sso-oauth:IntrospectTokenWithIAM",
                "sso-oauth:RevokeTokenWithIAM",
            ],
            Principal={"Service": "redshift-data.amazonaws.com"},
            Resource="*",
        ),
    )


def same(one: Any, other: Any) -> bool:
    """Whether two policies say the same: AWS gives lists back in another order, and single texts as lists."""
    return bool(_canonical(one) == _canonical(other))


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _canonical(element) for name, element in value.items()}
    if isinstance(value, list):
        elements = sorted((_canonical(element) for element in value), key=repr)
        return elements[0] if len(elements) == 1 else elements
    return value
