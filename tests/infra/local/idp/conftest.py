"""A client of the provider that knows no more than a browser and a relying party do."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from infra.local.config import OUTSIDE_REDIRECT_URI, Config
from infra.local.idp import create_idp

SCOPE = "openid profile email groups offline_access"


class Clock:
    """Time that stands still until a test moves it; it starts now, so that signed times are believed."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


class Forms(HTMLParser):
    """For each button of a page, what pressing it sends."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.buttons: dict[str, tuple[str, dict[str, str]]] = {}
        self._action = ""
        self._fields: dict[str, str] = {}
        self._text: str | None = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "form":
            assert values["method"] == "post"
            self._action, self._fields = values["action"], {}
        elif tag == "input":
            self._fields[values["name"]] = values["value"]
        elif tag == "button":
            self._text = ""

    def handle_data(self, data):
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag):
        if tag == "button":
            self.buttons[self._text] = (self._action, self._fields)
            self._text = None


@dataclass(frozen=True)
class Asked:
    """One authorization request, with what only its client knows."""

    parameters: dict[str, str]
    verifier: str

    def but(self, **changes):
        """The request with other parameters; None leaves one out."""
        changed = {**self.parameters, **changes}
        return Asked({name: value for name, value in changed.items() if value is not None}, self.verifier)


def asked(**changes) -> Asked:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    parameters = {
        "response_type": "code",
        "client_id": "rowlight-demo",
        "redirect_uri": OUTSIDE_REDIRECT_URI,
        "scope": SCOPE,
        "state": secrets.token_urlsafe(16),
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return Asked(parameters, verifier).but(**changes)


def parameters_of(response) -> dict[str, str]:
    """What a redirect brings to the client."""
    assert response.status_code in {302, 303}, response.text
    return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}


class Party:
    """The client's server and one browser."""

    def __init__(self, config: Config, app) -> None:
        self.config = config
        self.app = app
        self.browser = app.test_client()

    def get(self, path, **arguments):
        return self.browser.get(path, base_url=self.config.issuer, **arguments)

    def post(self, path, **arguments):
        return self.browser.post(path, base_url=self.config.issuer, **arguments)

    def authorize(self, request: Asked):
        return self.get("/authorize", query_string=request.parameters)

    def press(self, page, label: str, **changes):
        """Presses the button of that label; changes play the attacker with the form."""
        action, fields = Forms(page.text).buttons[label]
        data = {name: value for name, value in {**fields, **changes}.items() if value is not None}
        return self.post(action, data=data)

    def sign_in(self, request: Asked, name: str = "Frank Amer") -> str:
        answer = parameters_of(self.press(self.authorize(request), name))
        assert answer["state"] == request.parameters["state"]
        assert answer["iss"] == self.config.issuer
        return answer["code"]

    def server(self, path: str, data: dict[str, str], *, secret: str | None = None, post: bool = False):
        """A call of the client's server, which has no cookies."""
        secret = self.config.client_secret if secret is None else secret
        server = self.app.test_client(use_cookies=False)
        if post:
            data = {**data, "client_id": "rowlight-demo", "client_secret": secret}
            return server.post(path, base_url=self.config.issuer, data=data)
        return server.post(path, base_url=self.config.issuer, data=data, auth=("rowlight-demo", secret))

    def redeem(self, request: Asked, given: str, *, secret=None, post=False, **changes):
        data = {
            "grant_type": "authorization_code",
            "code": given,
            "redirect_uri": request.parameters["redirect_uri"],
            "code_verifier": request.verifier,
            **changes,
        }
        data = {name: value for name, value in data.items() if value is not None}
        return self.server("/token", data, secret=secret, post=post)

    def refresh(self, refresh_token: str, **data):
        return self.server("/token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **data})

    def tokens(self, name: str = "Frank Amer", **changes) -> dict[str, str]:
        request = asked(**changes)
        response = self.redeem(request, self.sign_in(request, name))
        assert response.status_code == 200, response.text
        return response.json

    def claims(self, id_token: str) -> dict[str, object]:
        """The claims of an ID token whose signature, issuer, audience and times were checked."""
        (key,) = self.get("/jwks").json["keys"]
        header = jwt.get_unverified_header(id_token)
        assert header == {"alg": "RS256", "kid": key["kid"], "typ": "JWT"}
        return jwt.decode(
            id_token,
            jwt.PyJWK(key).key,
            algorithms=["RS256"],
            audience="rowlight-demo",
            issuer=self.config.issuer,
            leeway=2,
        )

    def userinfo(self, access_token: str):
        return self.get("/userinfo", headers={"Authorization": f"Bearer {access_token}"})


@pytest.fixture
def clock():
    import time

    return Clock(time.time())


@pytest.fixture
def config():
    return Config(id_token_seconds=900)


@pytest.fixture
def party(config, clock):
    return Party(config, create_idp(config, clock=clock))
