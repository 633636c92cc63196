"""`python -m infra.provision doctor`: its exit status, its two reports, and what neither ever says."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.provision.__main__ import main
from infra.provision.doctor import command
from infra.provision.doctor.check import Check, Outcome
from infra.provision.doctor.fault import Fault
from infra.provision.doctor.report import HIDDEN, Report, as_json, as_text, cleaned, hide
from tests.infra.provision.doctor.world import BRIDGE, World

Doctor = Callable[..., tuple[int, str, str]]
PLANTED = "planted-Secret/+=" + "x" * 24


@pytest.fixture
def doctor(
    world: World,
    env: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Doctor:
    """Runs the command in an empty folder, with an environment as the stand-in tells it."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **changes: str) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            for name, value in {**env, **world.env, **changes}.items():
                patch.setenv(name, value)
            # A session of its own costs more than the look; whoever asks about credentials gets one.
            if not any(name.startswith("AWS_") for name in changes) and "--profile" not in arguments:
                patch.setattr(command, "_session", lambda _: world.session)
            status = main(["doctor", *arguments])
        return status, *capsys.readouterr()

    return run


def test_a_healthy_chain_by_its_environment_alone(doctor: Doctor) -> None:
    status, out, progress = doctor()
    assert status == 0
    assert "✓ the provider accepts its id and secret" in out
    assert "✗" not in out
    assert out.splitlines()[-1].startswith("No fault; ")
    assert " s  IAM: " in progress


def test_administrators_credentials_by_the_names_of_the_stand_in(doctor: Doctor) -> None:
    status, _, _ = doctor(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert status == 0


def test_an_error_is_told_with_what_why_and_cure(doctor: Doctor, world: World) -> None:
    world.forbid(BRIDGE, "sso-oauth:CreateTokenWithIAM")
    status, out, _ = doctor()
    assert status == 1
    assert "✗ RLD-220 The role that signs may not exchange tokens at the application" in out
    assert all(f"      {part}" in out for part in ("what: ", "why:  ", "cure:\n"))
    assert "People see RL-311." in " ".join(out.split())
    assert out.splitlines()[-1].startswith("1 error; ")
    # A command has a line of its own: a person copies it whole.
    assert "\n            aws iam put-role-policy --role-name IDCBridgeRole --policy-name" in out
    assert '\'{"Version":"2012-10-17"' in out


def test_a_warning_is_no_error(doctor: Doctor, world: World) -> None:
    world.allow(BRIDGE, "Extra", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    status, out, _ = doctor()
    assert status == 0
    assert "! RLD-243" in out


def test_json_says_the_same_for_machines(doctor: Doctor, world: World) -> None:
    world.forbid(BRIDGE, "sso-oauth:CreateTokenWithIAM")
    status, out, _ = doctor("--json")
    report = json.loads(out)
    assert status == 1
    assert report["healthy"] is False
    (finding,) = report["findings"]
    assert (finding["code"], finding["severity"], finding["link"]) == ("RLD-220", "error", "IAM")
    assert "aws iam put-role-policy" in finding["cure"]
    assert finding["people_see"] == ["RL-311"]
    assert {link["state"] for link in report["links"]} >= {"healthy", "found"}


def test_fix_mends_what_is_safe_and_says_so(doctor: Doctor, world: World) -> None:
    provider = {"OpenIDConnectProviderArn": world.chain.provider_arn}
    iam = world.aws("iam")
    iam.add_client_id_to_open_id_connect_provider(**provider, ClientID="another")
    iam.remove_client_id_from_open_id_connect_provider(**provider, ClientID="rowlight-demo")
    assert "(--fix can cure it)" in doctor()[1]
    status, out, _ = doctor("--fix")
    assert status == 0
    assert "fixed: RLD-203: rowlight-demo is now an audience of" in out
    assert iam.get_open_id_connect_provider(**provider)["ClientIDList"] == ["another", "rowlight-demo"]


def test_fix_leaves_alone_what_is_not_safe(doctor: Doctor, world: World) -> None:
    world.forbid(BRIDGE, "sso-oauth:CreateTokenWithIAM")
    before = world.permissions(BRIDGE)
    assert doctor("--fix")[0] == 1
    assert world.permissions(BRIDGE) == before


def test_what_is_asked_wrongly_is_status_2(doctor: Doctor) -> None:
    status, out, err = doctor("--profile", "nobody")
    assert (status, out) == (2, "")
    assert "nobody" in err


def test_a_specification_that_cannot_be_read_is_status_2(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "rowlight.toml").write_text("region = ")
    status, out, err = doctor()
    assert (status, out) == (2, "")
    assert "rowlight.toml" in err


def test_no_secret_is_ever_shown(doctor: Doctor) -> None:
    # Where a person might put it by mistake, and where it belongs but is wrong.
    names = (
        "OIDC_CLIENT_SECRET",
        "DATA_ROLE_ARN",
        "IDC_APPLICATION_ARN",
        "APP_URL",
        "OIDC_CLIENT_SECRET_ARN",
    )
    for number, name in enumerate(names):
        status, out, err = doctor(*(["--json"] if number % 2 else []), **{name: PLANTED})
        assert status == 1
        assert PLANTED not in out + err


def test_keys_of_the_administrator_are_never_shown(doctor: Doctor, env: dict[str, str]) -> None:
    wrong = {"AWS_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA", "AWS_SECRET_ACCESS_KEY": PLANTED}
    status, out, err = doctor(**wrong, AWS_SESSION_TOKEN=PLANTED + "y")
    assert status == 1
    assert "RLD-003" in out
    assert PLANTED not in out + err
    assert env["ADMIN_AWS_SECRET_ACCESS_KEY"] not in "".join(doctor()[1:])


def test_settings_of_the_secrets_file_are_read(doctor: Doctor, tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / ".streamlit").mkdir()
    secret = env["OIDC_CLIENT_SECRET"]
    (tmp_path / ".streamlit/secrets.toml").write_text(f'OIDC_CLIENT_SECRET = "{secret}"\n[other]\na = 1\n')
    status, out, err = doctor(OIDC_CLIENT_SECRET="")
    assert status == 0
    assert secret not in out + err


# --- the report alone ---------------------------------------------------------------------------------

FAULT = Fault(code="RLD-999", title="Broken", why="It is.", cure='Do {this} with {"Json": "{that}"}.')


def outcome(**names: str) -> Outcome:
    check = Check("Link", "it holds", lambda _: ())
    return Outcome(check, (FAULT.found(names.pop("what"), **names),), state="found")


def test_placeholders_are_filled_once_and_braces_of_json_stay() -> None:
    found = FAULT.found("here", this="{that}", that="x")
    assert found.cure == 'Do {that} with {"Json": "x"}.'


def test_what_the_world_says_can_neither_steer_a_terminal_nor_show_a_secret() -> None:
    dirty = outcome(what=f"a\x1b[2Jb\u202ec\u2028{PLANTED}", this=PLANTED, that="")
    report = Report((cleaned(dirty, [PLANTED]),), 0.1)
    for text in (as_text(report), as_json(report)):
        assert PLANTED not in text
        assert HIDDEN in text
        assert not {"\x1b", "\u202e", "\u2028", "\\u001b"} & set(text)


def test_a_secret_within_another_is_hidden_whole() -> None:
    assert hide("abcdef", ["abc", "abcdef"]) == HIDDEN


def test_colours_are_for_terminals() -> None:
    report = Report((outcome(what="here", this="", that=""),), 0.1)
    assert "\x1b[31m" in as_text(report, colours=True)
    assert "\x1b" not in as_text(report)
