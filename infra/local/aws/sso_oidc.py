"""IAM Identity Center's token service: an ID token of a trusted issuer becomes an identity context."""

import hashlib
import json
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from infra.local.aws.applications import (
    JWT_BEARER,
    REDSHIFT_CONNECT,
    REFRESH_TOKEN,
    Application,
    Applications,
    TokenIssuer,
)
from infra.local.aws.iam import context_of, principals_of
from infra.local.aws.identity_center import IdentityCenter
from infra.local.aws.model import Authorizer, AwsError, Call, Caller, Person
from infra.local.aws.policy import Request, decide_for_principals
from infra.local.aws.tokens import (
    LEEWAY_SECONDS,
    IssuerUnreachable,
    TokenExpired,
    TokenRejected,
    TokenVerifier,
    audiences,
    unverified_issuer,
)
from infra.local.config import ACCOUNT_ID

log = logging.getLogger(__name__)

IDENTITY_CONTEXT = "sts:identity_context"
_DEFAULT_SCOPES = ("openid", "aws", IDENTITY_CONTEXT)
_ACTION = "sso-oauth:CreateTokenWithIAM"
_REMEMBER_SECONDS = 86_400
_REFRESH_SECONDS = 8 * 3600
_ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"


@dataclass
class _Use:
    """What becomes known of a request while it is answered, for its log line; nothing of it is secret."""

    grant: str
    identifier: str = "-"  # the assertion's jti
    person: str = "nobody"

    def told(self, outcome: str) -> None:
        log.info("%s jti=%s person=%s: %s", self.grant, self.identifier, self.person, outcome)


@dataclass(frozen=True)
class _Refresh:
    user_id: str
    application_arn: str
    scopes: tuple[str, ...]
    expires_at: float


class SsoOidc:
    """The sso-oidc service, as far as IAM principals use it."""

    def __init__(
        self,
        *,
        authorize: Authorizer,
        identity_center: IdentityCenter,
        applications: Applications,
        tokens: TokenVerifier,
        seconds: int,
        clock: Callable[[], float],
    ) -> None:
        self._authorize = authorize
        self._identity_center = identity_center
        self._applications = applications
        self._tokens = tokens
        self._seconds = seconds
        self._clock = clock
        self._used: dict[tuple[str, str], float] = {}  # (issuer, jti): when to forget it
        self._refreshes: dict[bytes, _Refresh] = {}  # by the digest of the refresh token
        self._lock = threading.Lock()
        self._key = ec.generate_private_key(ec.SECP384R1())
        self.operations: Mapping[str, Callable[[Call], Mapping[str, Any]]] = {
            "CreateTokenWithIAM": self.create_token_with_iam
        }

    def create_token_with_iam(self, call: Call) -> Mapping[str, Any]:
        caller = call.caller
        if caller is None:
            raise oauth_error("AccessDeniedException")
        use = _Use(call.parameters["grantType"].rpartition(":")[2])
        try:
            members, person = self._exchanged(call.parameters, caller, use)
        except AwsError as error:
            # The description repeats nothing that was sent; the message may.
            use.told(f"refused: {error.members.get('error_description', error.code)}")
            raise
        use.told("accepted")
        call.noted.on_behalf_of = person.user_id
        return members

    def _exchanged(
        self, asked: Mapping[str, Any], caller: Caller, use: _Use
    ) -> tuple[Mapping[str, Any], Person]:
        application = self._application(asked["clientId"], caller)
        kind = asked["grantType"]
        if kind not in (JWT_BEARER, REFRESH_TOKEN):
            raise oauth_error(
                "UnsupportedGrantTypeException", "The stand-in has jwt-bearer and refresh_token."
            )
        if kind not in application.grants:
            raise oauth_error("UnauthorizedClientException", "The application has no such grant.")
        if kind == JWT_BEARER:
            person, scopes = self._by_assertion(application, asked, use)
        else:
            person, scopes = self._by_refresh_token(application, asked, use)
        return self._response(application, person, scopes, caller), person

    def _application(self, arn: str, caller: Caller) -> Application:
        self._authorize(caller, _ACTION, arn)
        try:
            application = self._applications.application(arn)
        except LookupError as error:
            raise oauth_error("InvalidClientException", "There is no such application.") from error
        if not application.enabled:
            raise oauth_error("InvalidClientException", "The application is disabled.")
        request = Request(_ACTION, arn, context_of(caller), principals_of(caller))
        policy = application.actor_policy
        # Without an authentication method no principal can authenticate as the application.
        if policy is None or not decide_for_principals(json.dumps(policy), request).granted:
            raise oauth_error("AccessDeniedException")
        return application

    def _by_assertion(
        self, application: Application, asked: Mapping[str, Any], use: _Use
    ) -> tuple[Person, tuple[str, ...]]:
        token = asked.get("assertion")
        if not token:
            raise oauth_error("InvalidRequestException", "The assertion is missing.")
        try:
            issuer, allowed = self._issuer(application, unverified_issuer(token))
            claims = self._tokens.verify(token, issuer=issuer.url)
        except TokenExpired as error:
            raise oauth_error("ExpiredTokenException", "The assertion has expired.") from error
        except (TokenRejected, IssuerUnreachable) as error:
            raise oauth_error("InvalidGrantException", str(error)) from error
        use.identifier = _shown(claims.get("jti"))
        if not set(audiences(claims)) & set(allowed):
            raise oauth_error("InvalidGrantException", "The audience is not authorized for the application.")
        person = self._person(issuer, claims)
        use.person = person.email
        self._check_assignment(application, person)
        scopes = self._scopes(application, asked.get("scope"))
        self._use_once(issuer.url, claims)
        return person, scopes

    def _issuer(self, application: Application, url: str) -> tuple[TokenIssuer, list[str]]:
        for allowed in application.grants[JWT_BEARER]["JwtBearer"].get("AuthorizedTokenIssuers", []):
            issuer = self._applications.issuers.get(allowed["TrustedTokenIssuerArn"])
            if issuer is not None and issuer.url == url:
                return issuer, allowed.get("AuthorizedAudiences", [])
        raise TokenRejected("Its issuer is not one that the application trusts.")

    def _person(self, issuer: TokenIssuer, claims: Mapping[str, Any]) -> Person:
        value: Any = claims
        for part in issuer.claim_path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not isinstance(value, str) or not value:
            raise oauth_error("InvalidGrantException", "The claim that names the user is missing.")
        try:
            return self._identity_center.match(issuer.attribute_path, value)
        except LookupError as error:
            raise oauth_error("InvalidGrantException", "No one user has the claim's value.") from error

    def _check_assignment(self, application: Application, person: Person) -> None:
        groups = self._identity_center.group_ids(person.user_id)
        principals = {("USER", person.user_id)} | {("GROUP", group) for group in groups}
        if application.assignment_required and not principals & application.assignments:
            raise oauth_error("AccessDeniedException")

    def _scopes(self, application: Application, asked: list[str] | None) -> tuple[str, ...]:
        configured = (*_DEFAULT_SCOPES, *application.scopes)
        if asked is not None and not set(asked) <= set(configured):
            raise oauth_error("InvalidScopeException", "A scope is not configured for the application.")
        return configured if asked is None else tuple(asked)

    def _use_once(self, issuer: str, claims: Mapping[str, Any]) -> None:
        identifier = claims.get("jti")
        if not isinstance(identifier, str) or not identifier:
            raise oauth_error("InvalidGrantException", "The assertion has no jti.")
        now = self._clock()
        with self._lock:
            self._used = {key: until for key, until in self._used.items() if until > now}
            if (issuer, identifier) in self._used:
                raise oauth_error("InvalidGrantException", "The assertion was used before.")
            forget_at = max(now + _REMEMBER_SECONDS, claims["exp"] + LEEWAY_SECONDS)
            self._used[issuer, identifier] = forget_at

    def _by_refresh_token(
        self, application: Application, asked: Mapping[str, Any], use: _Use
    ) -> tuple[Person, tuple[str, ...]]:
        token = asked.get("refreshToken")
        if not token:
            raise oauth_error("InvalidRequestException", "The refresh token is missing.")
        kept = self._refreshes.get(_digest(token))
        if kept is None or kept.application_arn != application.arn:
            raise oauth_error("InvalidGrantException", "The refresh token is not valid.")
        if self._clock() >= kept.expires_at:
            raise oauth_error("ExpiredTokenException", "The refresh token has expired.")
        try:
            person = self._identity_center.person(kept.user_id)
        except LookupError as error:
            raise oauth_error("AccessDeniedException") from error
        use.person = person.email
        self._check_assignment(application, person)
        scopes = self._scopes(application, asked.get("scope"))
        return person, tuple(scope for scope in scopes if scope in kept.scopes)

    def _response(
        self, application: Application, person: Person, scopes: tuple[str, ...], caller: Caller
    ) -> Mapping[str, Any]:
        members: dict[str, Any] = {
            "accessToken": secrets.token_urlsafe(96),
            "tokenType": "Bearer",
            "expiresIn": self._seconds,
            "issuedTokenType": _ACCESS_TOKEN_TYPE,
            "scope": list(scopes),
        }
        if REFRESH_TOKEN in application.grants:
            members["refreshToken"] = self._refresh_token(application, person, scopes)
        context = None
        if IDENTITY_CONTEXT in scopes:
            connects = REDSHIFT_CONNECT in scopes and self._applications.reaches_redshift(
                application.scopes.get(REDSHIFT_CONNECT, ())
            )
            context = self._identity_center.seal(
                user_id=person.user_id,
                application_arn=application.arn,
                scopes=(REDSHIFT_CONNECT,) if connects else (),
                seconds=self._seconds,
            )
            members["awsAdditionalDetails"] = {"identityContext": context}
        if "openid" in scopes:
            members["idToken"] = self._id_token(application, person, caller, context)
        return members

    def _refresh_token(self, application: Application, person: Person, scopes: tuple[str, ...]) -> str:
        token, now = secrets.token_urlsafe(96), self._clock()
        with self._lock:
            # An expired one is told so for a while.
            self._refreshes = {
                key: kept for key, kept in self._refreshes.items() if kept.expires_at + _REFRESH_SECONDS > now
            }
            self._refreshes[_digest(token)] = _Refresh(
                person.user_id, application.arn, scopes, now + _REFRESH_SECONDS
            )
        return token

    def _id_token(self, application: Application, person: Person, caller: Caller, context: str | None) -> str:
        now, center = int(self._clock()), self._identity_center
        claims = {
            "iss": f"https://identitycenter.amazonaws.com/{center.instance_id}",
            "sub": person.user_id,
            "aud": application.arn,
            "iat": now,
            "auth_time": now,
            "exp": now + self._seconds,
            "act": {"sub": caller.arn},
            "aws:instance_arn": center.instance_arn,
            "aws:instance_account": ACCOUNT_ID,
            "aws:identity_store_id": center.identity_store_id,
            "aws:identity_store_arn": center.identity_store_arn,
            # Only for the audit trail: it opens nothing.
            "sts:audit_context": secrets.token_urlsafe(96),
            **({IDENTITY_CONTEXT: context} if context else {}),
        }
        return jwt.encode(claims, self._key, algorithm="ES384", headers={"kid": center.instance_id})


# OAuth's name of each error (RFC 6749).
_OAUTH_NAMES = {
    "AccessDeniedException": "access_denied",
    "ExpiredTokenException": "expired_token",
    "InvalidClientException": "invalid_client",
    "InvalidGrantException": "invalid_grant",
    "InvalidRequestException": "invalid_request",
    "InvalidScopeException": "invalid_scope",
    "UnauthorizedClientException": "unauthorized_client",
    "UnsupportedGrantTypeException": "unsupported_grant_type",
}


def oauth_error(code: str, description: str | None = None) -> AwsError:
    """An error as OAuth has it; a refusal of access says no more than that."""
    members: dict[str, Any] = {"error": _OAUTH_NAMES[code]}
    if description is not None:
        members["error_description"] = description
    return AwsError(code, description or "Access denied", **members)


def _shown(identifier: object) -> str:
    """An identifier as a log line may have it: an issuer can choose any text."""
    return ascii(str(identifier))[1:-1][:80].replace(" ", "?") if identifier else "-"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
