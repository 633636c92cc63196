"""Who trusts whom, and who may do what: each policy a pure function of the specification."""

from typing import Any

from infra.provision.spec import Spec

Policy = dict[str, Any]

_SESSIONS = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"]
_REDSHIFT_SERVICES = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]


def _policy(*statements: dict[str, Any]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(action: str | list[str], **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, **elements}


def bridge_trust(spec: Spec) -> Policy:
    """Whoever has an ID token that the provider issued for this app, and no other of its apps."""
    return _policy(
        _allow(
            "sts:AssumeRoleWithWebIdentity",
            Principal={"Federated": spec.provider_arn},
            Condition={"StringEquals": {f"{spec.issuer_name}:aud": spec.client_id}},
        )
    )


def bridge_permissions(spec: Spec, *, application_arn: str) -> Policy:
    """Exchange tokens at this application, and take the data role with an identity context."""
    return _policy(*_exchange(spec, application_arn))


def host_permissions(spec: Spec, *, application_arn: str) -> Policy:
    """What the app's host needs: the one table of sessions, and the exchange where it signs that itself."""
    sessions = (_allow(_SESSIONS, Resource=spec.session_table_arn),) if spec.session_table else ()
    return _policy(*sessions, *(_exchange(spec, application_arn) if spec.host_role_arn else ()))


def _exchange(spec: Spec, application_arn: str) -> tuple[Policy, Policy]:
    return (
        _allow("sso-oauth:CreateTokenWithIAM", Resource=application_arn),
        _allow(["sts:AssumeRole", "sts:SetContext"], Resource=spec.role_arn(spec.data_role)),
    )


def data_trust(spec: Spec) -> Policy:
    """Whoever exchanges the tokens, alone: the bridge role, or the host's own."""
    return _policy(_allow(["sts:AssumeRole", "sts:SetContext"], Principal={"AWS": spec.exchanger_arn}))


def data_permissions(*, workgroup_arn: str) -> Policy:
    """Run SQL on the one workgroup, and follow one's own statements.

    There is no redshift-serverless:GetCredentials: without an identity context the role reaches no database.
    """
    return _policy(
        _allow(
            ["redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"], Resource=workgroup_arn
        ),
        _allow(
            [
                "redshift-data:CancelStatement",
                "redshift-data:DescribeStatement",
                "redshift-data:GetStatementResult",
                "redshift-data:ListStatements",
            ],
            # Statements have no ARNs: the condition narrows these to their owner.
            Resource="*",
            Condition={"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}},
        ),
    )


def redshift_trust() -> Policy:
    """Redshift itself, which brings the identity contexts of the people along."""
    return _policy(_allow(["sts:AssumeRole", "sts:SetContext"], Principal={"Service": _REDSHIFT_SERVICES}))


def redshift_permissions(spec: Spec) -> Policy:
    """Look up Redshift's application in IAM Identity Center.

    Redshift makes that application with this role, so its ARN ends in a wildcard within the one instance.
    """
    return _policy(
        _allow(
            ["sso:DescribeApplication", "sso:DescribeInstance"],
            Resource=[
                spec.instance_arn,
                f"arn:aws:sso::{spec.account_id}:application/{spec.instance_id}/*",
            ],
        )
    )


def load_trust() -> Policy:
    """Redshift itself, for COPY."""
    return _policy(_allow("sts:AssumeRole", Principal={"Service": _REDSHIFT_SERVICES}))


def load_permissions(spec: Spec) -> Policy:
    """Read the data's prefix of the data's bucket, and the other places that the specification names."""
    return _policy(*(statement for place in spec.readable for statement in _read(*place.split("/", 1))))


def _read(bucket: str, prefix: str) -> tuple[Policy, Policy]:
    arn = f"arn:aws:s3:::{bucket}"
    return (
        _allow("s3:GetObject", Resource=f"{arn}/{prefix}*"),
        _allow("s3:ListBucket", Resource=arn, Condition={"StringLike": {"s3:prefix": f"{prefix}*"}}),
    )


def actors(spec: Spec) -> Policy:
    """Who may ask the application for tokens: whoever exchanges them, and the Data API for its callers.

    The only resource that such a policy takes is "*": it means the application that carries it.
    """
    return _policy(
        _allow(
            "sso-oauth:CreateTokenWithIAM",
            Principal={"AWS": spec.exchanger_arn},
            Resource="*",
        ),
        _allow(
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
