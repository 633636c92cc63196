"""The documents say what the code does: settings, codes, locks, files."""

import re
from pathlib import Path
from typing import get_args

import pytest

from app import audit
from app.settings import Settings
from infra.local import config
from tests import reference

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def sources(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in (ROOT / room).rglob("*.py")]


def test_the_readme_has_the_settings_of_the_app_and_no_others():
    assert sorted(reference.meanings("setting")) == sorted(name.upper() for name in Settings.model_fields)


def test_the_readme_has_the_settings_of_the_stand_in_and_no_others():
    asked = Asked()
    config.from_environment(asked)
    assert set(reference.meanings("setting of the stand-in")) == asked.names


class Asked(dict):
    """An environment in which nothing is set, and which knows what it was asked for."""

    def __init__(self):
        self.names = set()

    def get(self, name, default=None):
        self.names.add(name)
        return default


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_readme_tells_what_holds_without_a_setting(name):
    default = reference.default_of(name)
    if default:
        assert re.search(
            rf"\(`?{re.escape(default.removesuffix('.0'))}(\.0)?`?\)$",
            reference.meanings("setting")[name.upper()],
        )


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_bounds_of_a_number_are_the_described_ones(name):
    field = Settings.model_fields[name]
    for bound in ("gt", "ge", "le"):
        for least in (getattr(rule, bound, None) for rule in field.metadata):
            assert least is None or field.annotation not in (int, float) or str(least) in field.description


@pytest.mark.parametrize("page", reference.PAGES)
def test_the_reference_is_what_the_code_says(page):
    assert (ROOT / "docs" / f"{page}.md").read_text() == reference.written(page), "make reference"


def test_every_program_is_in_the_reference():
    programs = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
        for path in sources("app", "infra", "bench")
        if '__name__ == "__main__"' in path.read_text()
    }
    ours = {
        "app.main",
        "app.views.exports.press",
        "infra.local.attended",
        "infra.provision.doctor.table",
    }  # started by others of ours
    assert {program for program in programs - ours if not program.startswith("bench.")} == {
        *reference.WITH_OPTIONS,
        *reference.WITHOUT,
    }


def test_every_variable_that_is_read_is_in_the_documents():
    read = {
        name
        for path in sources("app", "infra", "bench", "tests")
        for name in re.findall(r"os\.environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"", path.read_text())
    }
    read |= set(re.findall(r"^([A-Z_]+) \?= ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = README + "".join((ROOT / "docs" / f"{page}.md").read_text() for page in reference.PAGES)
    assert not {name for name in read - {"PATH", "PYTHONPATH", "MOTO_ACCOUNT_ID"} if f"`{name}`" not in told}


def public_names() -> set[str]:
    """The modules of docs/python.md and what it shows of them."""
    module, names = "", set()
    text = (ROOT / "docs" / "python.md").read_text()
    for kind, name in re.findall(
        r"^\.\. (currentmodule|autoclass|autofunction):: (\S+)$", text, re.MULTILINE
    ):
        module = name if kind == "currentmodule" else module
        names.add(name if kind == "currentmodule" else f"{module}.{name}")
    return names


@pytest.mark.parametrize("page", ["add-a-view", "tutorial"])
def test_what_a_page_imports_is_public(page):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    blocks = [
        block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "VIEW = View(" in block
    ]
    imports = re.findall(r"^from (app\.\S+) import (.+)$", "".join(blocks), re.MULTILINE)
    asked = {f"{module}.{name}" for module, names in imports for name in names.split(", ")}
    assert asked
    assert asked <= public_names()


def test_the_changelog_keeps_its_form():
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", version) for version in versions[1:])
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_every_event_of_the_audit_trail_is_explained():
    explained = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert set(get_args(audit.Event)) <= set(explained)


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
