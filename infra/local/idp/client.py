"""The one client that is registered: Rowlight itself."""

import secrets
from dataclasses import dataclass, field

from authlib.oauth2.rfc6749 import ClientMixin

from infra.local.config import CLIENT_ID, Config

AUTHENTICATION_METHODS = ("client_secret_basic", "client_secret_post")
GRANT_TYPES = ("authorization_code", "refresh_token")


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc]  # Authlib is not typed
    """A confidential client of the code flow."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]

    @property
    def client_metadata(self) -> dict[str, object]:
        return {"post_logout_redirect_uris": self.post_logout_redirect_uris}

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: the redirect URI is always spelled out, and matched exactly."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        # This provider is for signing in: without openid there is nothing to hand out.
        return scope if scope and "openid" in scope.split() else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(self.client_secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's shape
        return method in AUTHENTICATION_METHODS

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in GRANT_TYPES


def rowlight(config: Config) -> Client:
    """The demonstration's client, as the configuration registers it."""
    return Client(
        client_id=CLIENT_ID,
        client_secret=config.client_secret,
        redirect_uris=config.redirect_uris,
        post_logout_redirect_uris=(
            config.app_url,
            f"{config.app_url}/",
            f"{config.app_url}/auth/signed-out",
        ),
    )
