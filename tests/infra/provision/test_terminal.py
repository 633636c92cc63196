"""Names and messages of others do not steer an administrator's terminal."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.provision import show
from infra.provision.__main__ import main
from infra.provision.errors import SpecError
from infra.provision.specification import toml_file
from infra.provision.terminal import harmless


@given(st.text())
def test_nothing_that_steers_is_left(text: str) -> None:
    shown = harmless(text)
    assert len(shown) == len(text)
    kinds = {unicodedata.category(each) for each in shown if each != "\n"}
    assert not kinds & {"Cc", "Zl", "Zp"}
    assert not any(
        unicodedata.bidirectional(each) in {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI"} for each in shown
    )


@given(st.text(st.characters(categories=("L", "N", "P", "S"))))
def test_what_can_be_read_stays(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    "key", ["\\u001b[2J\\u001b]0;renamed\\u0007", "known\\u202enwonk", "a\\nchanged: nothing"]
)
def test_a_key_of_the_file_is_told_harmlessly(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rowlight.toml"
    file.write_text(f'"{key}" = 1\n')
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert main(["apply", "--file", str(file)]) == 2
    told = capsys.readouterr().err
    assert "is not known" in told
    assert not set(told) & {"\x1b", "\x07", "\u202e"}
    assert "\nchanged: " not in told


def test_a_file_that_would_be_cut_is_refused(tmp_path: Path) -> None:
    """What is left of it could be read as a specification of less."""
    file = tmp_path / "rowlight.toml"
    file.write_text("#" * 1_000_000 + "\nx = 1\n")
    with pytest.raises(SpecError, match="longer than 1000000 bytes"):
        toml_file.read(file)


def test_what_plan_and_apply_tell_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """Policies and tags of the account are anybody's text."""
    show.answer('    -  "aws:x": "\u009b2J\u202eevil"')
    show.tell("making role \x1b[2Jx")
    told = capsys.readouterr()
    assert not set(told.out + told.err) & {"\x1b", "\u009b", "\u202e"}
