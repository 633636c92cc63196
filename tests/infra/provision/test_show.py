"""What a terminal is told: life while it lasts, nothing that steers it, and a word when it is stopped."""

import time

import pytest

from infra.provision import plan, show
from infra.provision.__main__ import main
from infra.provision.resources.resource import Owner


def test_what_takes_long_is_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    progress = show.Progress(quiet_seconds=0.01)
    told = ""
    with progress.alive():
        progress("making workgroup sales")
        while "still making workgroup sales" not in told:
            time.sleep(0.01)
            told += capsys.readouterr().err
    assert told.splitlines()[0] == "   0:00  making workgroup sales"


def test_names_of_others_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show.tell("role \x1b[2J\u202eevil")
    show.answer("role \x1b[2J\u202eevil")
    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err
    assert "\u202e" not in told.out + told.err


def test_a_change_is_a_diff_with_the_policy_in_full() -> None:
    before = {"trust": {"Statement": [{"Effect": "Allow", "Action": ["b", "a"]}]}}
    after = {"trust": {"Statement": [{"Effect": "Allow", "Action": ["a", "b"], "Condition": {}}]}}
    change = plan.Change("role x", "change", Owner.US, before, after, remarks=("beware",))
    text = show._change_as_text(change)
    assert text.startswith("~ role x\n")
    added = [line.strip() for line in text.splitlines() if line.startswith("    +")]
    assert any("Condition" in line for line in added)
    assert not any('"Effect"' in line for line in added)
    assert '"Effect": "Allow"' in text
    assert text.endswith("! beware")


def test_ctrl_c_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.provision.command.session_of", stopped)
    assert main(["apply", "--issuer", "https://example.com", "--client-id", "x"]) == 130
    assert capsys.readouterr().err == "Stopped. What was done stays done: run it again to go on.\n"
