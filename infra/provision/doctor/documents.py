"""The policies that cure, each in one line for a command: exactly what the app needs."""

import json
from typing import Any

from infra.provision.doctor.chain import Chain


def _policy(**statement: Any) -> str:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    return json.dumps(document, separators=(",", ":"))


def federated_trust(chain: Chain) -> str:
    """Tokens of the provider for this client alone; with tags, where these carry the person."""
    actions: Any = "sts:AssumeRoleWithWebIdentity"
    if chain.session_tags:
        actions = [actions, "sts:TagSession"]
    return _policy(
        Action=actions,
        Principal={"Federated": chain.provider_arn},
        Condition={"StringEquals": {f"{chain.issuer_name}:aud": chain.client_id}},
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
