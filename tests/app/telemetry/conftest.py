"""A day of the app in a few minutes, as a collector gets to know it."""

import base64
import json
import os
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from app.session.dynamodb import DynamoStore
from app.session.sealing import Seal, SealedStore
from tests import collector, outside, replica, stand_in
from tests.infra.local.aws.fault_control import FaultControl
from tests.replica import Browser

KEY = os.urandom(32)
PASSWORD = "header-never-to-be-seen"
HOSTILE = "4bf92f3577b34da6a3ce929d0e0e4736"
# Soon there, so that nobody waits for it.
SOON = {
    "OTEL_BSP_SCHEDULE_DELAY": "100",
    "OTEL_BLRP_SCHEDULE_DELAY": "100",
    "OTEL_METRIC_EXPORT_INTERVAL": "500",
}


@dataclass
class Day:
    """What happened, what the collector got of it, and what it must not have got."""

    collected: collector.Collected
    app: replica.Replica
    secrets: set[str] = field(default_factory=set)
    traces: dict[str, str] = field(default_factory=dict)  # by what happened

    def sign_in(self, browser: Browser, name: str) -> None:
        """By the whole page; its secrets are noted on their way."""
        back = browser.to_provider(name)
        answer = parse_qs(urlsplit(back).query)
        self.secrets |= {*answer["code"], *answer["state"]}
        browser.http.get(back)
        self.secrets |= {value for key, value in browser.http.cookies.items() if key.startswith("rowlight")}

    def happens(self, what: str, name: str, doing, *, error: str | None = None):
        """Does something, which ends with a span of this name and error, and notes its trace."""
        before = {span.id for span in self.collected.spans}

        def new() -> list[collector.Span]:
            spans = [span for span in self.collected.spans if span.id not in before]
            return [span for span in spans if (span.name, span.error) == (name, error)]

        done = doing()
        self.collected.until(new)
        self.traces[what] = new()[-1].trace
        return done


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("telemetry")


@pytest.fixture(scope="session")
def stand(home):
    with stand_in.running(home / "stand-in") as running:
        stand_in.session_table(running.env)
        yield running


@pytest.fixture(scope="session")
def settings(stand):
    """A host that keeps its sessions in the table, so that a test with the key can look into them."""
    own = {"SESSION_KEY": base64.b64encode(KEY).decode(), "SIGN_IN": "redirect", "QUERY_TIMEOUT_SECONDS": "5"}
    return {**stand_in.host_user(stand.env), **own, "LOG_FORMAT": "json", **SOON}


@pytest.fixture(scope="session")
def day(stand, settings, home):
    """Somebody signs in, reads and leaves; others are refused in all ways that there are."""
    with collector.collecting() as collected:
        told = {f"OTEL_{signal}_EXPORTER": "otlp" for signal in ("TRACES", "METRICS", "LOGS")}
        told |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collected.endpoint,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={PASSWORD}",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
            # The SDK's own way to the log, which would send records before they are redacted.
            "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
        }
        with replica.running(stand.env, home / "app", **settings, **told) as app:
            lived = Day(
                collected, app, {PASSWORD, settings["SESSION_KEY"], settings["AWS_SECRET_ACCESS_KEY"]}
            )
            lived.secrets.add(stand.env["OIDC_CLIENT_SECRET"])
            _work(lived, stand.env, FaultControl(stand.env["AWS_ENDPOINT_URL"]))
            lived.secrets |= _kept(stand.env)
        yield lived


def _work(day: Day, env, faults) -> None:
    frank = Browser(env["APP_URL"], day.app)
    frank.http.headers["traceparent"] = f"00-{HOSTILE}-00f067aa0ba902b7-01"
    frank.http.headers["baggage"] = "person=somebody"
    frank.http.headers["User-Agent"] = "x" * 5000
    day.happens("sign-in", "sign-in session", lambda: day.sign_in(frank, "Frank Amer"))
    with frank.tab() as tab:
        day.happens("first page", "page", tab.run)
        page = day.happens("second page", "page", tab.run)
        day.happens("refresh", "page", lambda: tab.press(page, "Refresh"))
        for what, fault in _FAULTS.items():
            with faults.during(**fault, person="frank@example.com"):
                day.happens(what, "page", lambda: tab.press(page, "Refresh"))
    day.secrets |= _kept(env)
    day.happens("forged", "sign-in", lambda: frank.http.get("/auth/login"))
    frank.http.get("/auth/callback", params={"state": "forged", "code": "forged-code-of-a-stranger"})
    day.happens("sign-out", "sign-out", lambda: frank.post("/auth/sign-out"))
    ada = Browser(env["APP_URL"], day.app)
    day.sign_in(ada, "Ada Admin")
    with ada.tab() as tab:
        day.happens("denied", "page", tab.run)
    ming = Browser(env["APP_URL"], day.app)
    day.sign_in(ming, "Ming Apac")
    with faults.during("fail", "sso-oidc", code="AccessDeniedException", status=400), ming.tab() as tab:
        day.happens("refused exchange", "page", tab.run, error="RL-331")


_FAULTS = {
    "throttled": {
        "what": "throttle",
        "service": "redshift-data",
        "operation": "ExecuteStatement",
        "times": 3,
    },
    "timed out": {"what": "hang", "service": "redshift-data", "operation": "GetStatementResultV2"},
    "renewed": {"what": "expire", "service": "redshift-data"},
}


def _kept(env) -> set[str]:
    """All secrets of all sessions that there are now: tokens, nonces, keys."""
    store = DynamoStore(outside.aws(env, "dynamodb", outside.administrator(env)), stand_in.TABLE)
    found: set[str] = set()
    for _, entry in SealedStore(store, Seal((KEY,))).entries("session"):
        found |= _secrets(entry.value)
    return found


def _secrets(value: bytes) -> set[str]:
    members = json.loads(value).get("standing")
    if members is None:
        return set()
    keys = members["credentials"] or {}
    names = ("access_key_id", "secret_access_key", "session_token")
    held = [members["identity"]["token"], members["nonce"], members["refresh_token"]]
    held += [members["context_refresh_token"], *(keys.get(name) for name in names)]
    return {each for each in held if each}
