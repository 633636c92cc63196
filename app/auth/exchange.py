"""From an ID token to a role session that carries the person; AWS's refusals are translated here.

That takes three steps by way of IAM Identity Center and, where PROPAGATION is session_tags, one.
"""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from app import telemetry
from app.audit import Trail
from app.auth.aws import ONCE, UNSIGNED_REQUESTS, Aws, RoleCredentials
from app.auth.center import Told, told
from app.auth.identity import Identity
from app.auth.refusals import (
    CONTEXT,
    DATA_ROLE,
    TAGGED_AS_ANOTHER,
    TAGGED_ROLE,
    UNTAGGED,
    WEB_IDENTITY,
    Refusals,
)
from app.errors import ExchangeRefused
from app.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_sso_oidc import SSOOIDCClient
    from mypy_boto3_sts import STSClient

# The most that AWS gives to a role assumed from a role: each renewal costs a refresh token its use. By tags
# it could be longer; but then whoever leaves a group would keep its role for as long.
ROLE_SECONDS = 3600
CONTEXT_PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
_WEB_IDENTITY = "AssumeRoleWithWebIdentity"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_MAX_SESSION_NAME = 64


@dataclass(frozen=True)
class IdentityContext:
    """The person, sealed by IAM Identity Center for STS."""

    assertion: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    told: Told = field(default_factory=Told)


def exchange(
    identity: Identity,
    *,
    aws: Aws,
    settings: Settings,
    trail: Trail,
    refresh_token: str | None = None,
    kept: Callable[[IdentityContext], None] = lambda _: None,
) -> RoleCredentials:
    """Turns a person's ID token into credentials that carry the person.

    IAM Identity Center takes an ID token once only: with its own `refresh_token`, the ID token stays unused.
    `kept` is told what it gave in return before the last step can fail. Each step leaves an audit event,
    whatever AWS says to it.
    """
    if settings.propagation == "session_tags":
        sts = aws.client("sts", config=UNSIGNED_REQUESTS)
        return assume_tagged_role(sts, role_arn=settings.data_role_arn, identity=identity, trail=trail)
    name = session_name(identity.email)
    bridge = None
    if settings.bridge_role_arn:
        sts = aws.client("sts", config=UNSIGNED_REQUESTS)
        bridge = assume_bridge_role(
            sts, role_arn=settings.bridge_role_arn, token=identity.token, session_name=name, trail=trail
        )
    context = create_context(
        aws.client("sso-oidc", credentials=bridge, config=ONCE),
        application_arn=settings.idc_application_arn,
        token=identity.token,
        refresh_token=refresh_token,
        trail=trail,
    )
    kept(context)
    sts = aws.client("sts", credentials=bridge)
    return assume_data_role(
        sts, role_arn=settings.data_role_arn, context=context, session_name=name, trail=trail
    )


def assume_bridge_role(
    sts: "STSClient", *, role_arn: str, token: str, session_name: str, trail: Trail
) -> RoleCredentials:
    """Step 1: the ID token itself, unsigned, for the role that may do the next two steps."""
    step = _Step(_WEB_IDENTITY, trail, {"role": role_arn})
    return _with_web_identity(sts, step, WEB_IDENTITY, token=token, session_name=session_name)


def assume_tagged_role(
    sts: "STSClient", *, role_arn: str, identity: Identity, trail: Trail
) -> RoleCredentials:
    """The only step without IAM Identity Center: the ID token, whose tags STS puts into the role's session.

    Tags are the provider's to give: this call has no parameter for them. Redshift runs statements as the
    database user and with the roles that they name, so a token that names nobody, or somebody else than whom
    it is about, is not sent.
    """
    tags, name = identity.tags, session_name(identity.email)
    if not tags.user:
        raise UNTAGGED.raised()
    # The role's permissions are for a session that is called as its database user.
    if not tags.user == identity.email == name:
        raise TAGGED_AS_ANOTHER.raised()
    asked_for = {"role": role_arn, "database_user": tags.user, "database_roles": ",".join(tags.roles)}
    step = _Step(_WEB_IDENTITY, trail, asked_for)
    return _with_web_identity(sts, step, TAGGED_ROLE, token=identity.token, session_name=name)


def _with_web_identity(
    sts: "STSClient", step: "_Step", refusals: Refusals, *, token: str, session_name: str
) -> RoleCredentials:
    answer = _ask(
        step,
        refusals,
        partial(
            sts.assume_role_with_web_identity,
            RoleArn=step.asked_for["role"],
            RoleSessionName=session_name,
            WebIdentityToken=token,
            DurationSeconds=ROLE_SECONDS,
        ),
    )
    return _credentials(answer)


def create_context(
    sso_oidc: "SSOOIDCClient",
    *,
    application_arn: str,
    token: str,
    trail: Trail,
    refresh_token: str | None = None,
) -> IdentityContext:
    """Step 2: the ID token, or Identity Center's own refresh token, for a context that names the person."""
    grant, name = {"grantType": _JWT_BEARER, "assertion": token}, "id token"
    if refresh_token is not None:
        grant, name = {"grantType": "refresh_token", "refreshToken": refresh_token}, "refresh token"
    answer = _ask(
        _Step("CreateTokenWithIAM", trail, {"application": application_arn, "grant": name}),
        CONTEXT,
        partial(sso_oidc.create_token_with_iam, clientId=application_arn, **grant),
    )
    assertion = answer.get("awsAdditionalDetails", {}).get("identityContext")
    if not assertion:
        raise ExchangeRefused(
            "IAM Identity Center sent no identity context.",
            "Have your administrator check that the application of IDC_APPLICATION_ARN has the access scope "
            "sts:identity_context.",
            code="RL-314",
        )
    return IdentityContext(assertion, answer.get("refreshToken", refresh_token), told(answer))


def assume_data_role(
    sts: "STSClient", *, role_arn: str, context: IdentityContext, session_name: str, trail: Trail
) -> RoleCredentials:
    """Step 3: the context for the role that queries the warehouse as the person."""
    answer = _ask(
        _Step("AssumeRole", trail, {"role": role_arn}),
        DATA_ROLE,
        partial(
            sts.assume_role,
            RoleArn=role_arn,
            RoleSessionName=session_name,
            DurationSeconds=ROLE_SECONDS,
            ProvidedContexts=[{"ProviderArn": CONTEXT_PROVIDER, "ContextAssertion": context.assertion}],
        ),
    )
    return _credentials(answer)


def session_name(email: str) -> str:
    """The person's name in AWS's audit trail: always the same for the same person, never shared.

    Statements belong to a role session by its name, so a name that changed would lose them.
    """
    if re.fullmatch(rf"[\w+=,.@-]{{2,{_MAX_SESSION_NAME}}}", email, re.ASCII):
        return email
    digest = hashlib.sha256(email.encode()).hexdigest()[:16]
    readable = re.sub(r"[^\w+=,.@-]", "_", email, flags=re.ASCII)
    return f"{readable[: _MAX_SESSION_NAME - len(digest) - 1]}-{digest}"


def _credentials(answer: Mapping[str, Any]) -> RoleCredentials:
    keys = answer["Credentials"]
    return RoleCredentials(
        access_key_id=keys["AccessKeyId"],
        secret_access_key=keys["SecretAccessKey"],
        session_token=keys["SessionToken"],
        expires_at=keys["Expiration"],
    )


@dataclass(frozen=True)
class _Step:
    """A call as the audit trail names it."""

    name: str
    trail: Trail
    asked_for: Mapping[str, str]

    def record(self, outcome: str, *, started: float, request_id: str | None) -> None:
        milliseconds = round((time.perf_counter() - started) * 1000)
        self.trail.record(
            "exchange",
            outcome=outcome,
            step=self.name,
            **self.asked_for,
            milliseconds=milliseconds,
            request=request_id,
        )


def _ask(step: _Step, refusals: Refusals, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """AWS's answer to a step, on record; its refusal becomes an error of ours."""
    started = time.perf_counter()
    with telemetry.span(step.name, whose=step.trail):
        try:
            answer = call()
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            request_id = _request_id(error.response)
        except BotoCoreError as error:
            code, message, request_id = type(error).__name__, "", None
        else:
            step.record("ok", started=started, request_id=_request_id(answer))
            return answer
        step.record(code, started=started, request_id=request_id)
        # Out of the handlers, unchained: AWS's and botocore's messages may repeat a parameter, a token too.
        raise refusals.of(code, message)


def _request_id(answer: Mapping[str, Any]) -> str | None:
    """AWS's name for the request, by which its support and CloudTrail find it."""
    found: str | None = answer.get("ResponseMetadata", {}).get("RequestId")
    return found
