"""Where a test person's ID token comes from: a file, standard input, or a sign-in in a browser."""

import io
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from infra.provision.doctor import sign_in
from infra.provision.doctor.report import Report
from infra.provision.doctor.sign_in import from_file, in_browser
from infra.provision.errors import SpecError
from tests import outside
from tests.infra.provision.doctor.world import World

Browser = Callable[[str], None]


def signed_in(world: World, browser: Browser, redirect_uri: str = "") -> tuple[Report, list[str]]:
    """The report once a browser opened the address that doctor told, and all that was told."""
    told: list[str] = []
    threads: list[threading.Thread] = []

    def tell(line: str) -> None:
        told.append(line)
        threads.append(threading.Thread(target=browser, args=(line.splitlines()[-1],)))
        threads[-1].start()

    report = world.diagnose(test_token=in_browser(tell, redirect_uri))
    for thread in threads:
        thread.join(10)
    return report, told


def as_frank(url: str) -> None:
    with httpx.Client() as browser:
        page = browser.get(url)
        while page.is_redirect:
            page = browser.get(urljoin(str(page.url), page.headers["location"]))
        answer = outside.press(browser, page, "Frank Amer")
        while answer.is_redirect:
            answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
        assert answer.status_code == httpx.codes.OK, answer.text


def codes(report: Report) -> list[str]:
    return [finding.fault.code for finding in report.findings]


def test_a_sign_in_goes_the_whole_way_and_shows_no_token(world: World) -> None:
    report, told = signed_in(world, as_frank)
    assert codes(report) == []
    assert report.outcomes[-1].check.title == "the person sees rows"
    assert report.outcomes[-1].state == "healthy"
    (line,) = told
    asked = parse_qs(urlsplit(line.splitlines()[-1]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert "code_verifier" not in asked


def test_an_answer_of_another_sign_in_is_not_taken(world: World) -> None:
    """Whoever guesses the address learns nothing and ends nothing."""
    refused: list[int] = []

    def attacked(url: str) -> None:
        uri = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        other = uri.replace("/auth", "/other")
        forged = (f"{uri}?code=forged&state=forged", f"{uri}?code=forged", f"{other}?code=forged")
        refused.extend(httpx.get(each).status_code for each in forged)
        as_frank(url)

    report, _ = signed_in(world, attacked)
    assert refused == [404, 404, 404]
    assert codes(report) == []


def test_a_sign_in_that_the_provider_ends_with_an_error(world: World) -> None:
    def declined(url: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        httpx.get(asked["redirect_uri"], params={"error": "access_denied", "state": asked["state"]})

    report, _ = signed_in(world, declined)
    assert codes(report) == ["RLD-525"]
    assert "access_denied" in report.findings[0].what
    assert world.env["APP_URL"] in report.findings[0].cure


def test_a_code_that_is_worth_nothing(world: World) -> None:
    def forged(url: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        httpx.get(asked["redirect_uri"], params={"code": "forged", "state": asked["state"]})

    report, _ = signed_in(world, forged)
    assert codes(report) == ["RLD-525"]
    assert "no ID token" in report.findings[0].what


def test_a_token_with_another_nonce_is_not_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "claims_of", lambda _: {"nonce": "another"})
    report, _ = signed_in(world, as_frank)
    assert codes(report) == ["RLD-525"]
    assert "nonce" in report.findings[0].what


def test_nobody_comes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "_WAIT_SECONDS", 0)
    report, _ = signed_in(world, lambda _: None)
    assert codes(report) == ["RLD-525"]


def test_the_app_listens_where_doctor_would_wait(world: World) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", urlsplit(world.env["APP_URL"]).port or 80))
        taken.listen()
        report, told = signed_in(world, as_frank)
    assert codes(report) == ["RLD-525"]
    assert "--redirect-uri" in report.findings[0].what
    assert told == []


def test_an_address_elsewhere_needs_another_one_here(world: World) -> None:
    report, told = signed_in(world, as_frank, "https://sales.example.com/auth/callback")
    assert codes(report) == ["RLD-525"]
    assert "--redirect-uri" in report.findings[0].what
    assert told == []


def test_a_token_in_a_file(world: World, env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(outside.sign_in(env, "Frank Amer").id_token + "\n")
    assert codes(world.diagnose(test_token=from_file(str(file)))) == []


def test_a_token_by_standard_input(
    world: World, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(outside.sign_in(env, "Frank Amer").id_token))
    assert codes(world.diagnose(test_token=from_file("-"))) == []


@pytest.mark.parametrize("content", [None, b"", b"  \n", b"\xff\xfe"])
def test_a_file_without_a_token_is_a_wrong_request(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        from_file(str(file))
    assert "--id-token-file" in str(caught.value)
