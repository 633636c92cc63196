"""The three steps from an ID token to identity-enhanced credentials."""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from app.audit import NOBODY
from app.auth import exchange
from app.auth.aws import ONCE, UNSIGNED_REQUESTS, Aws
from bench.report import figure, ratio, timed
from tests import outside


def measure(env: Mapping[str, str], *, runs: int) -> None:
    """Prints each step, and the whole against new clients for each call, as the article makes them."""
    aws = Aws(env["AWS_REGION"])
    tokens = [outside.sign_in(env, "Frank Amer").id_token for _ in range(2 * runs + 2)]
    _ours(aws, env, tokens.pop())
    _theirs(env, tokens.pop())
    steps, theirs = [], []
    for _ in range(runs):
        steps.append(_ours(aws, env, tokens.pop()))
        token = tokens.pop()
        theirs.append(timed(lambda token=token: _theirs(env, token)))
    names = ("AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole")
    for name, seconds in zip(names, zip(*steps, strict=True), strict=True):
        figure(f"exchange: {name}", seconds)
    whole = [sum(each) for each in steps]
    figure("exchange: all three", whole)
    ratio("exchange", whole, "a boto3 session and client for each call", theirs)


def _ours(aws: Aws, env: Mapping[str, str], token: str) -> tuple[float, float, float]:
    name = "frank@example.com"
    made: dict[str, Any] = {}

    def bridge() -> None:
        sts = aws.client("sts", config=UNSIGNED_REQUESTS)
        made["bridge"] = exchange.assume_bridge_role(
            sts, role_arn=env["BRIDGE_ROLE_ARN"], token=token, session_name=name, trail=NOBODY
        )

    def context() -> None:
        oidc = aws.client("sso-oidc", credentials=made["bridge"], config=ONCE)
        made["context"] = exchange.create_context(
            oidc, application_arn=env["IDC_APPLICATION_ARN"], token=token, trail=NOBODY
        )

    def data() -> None:
        sts = aws.client("sts", credentials=made["bridge"])
        exchange.assume_data_role(
            sts,
            role_arn=env["DATA_ROLE_ARN"],
            context=made["context"],
            session_name=name,
            trail=NOBODY,
        )

    return timed(bridge), timed(context), timed(data)


def _theirs(env: Mapping[str, str], token: str) -> None:
    """The article's way: a session and a client for each call."""
    name = "bench"
    bridge = _client(env, "sts").assume_role_with_web_identity(
        RoleArn=env["BRIDGE_ROLE_ARN"], RoleSessionName=name, WebIdentityToken=token
    )["Credentials"]
    answer = _client(env, "sso-oidc", bridge).create_token_with_iam(
        clientId=env["IDC_APPLICATION_ARN"], grantType=outside.JWT_BEARER, assertion=token
    )
    context = answer["awsAdditionalDetails"]["identityContext"]
    _client(env, "sts", bridge).assume_role(
        RoleArn=env["DATA_ROLE_ARN"],
        RoleSessionName=name,
        ProvidedContexts=[{"ProviderArn": outside.CONTEXT_PROVIDER, "ContextAssertion": context}],
    )


def _client(env: Mapping[str, str], service: str, credentials: Mapping[str, str] | None = None) -> Any:
    keys = (
        {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
        if credentials
        else {}
    )
    config = None if credentials else Config(signature_version=UNSIGNED)
    session = boto3.Session(region_name=env["AWS_REGION"], **keys)
    return session.client(service, endpoint_url=env["AWS_ENDPOINT_URL"], config=config)
