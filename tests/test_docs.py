"""The documents say what the code does: settings, codes, locks, files."""

import re
from pathlib import Path

import pytest

from app.settings import Settings
from infra.local import config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def sources(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in (ROOT / room).rglob("*.py")]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_of_the_app_is_in_the_readme(name):
    assert f"`{name.upper()}`" in README


@pytest.mark.parametrize("name", sorted(config._NUMBERS))
def test_every_setting_of_the_stand_in_is_in_the_readme(name):
    assert f"`{name}`" in README


def test_every_code_is_explained_and_every_explained_code_exists():
    raised = {code for path in sources("app") for code in re.findall(r'"(RL-\d{3})"', path.read_text())} - {
        f"RL-{base}" for base in ("000", "200", "210", "220", "300", "330", "400")
    }  # of the classes between
    explained = re.findall(r"^\| (RL-\d{3}) ", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert sorted(raised) == sorted(explained)


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_pin_has_hashes_and_no_host(lock):
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z][^\n]*==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z]", text, re.MULTILINE))
    assert "://" not in text


def test_production_installs_nothing_of_the_stand_in():
    names = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert {"streamlit", "streamlit-oauth", "boto3", "pyjwt", "pandas", "pydeck"} <= names
    assert not names & {
        "moto",
        "duckdb",
        "sqlglot",
        "pytest",
        "playwright",
        "flask",
        "authlib",
        "redshift-connector",
        "opentelemetry-sdk",
    }


def test_the_readmes_files_are_there():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target
