"""A provider of our own making: keys, tokens, and its endpoints as a transport."""

import json
import time
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from pydantic import SecretStr

from app.auth.identity import UnverifiedToken, verify
from app.auth.oidc import Provider

ISSUER = "https://id.example.com"
CLIENT_ID = "rowlight-test"
CLIENT_SECRET = "client-secret-never-to-be-seen"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NONCE = "nonce-of-this-sign-in"


class FakeProvider:
    """Signs whatever it is told to, and answers as a provider's endpoints do."""

    def __init__(self):
        self.keys = {"key-1": KEY}
        self.now = time.time()
        self.metadata = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "revocation_endpoint": f"{ISSUER}/revoke",
            "end_session_endpoint": f"{ISSUER}/logout",
            "scopes_supported": ["openid", "profile", "email", "groups", "offline_access"],
        }
        self.requests = []
        self.answers = {}  # path → a response, or an exception to raise, instead of the usual

    def claims(self, **changes):
        """Claims of a token that is right, changed; None takes a claim away."""
        claims = {
            "iss": ISSUER,
            "sub": "person-1",
            "aud": CLIENT_ID,
            "iat": int(self.now),
            "exp": int(self.now) + 3600,
            "nonce": NONCE,
            "email": "frank@example.com",
            "email_verified": True,
            "name": "Frank Amer",
            "groups": ["amer-sales"],
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, kid="key-1", key=None, headers=None, **changes):
        return UnverifiedToken(
            jwt.encode(
                self.claims(**changes),
                key or self.keys["key-1"],
                algorithm="RS256",
                headers={"kid": kid, **(headers or {})},
            )
        )

    def jwks(self):
        return {
            "keys": [
                {
                    **json.loads(RSAAlgorithm.to_jwk(key.public_key())),
                    "kid": kid,
                    "use": "sig",
                    "alg": "RS256",
                }
                for kid, key in self.keys.items()
            ]
        }

    def handle(self, request):
        self.requests.append(request)
        path = request.url.path
        answer = self.answers.get(path)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self.metadata)
        if path == "/keys":
            return httpx.Response(200, json=self.jwks())
        if path == "/token":
            return httpx.Response(
                200, json={"id_token": self.token(), "refresh_token": "refresh-1", "access_token": "access-1"}
            )
        return httpx.Response(200 if path == "/revoke" else 404)

    def forms(self, path):
        return [
            {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
            for request in self.requests
            if request.url.path == path
        ]

    def count(self, path):
        return sum(request.url.path == path for request in self.requests)


class Clock:
    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def signer():
    return FakeProvider()


@pytest.fixture
def idp():
    return FakeProvider()


@pytest.fixture
def provider(idp, clock):
    return make_provider(idp, clock)


def make_provider(idp, clock, **changes):
    return Provider(
        **{
            "issuer": ISSUER,
            "client_id": CLIENT_ID,
            "client_secret": SecretStr(CLIENT_SECRET),
            "http": httpx.Client(transport=httpx.MockTransport(idp.handle)),
            "clock": clock,
            **changes,
        }
    )


@pytest.fixture
def identity(idp, provider):
    return verify(idp.token(), keys=provider, issuer=ISSUER, client_id=CLIENT_ID, nonce=NONCE)
