"""Everything around a session: a provider that rotates its refresh tokens, AWS, processes over one store."""

import base64
import hashlib
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from app.auth.renewal import Renewer
from app.errors import SessionExpired
from app.redshift.limiter import Limiter
from app.session.cookies import new_id
from app.session.sessions import Sessions
from app.session.store import MemoryStore
from app.session.user import World
from app.settings import Settings
from tests.app.auth.conftest import CLIENT_ID, CLIENT_SECRET, ISSUER, FakeProvider, make_provider
from tests.app.auth.fake_aws import Clock, FakeAws

SETTINGS = {
    "oidc_issuer": ISSUER,
    "oidc_client_id": CLIENT_ID,
    "oidc_client_secret": SecretStr(CLIENT_SECRET),
    "app_url": "https://app.example.com",
    "sign_in": "redirect",
    "aws_region": "us-east-1",
    "idc_application_arn": "arn:aws:sso::123456789012:application/ssoins-1/apl-1",
    "bridge_role_arn": "arn:aws:iam::123456789012:role/Bridge",
    "data_role_arn": "arn:aws:iam::123456789012:role/Data",
    "redshift_workgroup": "sales",
    "redshift_database": "dev",
}


def code(error, call, *arguments, **keywords):
    """The code by which the call is refused."""
    with pytest.raises(error) as caught:
        call(*arguments, **keywords)
    return caught.value.code


def over(sessions, session_id):
    """The code by which a session is over."""
    return code(SessionExpired, sessions.find, session_id)


def people(sessions):
    """Everybody who is signed in, in the order of the list."""
    return [listed.person for listed in sessions.listing()]


def at_once(calls):
    """What each call gives, all begun at one moment."""
    gate = threading.Barrier(len(calls))

    def wait_and_call(call):
        gate.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(wait_and_call, calls))


def exchanged_once_each(aws):
    """Whether IAM Identity Center has seen no ID token twice."""
    return len(aws.jtis) == len(set(aws.jtis))


def a_long_day(**settings):
    """A scene in which nobody is signed out for being idle: it is about credentials."""
    return Scene(session_hours=24, session_idle_minutes=1440, **settings)


def now():
    """A clock that stands still at this second: ID tokens are verified by the true time."""
    return Clock(datetime.now(UTC).replace(microsecond=0))


class RotatingProvider(FakeProvider):
    """Ends a sign-in whose refresh token comes a second time, as a provider that rotates them does."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.offline = True  # hands out refresh tokens
        self.codes = {}  # code: nonce, challenge, changed claims
        self.refresh_tokens = {}  # those that are good now: the nonce and the claims they renew
        self.given = []  # all refresh tokens ever
        self.jti = 0
        self.after = {}  # path: called once a token was refreshed there, before its answer arrives

    def grant(self, url, **claims):
        """A person agrees on the provider's page: the answer that their browser brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code-{secrets.token_hex(8)}"
        self.codes[code] = query["nonce"], query["code_challenge"], claims
        return {"code": code, "state": query["state"]}

    def handle(self, request):
        if request.url.path == "/revoke" and "/revoke" not in self.answers:
            self.refresh_tokens.pop(self._form(request)["token"], None)
        if request.url.path != "/token" or "/token" in self.answers:
            return super().handle(request)
        self.requests.append(request)
        form = self._form(request)
        if form["grant_type"] == "refresh_token":
            return self._refreshed(form["refresh_token"])
        nonce, challenge, claims = self.codes.pop(form["code"], (None, None, None))
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != challenge:
            return self._no()
        return self._tokens(nonce, claims)

    def _refreshed(self, refresh_token):
        held = self.refresh_tokens.pop(refresh_token, None)
        answer = self._tokens(*held) if held else self._no()
        self.after.pop("/token", lambda: None)()
        return answer

    @staticmethod
    def _form(request):
        return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}

    @staticmethod
    def _no():
        return httpx.Response(400, json={"error": "invalid_grant"})

    def _tokens(self, nonce, claims):
        self.jti += 1
        changes = {
            "nonce": nonce,
            "exp": int(self.clock.seconds()) + 3600,
            "jti": f"jti-{self.jti}",
            **claims,
        }
        answer = {"id_token": self.token(**changes), "access_token": "access-1"}
        if self.offline:
            answer["refresh_token"] = f"refresh-{self.jti}-{secrets.token_hex(8)}"
            self.refresh_tokens[answer["refresh_token"]] = nonce, claims
            self.given.append(answer["refresh_token"])
        return httpx.Response(200, json=answer)


class Scene:
    """One provider, one AWS, one clock, one store; as many processes as a test wants."""

    def __init__(self, clock=None, **settings):
        self.clock = clock or now()
        self.idp = RotatingProvider(self.clock)
        self.aws = FakeAws(self.clock)
        self.settings = Settings.model_construct(**{**SETTINGS, **settings})
        self.store = MemoryStore(most=1000, clock=self.clock.seconds)
        self.visitor = new_id()
        self.states, self.nonces = [], []

    def sessions(self, store=None, *, limiter=None, sleep=lambda _: time.sleep(0.001)):
        """What one process has of the sessions."""
        provider = make_provider(self.idp, lambda: 0.0)
        renewer = Renewer(aws=self.aws, provider=provider, settings=self.settings, clock=self.clock)
        own = store or self.store, renewer, limiter or Limiter()
        world = World(self.settings, self.aws, *own, clock=self.clock, sleep=sleep)
        return Sessions(world, provider)

    def begin(self, sessions, *, visitor=None, return_to="/", **claims):
        """Begins a sign-in and agrees at the provider: the answer that the browser brings."""
        url = sessions.begin(visitor=visitor or self.visitor, return_to=return_to)
        query = parse_qs(urlsplit(url).query)
        self.states += query["state"]
        self.nonces += query["nonce"]
        return self.idp.grant(url, **claims)

    def sign_in(self, sessions, *, visitor=None, replaces="", **claims):
        """A whole sign-in by the full page; returns the cookie's value."""
        visitor = visitor or self.visitor
        answer = self.begin(sessions, visitor=visitor, **claims)
        pending = sessions.claim(state=answer["state"], visitor=visitor)
        signed_in = pending.attempt.complete(answer, sessions._provider)
        return sessions.open(signed_in, replaces=replaces)

    def signed_in(self, **claims):
        """Somebody who has just come back from the provider."""
        sessions = self.sessions()
        answer = self.begin(sessions, **claims)
        pending = sessions.claim(state=answer["state"], visitor=self.visitor)
        return pending.attempt.complete(answer, sessions._provider)

    @property
    def refresh_tokens(self):
        """All refresh tokens that the provider has given."""
        return self.idp.given

    @property
    def revoked(self):
        """The refresh tokens that the provider was told to forget."""
        return [form["token"] for form in self.idp.forms("/revoke")]
