"""OAuth 2.0 and OpenID Connect by Authlib, made as strict as the demonstration needs."""

import uuid
from typing import Any
from urllib.parse import unquote_plus

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfoEndpoint
from authlib.oidc.core.grants import OpenIDCode, OpenIDToken
from authlib.oidc.rpinitiated import EndSessionEndpoint
from joserfc.jwk import RSAKey

from infra.local.config import Config
from infra.local.idp.claims import SCOPES, person_info, session_tags
from infra.local.idp.client import AUTHENTICATION_METHODS, Client, rowlight
from infra.local.idp.store import CODE_SECONDS, AuthorizationCode, Clock, Ledger, SignIn, Token

ALGORITHM = "RS256"
USED = "used before"


def concerns(sign_in: SignIn, *, but: str = "") -> None:
    """Whom the request is about, for its line in the log, and why it is going to be refused."""
    flask.g.person, flask.g.refusal = sign_in.person.email, but


class Provider(AuthorizationServer):  # type: ignore[misc]  # Authlib is not typed
    """Authlib's server with this provider's key, client and memory."""

    def __init__(self, config: Config, *, clock: Clock) -> None:
        super().__init__()
        self.issuer = config.issuer
        self.tags_sessions = config.tags_sessions
        self.token_seconds = config.id_token_seconds
        self.clock = clock
        self.client = rowlight(config)
        self.ledger = Ledger(token_seconds=config.id_token_seconds, clock=clock)
        # The thumbprint of RFC 7638 is the key's id.
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        self.register_client_auth_method("client_secret_basic", _client_by_basic)
        self.register_grant(CodeGrant, [S256(), PlainRequest(), CodeIdToken(self)])
        self.register_grant(RefreshGrant, [RefreshIdToken(self)])
        self.register_endpoint(Revocation)
        self.register_endpoint(EndSession)
        self.register_endpoint(UserInformation(resource_protector=_bearer(self.ledger)))

    def query_client(self, client_id: str) -> Client | None:
        return self.client if client_id == self.client.client_id else None

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        """Remembers what was issued, in the family of the code that it all came from."""
        origin = request.authorization_code or request.refresh_token
        sign_in: SignIn = request.user
        self.ledger.access_tokens.put(
            token["access_token"], Token(request.client, token["scope"], sign_in, origin.family)
        )
        if "refresh_token" in token:
            # A narrower access token does not narrow what the refresh token is good for.
            self.ledger.refresh_tokens.put(
                token["refresh_token"], Token(request.client, origin.scope, sign_in, origin.family)
            )


def _client_by_basic(query_client: Any, request: Any) -> Client | None:  # noqa: ARG001 - Authlib's shape
    """The client of a Basic header; Authlib's own reader breaks on bytes that are no text."""
    # Werkzeug's reader breaks on letters beyond ASCII.
    readable = flask.request.headers.get("Authorization", "").isascii()
    header = flask.request.authorization if readable else None
    if header is None or header.type != "basic":
        return None
    client: Client | None = query_client(unquote_plus(header.username or ""))
    if client and client.check_client_secret(unquote_plus(header.password or "")):
        return client
    return None


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib is not typed
    """Codes that live a minute and are redeemed once."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTHENTICATION_METHODS

    def save_authorization_code(self, code: str, request: Any) -> None:
        parameters = request.payload.data
        self.server.ledger.codes.put(
            code,
            AuthorizationCode(
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.scope,
                sign_in=request.user,
                nonce=parameters.get("nonce"),
                code_challenge=parameters["code_challenge"],
                expires_at=self.server.clock() + CODE_SECONDS,
            ),
        )

    def query_authorization_code(self, code: str, client: Client) -> AuthorizationCode | None:
        found: AuthorizationCode | None = self.server.ledger.codes.get(code)
        if found is None or found.client_id != client.client_id:
            return None
        concerns(found.sign_in, but=USED if found.used else "")
        if found.used:
            # Somebody else holds this code too: what the first use gave must not live on.
            found.family.revoked = True
            return None
        return found if found.expires_at > self.server.clock() else None

    def authenticate_user(self, authorization_code: AuthorizationCode) -> SignIn:
        if not self.server.ledger.spend(authorization_code):
            concerns(authorization_code.sign_in, but=USED)
            raise InvalidGrantError("Invalid 'code' in request.")
        return authorization_code.sign_in

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """Keeps the spent code, so that a replay is seen for what it is."""

    def generate_token(self, *, scope: str, include_refresh_token: bool, **values: Any) -> dict[str, Any]:
        asked = include_refresh_token and "offline_access" in scope.split()
        token: dict[str, Any] = super().generate_token(scope=scope, include_refresh_token=asked, **values)
        return token


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # Authlib is not typed
    """Refresh tokens that are replaced at each use, so that a stolen one betrays itself."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTHENTICATION_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        found: Token | None = self.server.ledger.refresh_tokens.get(refresh_token)
        if found:
            concerns(found.sign_in, but=USED if found.used else "revoked" if found.is_revoked() else "")
        if found and found.used:
            found.family.revoked = True
        return None if found is None or found.is_revoked() else found

    def authenticate_user(self, refresh_token: Token) -> SignIn:
        if not self.server.ledger.spend(refresh_token):
            concerns(refresh_token.sign_in, but=USED)
            raise InvalidGrantError
        return refresh_token.sign_in

    def revoke_old_credential(self, refresh_token: Token) -> None:
        """Nothing more to do: it was spent before the new one was made."""


class S256(CodeChallenge):  # type: ignore[misc]  # Authlib is not typed
    """PKCE for every client, and by SHA-256 alone."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        parameters = grant.request.payload.data
        if not parameters.get("code_challenge") or parameters.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE is required: code_challenge with code_challenge_method=S256.")
        super().validate_code_challenge(grant, redirect_uri)


class PlainRequest:
    """Refuses what OpenID Connect lets a request ask for and the discovery document says is not here."""

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self._validate)

    def _validate(self, grant: Any, redirect_uri: str) -> None:  # noqa: ARG002 - Authlib's shape
        parameters = grant.request.payload.data
        for name in ("request", "request_uri"):
            if parameters.get(name):
                raise OAuth2Error(error=f"{name}_not_supported", description="Send plain parameters.")
        if parameters.get("response_mode", "query") != "query":
            raise InvalidRequestError("The only response_mode is query.")


class _IdToken:
    """The ID token of either grant: signed by the provider's key, and new each time."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._provider = provider

    def resolve_client_private_key(self, client: Client) -> RSAKey:  # noqa: ARG002 - Authlib's shape
        return self._provider.key

    def get_client_algorithm(self, client: Client) -> str:  # noqa: ARG002 - Authlib's shape
        return ALGORITHM

    def get_encode_header(self, client: Client) -> dict[str, str]:  # noqa: ARG002 - Authlib's shape
        return {"alg": ALGORITHM, "kid": self._provider.key.thumbprint()}

    def get_compatible_claims(self, request: Any) -> dict[str, object]:
        now = int(self._provider.clock())
        return {
            "iss": self._provider.issuer,
            "aud": request.client.client_id,
            "azp": request.client.client_id,
            "iat": now,
            "exp": now + self._provider.token_seconds,
            "auth_time": request.user.auth_time,
            # IAM Identity Center takes each ID token once and knows it by this.
            "jti": str(uuid.uuid4()),
        }

    def generate_user_info(self, user: SignIn, scope: str) -> dict[str, object]:
        tags = session_tags(user.person) if self._provider.tags_sessions else {}
        return {**person_info(user.person, scope), **tags}


class CodeIdToken(_IdToken, OpenIDCode):  # type: ignore[misc]  # Authlib is not typed
    """The ID token of a code, with the nonce that its request came with."""

    def exists_nonce(self, nonce: str, request: Any) -> bool:  # noqa: ARG002 - Authlib's shape
        """Never: a nonce is the client's to check, against its own browser session."""
        return False


class RefreshIdToken(_IdToken, OpenIDToken):  # type: ignore[misc]  # Authlib is not typed
    """The ID token of a refresh: the same sign-in, a new token, no nonce."""


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib is not typed
    """RFC 7009; a refresh token takes its whole family with it."""

    CLIENT_AUTH_METHODS = AUTHENTICATION_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:  # noqa: ARG002
        ledger: Ledger = self.server.ledger
        # A hint is a hint: RFC 7009 has the search go on where it was wrong.
        found = ledger.refresh_tokens.get(token_string) or ledger.access_tokens.get(token_string)
        if found:
            concerns(found.sign_in)
        return found

    def revoke_token(self, token: Token, request: Any) -> None:
        token.revoked = True
        if self.server.ledger.refresh_tokens.get(request.form["token"]) is token:
            token.family.revoked = True


class EndSession(EndSessionEndpoint):  # type: ignore[misc]  # Authlib is not typed
    """Checks who asks to sign out and where they may go next; the page ends the session."""

    def get_server_jwks(self) -> dict[str, object]:
        return {"keys": [self.server.key.as_dict(private=False)]}

    def get_algorithms(self) -> list[str]:
        return [ALGORITHM]

    def end_session(self, end_session_request: Any) -> None:
        """Leaves the browser's session to the page that holds it."""


class UserInformation(UserInfoEndpoint):  # type: ignore[misc]  # Authlib is not typed
    """The claims of the person behind an access token."""

    def generate_user_info(self, user: SignIn, scope: str) -> dict[str, object]:
        return person_info(user.person, scope)


class _Bearer(BearerTokenValidator):  # type: ignore[misc]  # Authlib is not typed
    def __init__(self, ledger: Ledger) -> None:
        super().__init__(realm="rowlight-demo")
        self._ledger = ledger

    def authenticate_token(self, token_string: str) -> Token | None:
        return self._ledger.access_tokens.get(token_string)


def _bearer(ledger: Ledger) -> ResourceProtector:
    protector = ResourceProtector()
    protector.register_token_validator(_Bearer(ledger))
    return protector


def settings(config: Config) -> dict[str, object]:
    """What Authlib reads from a Flask application's configuration."""
    return {
        "OAUTH2_SCOPES_SUPPORTED": SCOPES,
        "OAUTH2_REFRESH_TOKEN_GENERATOR": True,
        # Access tokens live as long as ID tokens, so that `expires_in` tells a client when to renew both.
        "OAUTH2_TOKEN_EXPIRES_IN": {
            "authorization_code": config.id_token_seconds,
            "refresh_token": config.id_token_seconds,
        },
    }
