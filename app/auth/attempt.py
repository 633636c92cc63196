"""One try at signing in, from the button to an Identity."""

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.auth.identity import Identity, verify
from app.auth.oidc import Provider, Tokens
from app.errors import SessionExpired, SignInError, SignInRefused

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

    @classmethod
    def begin(cls, provider: Provider, redirect_uri: str, *, prompt: str | None = None) -> "Attempt":
        """Makes up new secrets; raises SignInRefused when the provider cannot be reached."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        url = provider.authorization_url(
            redirect_uri=redirect_uri,
            state=state,
            nonce=nonce,
            code_challenge=_challenge(verifier),
            prompt=prompt,
        )
        return cls(state, nonce, verifier, url, redirect_uri)

    def complete(self, answer: object, provider: Provider) -> "SignedIn":
        """Turns the browser's answer into a person who is signed in, or raises SignInError.

        Anybody can write the answer: a code and the state are taken from it, and never a token.
        """
        code = self._code(answer, provider)
        tokens = provider.exchange_code(code=code, verifier=self.verifier, redirect_uri=self.redirect_uri)
        identity = verify(
            tokens.id_token,
            keys=provider,
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=self.nonce,
        )
        return SignedIn(identity, tokens, provider=provider, nonce=self.nonce)

    def _code(self, answer: object, provider: Provider) -> str:
        texts = _texts(answer)
        if not hmac.compare_digest(texts.get("state", "").encode(), self.state.encode()):
            raise SignInRefused(
                "This answer belongs to another sign-in, or to one that is over.", _AGAIN, code="RL-223"
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


class SignedIn:
    """A person's standing at the provider, for as long as they are signed in here."""

    def __init__(self, identity: Identity, tokens: Tokens, *, provider: Provider, nonce: str) -> None:
        self.identity = identity
        self._refresh_token = tokens.refresh_token
        self._provider = provider
        self._nonce = nonce
        self._lock = threading.Lock()

    def renew(self) -> Identity:
        """The same person with a new ID token; raises SessionExpired when the provider gives none."""
        with self._lock:
            if self._refresh_token is None:
                raise _run_out()
            try:
                tokens = self._provider.refresh(self._refresh_token)
            except SignInRefused as error:
                if error.code != "RL-225":
                    raise
                self._refresh_token = None
                raise _run_out() from error
            self._refresh_token = tokens.refresh_token
            self.identity = verify(
                tokens.id_token,
                keys=self._provider,
                issuer=self._provider.issuer,
                client_id=self._provider.client_id,
                nonce=self._nonce,
                renews=self.identity,
            )
            return self.identity

    def revoke(self) -> None:
        """Has the provider forget what it gave; raises SignInRefused when that is not certain."""
        with self._lock:
            refresh_token, self._refresh_token = self._refresh_token, None
        if refresh_token is not None:
            self._provider.revoke(refresh_token)


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


def _run_out() -> SessionExpired:
    return SessionExpired("Your sign-in has run out.", _AGAIN, code="RL-234")
