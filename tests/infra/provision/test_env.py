"""`env` prints the app's settings or writes them where nobody else reads them; the app works with them."""

import json
import os
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import boto3
import httpx
import pytest

from infra.local.stack import ALSO_READABLE
from infra.provision import env as command
from infra.provision.__main__ import main
from infra.provision.errors import SpecError
from infra.provision.specification.spec import Spec
from tests import outside
from tests.infra.provision.test_apply import arguments
from tests.infra.provision.test_policies import spec as described
from tests.infra.provision.test_toml_file import EXAMPLE
from tests.stand_in import ROOT

SETTINGS = {
    "OIDC_ISSUER": "https://example.okta.com",
    "APP_URL": "http://localhost:8501",
    "PERSONAL_TABLES": "on",
}


def asked(spec: Spec, *more: str) -> list[str]:
    return ["env", *arguments(spec)[1:], *more]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_prints_what_the_app_needs_and_what_is_still_to_add(
    env: dict[str, str], spec: Spec, session: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked(spec)) == 0
    told = capsys.readouterr()
    printed = dict(line.split("=", 1) for line in told.out.splitlines())
    assert printed.items() <= env.items() | {("APP_URL", "http://localhost:8501")}
    assert {"OIDC_ISSUER", "IDC_APPLICATION_ARN", "DATA_ROLE_ARN", "REDSHIFT_WORKGROUP"} <= printed.keys()
    assert "still to add where the app runs: OIDC_CLIENT_SECRET" in told.err
    assert env["OIDC_CLIENT_SECRET"] not in told.out + told.err


def test_it_says_the_same_to_machines(
    env: dict[str, str], spec: Spec, session: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked(spec, "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["settings"]["OIDC_ISSUER"] == env["OIDC_ISSUER"]
    assert list(told["still_to_add"]) == ["OIDC_CLIENT_SECRET"]


def test_it_changes_nothing_in_the_account(spec: Spec, session: boto3.Session) -> None:
    assert main(["plan", *arguments(spec)[1:]]) == 0
    assert main(asked(spec)) == 0


def rowlight_toml(env: dict[str, str], folder: Path) -> Path:
    """The example, with the stand-in's own values."""
    text = EXAMPLE.read_text()
    for old, new in {
        'kind = "okta"': 'kind = "other"',
        "https://example.okta.com": env["OIDC_ISSUER"],
        "0oa1b2c3d4e5f6g7h8i9": env["OIDC_CLIENT_ID"],
        "http://localhost:8501": env["APP_URL"],
        "s3://my-sales/": f"s3://{env['S3_BUCKET']}/",
        '# also_readable = ["my-other-bucket/prefix/"]': f"also_readable = {json.dumps(ALSO_READABLE)}",
    }.items():
        assert old in text
        text = text.replace(old, new)
    file = folder / "rowlight.toml"
    file.write_text(text)
    return file


def test_the_app_signs_somebody_in_with_the_file_that_it_writes(
    env: dict[str, str], session: boto3.Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    specification, file = rowlight_toml(env, tmp_path), tmp_path / ".streamlit" / "secrets.toml"
    # Other tests of this stand-in change it by hand.
    assert main(["apply", "--file", str(specification)]) == 0
    capsys.readouterr()
    assert main(["plan", "--file", str(specification), "--json"]) == 0
    assert {each["action"] for each in json.loads(capsys.readouterr().out)["changes"]} == {"nothing"}
    assert main(["env", "--file", str(specification), "--write", str(file)]) == 0
    assert mode(file) == 0o600
    written = tomllib.loads(file.read_text())
    # What it says is to be added, where AWS is not AWS, and a way of signing in that needs no scripts.
    added = {"OIDC_CLIENT_SECRET": env["OIDC_CLIENT_SECRET"], "AWS_ENDPOINT_URL": env["AWS_ENDPOINT_URL"]}
    assert not added.keys() & written.keys()
    with app(tmp_path, urlsplit(written["APP_URL"]).port, {**added, "SIGN_IN": "redirect"}) as address:
        browser = httpx.Client(follow_redirects=False)
        assert browser.get(f"{address}/auth/session").status_code == 401
        page = browser.get(f"{address}/auth/login")
        while page.is_redirect:
            page = browser.get(urljoin(str(page.url), page.headers["location"]))
        answer = outside.press(browser, page, "Frank Amer")
        while answer.is_redirect:
            answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
        assert answer.is_success
        assert browser.get(f"{address}/auth/session").status_code == 204


@contextmanager
def app(home: Path, port: int | None, environment: dict[str, str]) -> Iterator[str]:
    """The app, started beside the file, with this environment and nothing else."""
    start = ["streamlit", "run", str(ROOT / "app" / "asgi.py"), f"--server.port={port}"]
    clean = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "no_proxy": "localhost"}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *start], cwd=home, env={**clean, **environment}, stdout=log, stderr=log
        )
        try:
            _wait(process, f"http://localhost:{port}/_stcore/health", home / "log")
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(600):
        try:
            httpx.get(url)
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


def outputs(**changes: Any) -> Any:
    """Those of an account, as far as settings are made of them."""
    from infra.provision.apply import Outputs

    return Outputs(
        **{
            "region": "us-east-1",
            "issuer": "https://example.okta.com",
            "client_id": "0oa1",
            "application_arn": "arn:aws:sso::123456789012:application/ssoins-1/apl-1",
            "redshift_application_arn": "arn",
            "bridge_role_arn": "arn:aws:iam::123456789012:role/Bridge",
            "data_role_arn": "arn:aws:iam::123456789012:role/Data",
            "workgroup": "sales",
            "warehouse_arn": "arn",
            "database": "dev",
            "admin_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin",
            **changes,
        }
    )


def test_settings_follow_from_the_specification() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rowlight/{}"
    of = described(
        provider="entra",
        issuer="https://login.microsoftonline.com/0f0f0f0f-1111-2222-3333-0f0f0f0f0f0f/v2.0",
        client_secret_arn=arn.format("client"),
        session_key_arn=arn.format("key"),
        app_url="https://sales.example.com/",
        query_path="driver",
        session_table="sessions",
    )
    found = command.settings_of(of, outputs(session_table="sessions"))
    assert found["OIDC_CLIENT_SECRET_ARN"] == arn.format("client")
    assert found["SESSION_KEY_ARN"] == arn.format("key")
    assert found["APP_URL"] == "https://sales.example.com"
    assert found["OIDC_EMAIL_VERIFIED"] == "xms_edov"
    assert "admin" not in json.dumps(found)
    assert list(command.still_to_add(found)) == ["REDSHIFT_HOST"]
    plain = command.settings_of(described(session_table="sessions"), outputs(session_table="sessions"))
    assert list(command.still_to_add(plain)) == ["OIDC_CLIENT_SECRET", "SESSION_KEY"]
    assert "OIDC_EMAIL_VERIFIED" not in plain


# Writing


def test_what_is_in_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('# mine\nMAX_ROWS = 5\nOIDC_CLIENT_SECRET = "s"\n\n[connections.x]\nAPP_URL = "theirs"\n')
    file.chmod(0o644)
    assert command.write(file, SETTINGS) == list(SETTINGS)
    assert mode(file) == 0o600
    assert file.read_text().endswith('[connections.x]\nAPP_URL = "theirs"\n')
    assert "# mine\n" in file.read_text()
    assert tomllib.loads(file.read_text()) == {
        **SETTINGS,
        "MAX_ROWS": 5,
        "OIDC_CLIENT_SECRET": "s",
        "connections": {"x": {"APP_URL": "theirs"}},
    }
    before = file.read_bytes()
    assert command.write(file, SETTINGS) == []
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["secrets.toml"]


def test_a_value_that_differs_is_replaced_by_force_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('app_url = "https://sales.example.com"  # by hand\nMAX_ROWS = 5\n')
    before = file.read_bytes()
    with pytest.raises(SpecError, match="other values of APP_URL: --force") as raised:
        command.write(file, SETTINGS)
    assert "sales.example.com" not in str(raised.value)
    assert file.read_bytes() == before
    assert command.write(file, SETTINGS, force=True) == list(SETTINGS)
    assert tomllib.loads(file.read_text()) == {**SETTINGS, "MAX_ROWS": 5}


def test_the_app_gets_no_two_of_which_it_takes_one(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('OIDC_CLIENT_SECRET = "hunter2"\n')
    with pytest.raises(SpecError, match="the app takes no OIDC_CLIENT_SECRET_ARN") as raised:
        command.write(file, {"OIDC_CLIENT_SECRET_ARN": "arn"}, force=True)
    assert "hunter2" not in str(raised.value)
    assert file.read_text() == 'OIDC_CLIENT_SECRET = "hunter2"\n'


@pytest.mark.parametrize("text", ['A = "hunter2', "\ufeffA = 'hunter2'"])
def test_a_file_that_cannot_be_read_is_left_and_not_quoted(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(text)
    with pytest.raises(SpecError, match="is not TOML") as raised:
        command.write(file, SETTINGS)
    assert "hunter2" not in str(raised.value)
    assert file.read_text() == text


@pytest.mark.parametrize(
    "text",
    ['APP_URL = """\nAPP_URL = x\n"""\n', '"APP_URL" = "x"\n', "A = 1\nAPP_URL.x = 1\n"],
)
def test_settings_that_cannot_be_replaced_line_by_line_are_left(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(text)
    with pytest.raises(SpecError, match="by hand"):
        command.write(file, SETTINGS, force=True)
    assert file.read_text() == text


def test_nobody_else_reads_it_not_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the widest of umasks, and a file is there whole or not at all."""
    seen: list[int] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append(mode(self))
        return replace(self, target)

    before = os.umask(0)
    try:
        monkeypatch.setattr(Path, "replace", watched)
        monkeypatch.setattr(
            os, "fsync", lambda descriptor: seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        )
        command.write(tmp_path / "deep" / "secrets.toml", SETTINGS)
    finally:
        os.umask(before)
    assert seen == [0o600, 0o600]


def test_what_fails_while_it_is_written_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("MAX_ROWS = 5\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SpecError, match="cannot be written: No space left"):
        command.write(file, SETTINGS)
    assert file.read_text() == "MAX_ROWS = 5\n"
    assert [each.name for each in tmp_path.iterdir()] == ["secrets.toml"]


def test_a_link_planted_in_its_place_is_not_followed(tmp_path: Path) -> None:
    target, file = tmp_path / "elsewhere", tmp_path / "secrets.toml"
    target.write_text("")
    file.symlink_to(target)
    command.write(file, SETTINGS)
    assert target.read_text() == ""
    assert not file.is_symlink()
