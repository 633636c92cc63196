"""The policies that cure, each in one line for a command: exactly what the app needs."""

import json
from typing import Any

from infra.provision.doctor.chain import Chain
from infra.provision.iam.policies import ROLES_TAG, USER_TAG

_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"


def _policy(**statement: Any) -> str:
    return _document(statement)


def _document(*statements: dict[str, Any]) -> str:
    found = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": found}, separators=(",", ":"))


def federated_trust(chain: Chain) -> str:
    """Tokens of the provider for this client alone; with tags, where these carry the person."""
    provider = {"Federated": chain.provider_arn}
    condition: dict[str, Any] = {"StringEquals": {f"{chain.issuer_name}:aud": chain.client_id}}
    if not chain.session_tags:
        return _policy(Action=_WEB_IDENTITY, Principal=provider, Condition=condition)
    # A session bears its person's name: by that AWS tells one person's statements from another's.
    condition["StringEquals"]["sts:RoleSessionName"] = f"${{aws:RequestTag/{USER_TAG}}}"
    condition["StringLike"] = {f"aws:RequestTag/{USER_TAG}": "?*@?*"}
    keys = {"ForAllValues:StringEquals": {"aws:TagKeys": [USER_TAG, ROLES_TAG]}}
    return _document(
        {"Action": _WEB_IDENTITY, "Principal": provider, "Condition": condition},
        {"Action": "sts:TagSession", "Principal": provider, "Condition": keys},
    )


def data_trust(exchanger_arn: str) -> str:
    """Whoever exchanges the tokens, alone."""
    return _policy(Action=["sts:AssumeRole", "sts:SetContext"], Principal={"AWS": exchanger_arn})


def permission(action: str | list[str], resource: str) -> str:
    """One thing on one resource."""
    return _policy(Action=action, Resource=resource)


def follow() -> str:
    """One's own statements."""
    return _policy(
        Action=[f"redshift-data:{name}" for name in FOLLOW],
        Resource="*",
        Condition={"StringEquals": {OWNER: "${aws:userid}"}},
    )


OWNER = "redshift-data:statement-owner-iam-userid"
FOLLOW = ("CancelStatement", "DescribeStatement", "GetStatementResult", "ListStatements")
