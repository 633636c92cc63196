"""STS: role sessions from ID tokens, from other sessions, and with an identity context.

AWS lets a role's trust policy alone admit a principal of the same account that it names. The stand-in is
stricter: the caller's own policies must allow sts:AssumeRole, and sts:SetContext with a context, as well.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import Role

from infra.local.aws import session_tags
from infra.local.aws.credentials import Credentials, Session
from infra.local.aws.iam import Iam, context_of, denied, principals_of
from infra.local.aws.identity_center import CONTEXT_PROVIDER, IdentityCenter, InvalidContext, OpenedContext
from infra.local.aws.model import UNTAGGED, AwsError, Call, Caller, Federated, SessionTags
from infra.local.aws.policy import Request, decide_for_principals
from infra.local.aws.tokens import (
    IssuerUnreachable,
    TokenExpired,
    TokenRejected,
    TokenVerifier,
    audiences,
    unverified_issuer,
)
from infra.local.aws.wire import not_implemented
from infra.local.config import ACCOUNT_ID

_CHAINED_SECONDS = 3600
_DEFAULT_SECONDS = 3600
# Session policies and the like would narrow or mark a session; nothing here does that. Tags come by a token.
_NOT_IMPLEMENTED = (
    "Policy",
    "PolicyArns",
    "Tags",
    "TransitiveTagKeys",
    "SourceIdentity",
    "SerialNumber",
    "TokenCode",
    "ProviderId",
    "MinimumSessionTokenSize",
)


class Sts:
    """The Security Token Service."""

    def __init__(
        self,
        *,
        iam: Iam,
        credentials: Credentials,
        identity_center: IdentityCenter,
        tokens: TokenVerifier,
    ) -> None:
        self._iam = iam
        self._credentials = credentials
        self._identity_center = identity_center
        self._tokens = tokens
        self.operations: Mapping[str, Callable[[Call], Mapping[str, Any]]] = {
            "AssumeRole": self.assume_role,
            "AssumeRoleWithWebIdentity": self.assume_role_with_web_identity,
            "GetCallerIdentity": self.get_caller_identity,
        }

    def get_caller_identity(self, call: Call) -> Mapping[str, Any]:
        caller = _caller(call)
        return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}

    def assume_role_with_web_identity(self, call: Call) -> Mapping[str, Any]:
        asked = _parameters(call)
        federated, claims = self._federated(asked["WebIdentityToken"])
        call.noted.federated = federated
        try:
            role = self._iam.role(asked["RoleArn"])
        except LookupError:
            raise _not_authorized_to("sts:AssumeRoleWithWebIdentity") from None
        call.noted.tags = tags = session_tags.read(claims)
        keys = {**_claim_keys(federated, claims), **tags.request_context}
        named = {"sts:rolesessionname": (asked["RoleSessionName"],)}
        _check_federated(role, "sts:AssumeRoleWithWebIdentity", federated, {**keys, **named})
        if tags.values:
            _check_federated(role, "sts:TagSession", federated, keys)
        session = self._session(
            role,
            asked,
            longest=_longest(role),
            provider_arn=federated.provider_arn,
            # AWS lets it outlive its token; here ID_TOKEN_SECONDS shortens the chain, as with contexts below.
            ends_by=claims["exp"] if tags.values else math.inf,
            tags=tags,
        )
        return {
            **_session_members(role, session),
            "SubjectFromWebIdentityToken": federated.subject,
            "Provider": federated.issuer,
            "Audience": federated.audience,
        }

    def assume_role(self, call: Call) -> Mapping[str, Any]:
        asked, caller = _parameters(call), _caller(call)
        if caller.transitive_tags:
            raise not_implemented("sts", "AssumeRole by a session with transitive tags")
        contexts = asked.get("ProvidedContexts", [])
        actions = ("sts:AssumeRole", "sts:SetContext") if contexts else ("sts:AssumeRole",)
        try:
            role = self._iam.role(asked["RoleArn"])
        except LookupError:
            raise denied(caller, actions[0], asked["RoleArn"], code="AccessDenied") from None
        for action in actions:
            self._check(caller, action, role, asked)
        context = self._opened(contexts) if contexts else None
        longest = min(_longest(role), _CHAINED_SECONDS) if caller.role_name else _longest(role)
        return _session_members(role, self._session(role, asked, longest=longest, context=context))

    def _check(self, caller: Caller, action: str, role: Role, asked: Mapping[str, Any]) -> None:
        context = {**context_of(caller), "sts:rolesessionname": (asked["RoleSessionName"],)}
        if "ExternalId" in asked:
            context["sts:externalid"] = (asked["ExternalId"],)
        if "ProvidedContexts" in asked:
            context["sts:requestcontextproviders"] = tuple(
                given.get("ProviderArn", "") for given in asked["ProvidedContexts"]
            )
        request = Request(action, role.arn, context, principals_of(caller))
        own = self._iam.decide(caller, request)
        if not (decide_for_principals(_trust_policy(role), request).granted and own.granted):
            raise denied(caller, action, role.arn, code="AccessDenied", explicitly=own.denied)

    def _opened(self, contexts: list[Mapping[str, str]]) -> OpenedContext:
        if len(contexts) != 1 or set(contexts[0]) != {"ProviderArn", "ContextAssertion"}:
            raise AwsError("ValidationError", "Give one context, with its provider and its assertion.")
        if contexts[0]["ProviderArn"] != CONTEXT_PROVIDER:
            raise AwsError("ValidationError", "ProvidedContexts: the provider is not known.")
        try:
            opened = self._identity_center.open(contexts[0]["ContextAssertion"])
            self._identity_center.person(opened.user_id)
        except (InvalidContext, LookupError):
            raise AwsError(
                "InvalidContextAssertion", "The context assertion is not valid or has expired."
            ) from None
        return opened

    def _session(
        self,
        role: Role,
        asked: Mapping[str, Any],
        *,
        longest: int,
        context: OpenedContext | None = None,
        ends_by: float = math.inf,
        provider_arn: str | None = None,
        tags: SessionTags = UNTAGGED,
    ) -> Session:
        seconds = asked.get("DurationSeconds", min(_DEFAULT_SECONDS, longest))
        if seconds > longest:
            raise AwsError(
                "ValidationError",
                f"The requested DurationSeconds exceeds the {longest} seconds that this session may last: "
                "the role's MaxSessionDuration, or one hour for a role assumed by a role.",
            )
        return self._credentials.issue(
            role_arn=role.arn,
            role_id=role.id,
            session_name=asked["RoleSessionName"],
            seconds=seconds,
            # AWS lets the session outlive its context; here both end together, so that IDC_TOKEN_SECONDS
            # shortens the whole chain.
            ends_by=context.expires_at if context else ends_by,
            user_id=context.user_id if context else None,
            scopes=context.scopes if context else frozenset(),
            provider_arn=provider_arn,
            tags=tags,
        )

    def _federated(self, token: str) -> tuple[Federated, Mapping[str, Any]]:
        try:
            issuer = unverified_issuer(token)
            arn = f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{_bare(issuer)}"
            provider = self._iam.openid_providers().get(arn)
            if provider is None:
                raise AwsError(
                    "InvalidIdentityToken", "No OpenIDConnect provider found in your account for the token."
                )
            claims = self._tokens.verify(token, issuer=issuer)
        except TokenExpired as error:
            raise AwsError("ExpiredTokenException", "Token expired") from error
        except TokenRejected as error:
            raise AwsError(
                "InvalidIdentityToken", f"Couldn't validate the provided token. {error}"
            ) from error
        except IssuerUnreachable as error:
            raise AwsError("IDPCommunicationError", str(error)) from error
        audience = _audience(claims, provider.client_id_list)
        return Federated(arn, issuer, audience, str(claims["sub"])), claims


def _audience(claims: Mapping[str, Any], client_ids: list[str]) -> str:
    # With `azp`, IAM reads that as the audience; without, the token must have just one.
    found = (claims["azp"],) if "azp" in claims else audiences(claims)
    if len(found) != 1 or found[0] not in client_ids or not set(found) & set(audiences(claims)):
        raise AwsError("InvalidIdentityToken", "Incorrect token audience")
    return str(found[0])


def _claim_keys(federated: Federated, claims: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    prefix = _bare(federated.issuer).lower()
    keys: dict[str, tuple[str, ...]] = {
        f"{prefix}:aud": (federated.audience,),
        f"{prefix}:sub": (federated.subject,),
    }
    if isinstance(claims.get("email"), str):
        keys[f"{prefix}:email"] = (claims["email"],)
    methods = claims.get("amr")
    if isinstance(methods, list):
        keys[f"{prefix}:amr"] = tuple(str(method) for method in methods)
    return keys


def _bare(issuer: str) -> str:
    return issuer.partition("://")[2]


def _longest(role: Role) -> int:
    return int(role.max_session_duration or _DEFAULT_SECONDS)


def _trust_policy(role: Role) -> str:
    return str(role.assume_role_policy_document)


def _parameters(call: Call) -> Mapping[str, Any]:
    unsupported = [name for name in _NOT_IMPLEMENTED if name in call.parameters]
    if unsupported:
        raise not_implemented("sts", f"{call.operation} with {unsupported[0]}")
    return call.parameters


def _caller(call: Call) -> Caller:
    if call.caller is None:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return call.caller


def _check_federated(
    role: Role, action: str, federated: Federated, context: Mapping[str, tuple[str, ...]]
) -> None:
    """Whether the role's trust policy lets whoever sent the token do this."""
    principals = {"Federated": frozenset({federated.provider_arn})}
    request = Request(action, context=context, principals=principals)
    if not decide_for_principals(_trust_policy(role), request).granted:
        raise _not_authorized_to(action)


def _not_authorized_to(action: str) -> AwsError:
    return AwsError("AccessDenied", f"Not authorized to perform {action}", 403)


def _session_members(role: Role, session: Session) -> dict[str, Any]:
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.token,
            "Expiration": datetime.fromtimestamp(session.expires_at, UTC).replace(microsecond=0),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{session.session_name}",
            "Arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role.name}/{session.session_name}",
        },
    }
