"""One try at signing in, from the button to an Identity."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from app import telemetry
from app.auth.identity import Identity, verify
from app.auth.oidc import Provider
from app.errors import SignInError, SignInRefused

# Azure's codes are about 1,500 characters, the longest known.
_MAX_LENGTH = 4096
_AGAIN = "Sign in again."
_DENIED = {"access_denied", "consent_required", "login_required", "interaction_required"}


@dataclass(frozen=True)
class Attempt:
    """The secrets of one try: made here, kept here, used once."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    url: str = field(repr=False)  # where the browser goes
    redirect_uri: str
    trace: str = ""  # where telemetry goes on

    @classmethod
    def begin(cls, provider: Provider, redirect_uri: str, *, prompt: str | None = None) -> "Attempt":
        """Makes up new secrets; raises SignInRefused when the provider cannot be reached."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with telemetry.span("sign-in"):
            url = provider.authorization_url(
                redirect_uri=redirect_uri,
                state=state,
                nonce=nonce,
                code_challenge=_challenge(verifier),
                prompt=prompt,
            )
            return cls(state, nonce, verifier, url, redirect_uri, telemetry.here())

    def complete(self, answer: object, provider: Provider) -> "SignedIn":
        """Turns the browser's answer into a person who is signed in, or raises SignInError.

        Anybody can write the answer: a code and the state are taken from it, and never a token.
        """
        with telemetry.span("sign-in answer", parent=self.trace):
            code = self._code(answer, provider)
            with telemetry.span("redeem"):
                tokens = provider.exchange_code(
                    code=code, verifier=self.verifier, redirect_uri=self.redirect_uri
                )
            with telemetry.span("verify"):
                identity = verify(
                    tokens.id_token,
                    keys=provider,
                    issuer=provider.issuer,
                    client_id=provider.client_id,
                    nonce=self.nonce,
                    email_verified=provider.email_verified,
                )
            return SignedIn(identity, self.nonce, tokens.refresh_token, telemetry.here())

    def _code(self, answer: object, provider: Provider) -> str:
        texts = _texts(answer)
        if not hmac.compare_digest(texts.get("state", "").encode(), self.state.encode()):
            raise SignInRefused(
                "This sign-in was finished already, or began in another tab.", _AGAIN, code="RL-223"
            )
        if "error" in texts:
            raise _declined(texts["error"])
        # RFC 9207: an answer that another provider gave must not reach this one's token endpoint.
        issuer = texts.get("iss", "" if provider.metadata().names_itself else provider.issuer)
        if issuer != provider.issuer:
            raise SignInRefused("The answer comes from another identity provider.", _AGAIN, code="RL-224")
        if not texts.get("code"):
            raise SignInRefused("The identity provider's answer holds no code.", _AGAIN, code="RL-224")
        return texts["code"]


@dataclass(frozen=True)
class SignedIn:
    """A person who has just signed in, and what the provider gave for later."""

    identity: Identity
    nonce: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    trace: str = ""  # where telemetry goes on


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _texts(answer: object) -> Mapping[str, str]:
    """The short texts of what should be a JSON object; anything else is dropped."""
    if not isinstance(answer, dict):
        return {}
    return {
        name: value
        for name, value in answer.items()
        if isinstance(value, str) and len(value) <= _MAX_LENGTH and value.isascii()
    }


def _declined(error: str) -> SignInError:
    if error in _DENIED:
        return SignInRefused(
            "You were not signed in: it was declined at the identity provider.",
            "Sign in again when you are ready. If you did not decline, ask your administrator for access.",
            code="RL-221",
        )
    return SignInRefused(
        "The identity provider did not sign you in.",
        "Sign in again. If it happens again, give the code below to your administrator.",
        code="RL-222",
    )
