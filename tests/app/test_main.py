"""The script in each of its states, with the views and the session's world replaced."""

import logging
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from app import main, session
from app.auth import sign_in
from app.auth.aws import Aws
from app.errors import (
    InvalidToken,
    NotAssigned,
    QueryFailed,
    SessionExpired,
    SettingsError,
    SignInRefused,
    WarehouseBusy,
)
from app.session import Services, UserSession, Visit
from app.views import View
from tests.app.auth.conftest import FakeProvider, make_provider

SCRIPT = Path(main.__file__)
APP_URL = "https://app.example.com"
EVIL_NAME = "<img src=x onerror=alert(1)> [click](https://evil.example.com) **bold**"


class Warehouse:
    cancelled = 0

    def cancel(self):
        self.cancelled += 1


class Person:
    def __init__(self, name="Frank Amer"):
        self.identity = SimpleNamespace(name=name, email="frank@example.com", groups=("amer-sales",))
        self.revoked = 0

    def revoke(self):
        self.revoked += 1


class MovesToAnotherTab:
    """The tab that opened the session at first, another one from then on."""

    asked = 0

    def __call__(self):
        self.asked += 1
        return "tab" if self.asked == 1 else "another tab"


@pytest.fixture
def idp():
    return FakeProvider()


@pytest.fixture
def shared(idp):
    settings = SimpleNamespace(app_url=APP_URL, redirect_uri=f"{APP_URL}/component/x/index.html")
    return Services(settings, make_provider(idp, lambda: 0.0), Aws("us-east-1"))


@pytest.fixture
def visit(monkeypatch, shared):
    """This tab's visit, which the test holds too; nobody is signed in."""
    visit = Visit()
    monkeypatch.setattr(session, "services", lambda: shared)
    monkeypatch.setattr(session, "visit", lambda: visit)
    monkeypatch.setattr(session, "current_tab", lambda: "tab")
    return visit


def signed_in(visit, name="Frank Amer", **changes):
    lasts = {"lasts": timedelta(hours=8), "idle": timedelta(minutes=30), "tab": lambda: "tab", **changes}
    person = Person(name)
    visit.user = UserSession(person, Warehouse(), **lasts)
    return person


def run(monkeypatch, *renders):
    views = tuple(View(f"View {i}", f"view-{i}", render) for i, render in enumerate(renders))
    monkeypatch.setattr("app.views.VIEWS", views or (View("Empty", "empty", lambda _warehouse, _name: None),))
    page = AppTest.from_file(str(SCRIPT), default_timeout=10).run()
    assert not page.exception
    return page


def text(page):
    """All that is on the page, and in the sidebar."""
    elements = [element for block in (page.main, page.sidebar) for element in block]
    return "\n".join(str(getattr(element, "value", "") or element.proto) for element in elements)


def buttons(page):
    return sorted(button.label for button in page.button)


def press(page, label):
    next(button for button in page.button if button.label == label).click()
    page.run()
    assert not page.exception
    return page


def raising(error):
    def render(warehouse, name):
        raise error

    return render


def test_wrong_settings_are_told_and_nothing_else(monkeypatch):
    def broken():
        raise SettingsError("Rowlight is not set up.\n\n- OIDC_ISSUER is not set.", "Set them.")

    monkeypatch.setattr(session, "services", broken)
    page = run(monkeypatch)
    assert "OIDC_ISSUER is not set." in text(page)
    assert "Code RL-100 · Reference " in text(page)
    assert buttons(page) == []


def test_an_address_that_is_an_example_is_no_link(monkeypatch):
    def broken():
        raise SettingsError(
            "Not set up.\n\n- A. Such as https://example.okta.com.", "Set http://localhost:8501, then."
        )

    monkeypatch.setattr(session, "services", broken)
    shown = text(run(monkeypatch))
    assert "`https://example.okta.com`." in shown
    assert "`http://localhost:8501`, then." in shown


def test_nobody_sees_a_view_without_signing_in(monkeypatch, visit):
    rendered = []
    page = run(monkeypatch, lambda *_: rendered.append(1))
    assert rendered == []
    assert page.title[0].value == "Rowlight"
    assert len(page.main.get("component_instance")) == 1
    assert "Sign out" not in buttons(page)


def test_the_button_leads_to_the_attempts_own_address_and_reruns_keep_it(monkeypatch, visit, shared):
    page = run(monkeypatch)
    before = page.main.get("component_instance")[0].proto.json_args
    assert visit.attempt(shared).state in before
    assert page.run().main.get("component_instance")[0].proto.json_args == before


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "access_denied"}, "RL-221"),
        ({"error": "server_error"}, "RL-222"),
        ({"code": "c", "state": "forged"}, "RL-223"),
        ({"token": {"id_token": "forged"}}, "RL-223"),
        ({"code": "c"}, "RL-216"),
    ],
)
def test_a_sign_in_that_fails_says_why_and_offers_the_button_again(monkeypatch, visit, idp, answer, code):
    attempt = visit.attempt(session.services())
    long_ago = idp.token(nonce=attempt.nonce, iat=int(idp.now) - 7200, exp=int(idp.now) - 3600)
    idp.answers["/token"] = httpx.Response(200, json={"id_token": long_ago})
    if answer.get("state") is None and "token" not in answer:
        answer = {**answer, "state": attempt.state}
    answers = [answer]
    original = sign_in.show
    monkeypatch.setattr(
        sign_in, "show", lambda *a, **k: (original(*a, **k), answers.pop() if answers else None)[1]
    )
    page = run(monkeypatch)
    assert f"Code {code}" in page.warning[0].value
    assert len(page.main.get("component_instance")) == 1
    assert visit.user is None


def test_a_good_answer_opens_the_page(monkeypatch, visit, shared, idp):
    shared.settings.__dict__.update(
        session_hours=8,
        session_idle_minutes=30,
        redshift_target={"WorkgroupName": "sales"},
        redshift_database="dev",
        query_timeout_seconds=5,
        max_rows=10,
        bridge_role_arn="",
    )
    attempt = visit.attempt(shared)
    token = idp.token(nonce=attempt.nonce)
    idp.answers["/token"] = httpx.Response(200, json={"id_token": token})
    monkeypatch.setattr(sign_in, "show", lambda *_, **__: {"code": "c", "state": attempt.state})
    names = []
    page = run(monkeypatch, lambda _, name: names.append(name))
    assert set(names) == {"Frank Amer"}
    assert "Sign out" in buttons(page)
    assert token not in text(page)


def test_a_provider_that_cannot_be_reached_is_told_with_a_way_out(monkeypatch, visit, idp):
    idp.answers["/.well-known/openid-configuration"] = httpx.ConnectError("no")
    page = run(monkeypatch)
    assert page.title[0].value == "Rowlight"
    assert "id.example.com cannot be reached" in text(page)
    assert "Code RL-227" in text(page)
    del idp.answers["/.well-known/openid-configuration"]
    assert press(page, "Try again").title[0].value == "Rowlight"


def test_at_another_address_the_button_gives_way_to_a_link(monkeypatch, visit):
    monkeypatch.setattr(sign_in.st, "context", SimpleNamespace(url="http://127.0.0.1:8501/"))
    page = run(monkeypatch)
    assert len(page.main.get("component_instance")) == 0
    assert page.main.get("link_button")[0].proto.url == APP_URL


def test_somebody_who_is_signed_in_sees_who_they_are_and_the_view(monkeypatch, visit):
    signed_in(visit)
    seen = []
    page = run(monkeypatch, lambda warehouse, name: seen.append((warehouse, name)))
    assert seen == [(visit.user.warehouse, "Frank Amer")]
    shown = text(page)
    assert "Frank Amer" in shown
    assert "frank@example.com" in shown
    assert "amer-sales" in shown
    assert buttons(page) == ["Sign out"]


def test_a_name_is_text_whatever_it_holds(monkeypatch, visit):
    signed_in(visit, EVIL_NAME)
    shown = text(run(monkeypatch))
    assert "<img" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown


def test_signing_out_ends_everything(monkeypatch, visit):
    person = signed_in(visit)
    warehouse = visit.user.warehouse
    rendered = []
    page = run(monkeypatch, lambda *_: rendered.append(1))
    press(page, "Sign out")
    assert (person.revoked, warehouse.cancelled) == (1, 1)
    assert rendered == [1]
    assert page.title[0].value == "Rowlight"
    assert "Sign out of id.example.com too" in text(page)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lasts": timedelta(0)}, "RL-231"),
        ({"idle": timedelta(0)}, "RL-232"),
        ({"tab": MovesToAnotherTab()}, "RL-233"),
    ],
)
def test_a_session_that_is_over_leads_to_the_sign_in_page(monkeypatch, visit, changes, code):
    signed_in(visit, **changes)
    rendered = []
    page = run(monkeypatch, lambda *_: rendered.append(1))
    assert rendered == []
    assert f"Code {code}" in page.warning[0].value


def test_a_session_that_runs_out_in_the_middle_of_a_page_does_too(monkeypatch, visit):
    person = signed_in(visit)
    page = run(
        monkeypatch, raising(SessionExpired("Your sign-in has run out.", "Sign in again.", code="RL-234"))
    )
    assert "Code RL-234" in page.warning[0].value
    assert person.revoked == 1


@pytest.mark.parametrize(
    "error",
    [
        QueryFailed("The question is at fault.", "Report it.", query_name="Overview", statement_id="abc"),
        WarehouseBusy("No room.", "Wait.", query_name="Overview", statement_id=None),
        SignInRefused("The identity provider cannot be reached.", "Wait.", code="RL-227"),
        InvalidToken("Not to be trusted.", "Sign in again.", code="RL-212"),
    ],
)
def test_a_view_that_fails_leaves_the_rest_working(monkeypatch, visit, caplog, error):
    caplog.set_level(logging.INFO, logger="app")
    signed_in(visit)
    page = run(monkeypatch, raising(error))
    shown = text(page)
    assert error.message in shown
    assert error.remedy in shown
    assert f"Code {error.code} · Reference " in shown
    assert buttons(page) == ["Sign out", "Try again"]
    reference = shown.split("Reference ")[1][:8]
    assert f"reference={reference} error={error.code}" in caplog.text
    assert visit.user is not None


def test_a_person_without_access_is_told_and_can_sign_out(monkeypatch, visit):
    person = signed_in(visit)
    page = run(monkeypatch, raising(NotAssigned("No access.", "Ask for it.", code="RL-331")))
    assert "Code RL-331" in text(page)
    press(page, "Sign out and sign in again")
    assert person.revoked == 1
    assert page.title[0].value == "Rowlight"


class TestLastResort:
    @pytest.fixture
    def drawn(self, monkeypatch):
        lines = []
        for name in ("header", "markdown", "caption"):
            monkeypatch.setattr(main.st, name, lambda value, **_: lines.append(value))
        return lines

    def test_a_mistake_of_ours_shows_a_reference_and_nothing_else(self, drawn, caplog):
        secret = "eyJhbGciOiJSUzI1NiJ9.payload.signature"
        assert main.on_script_error(ValueError(secret)) is True
        assert not [line for line in drawn if secret in line or "ValueError" in line]
        assert drawn[-1].removeprefix("Reference ") in caplog.text

    def test_an_error_of_ours_is_explained(self, drawn):
        assert main.on_script_error(NotAssigned("No access.", "Ask for it.", code="RL-331")) is True
        assert "No access." in drawn

    @pytest.mark.usefixtures("drawn")
    def test_a_session_that_is_over_is_ended(self, visit):
        person = signed_in(visit)
        main.on_script_error(SessionExpired("over", "again", code="RL-234"))
        assert visit.user is None
        assert person.revoked == 1
