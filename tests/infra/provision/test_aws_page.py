"""docs/aws.md holds: its commands are commands, its files and keys are there, its table has each provider."""

import re
import shlex
from pathlib import Path

import pytest

from infra.provision.__main__ import _parser
from infra.provision.specification.providers import PROVIDERS
from infra.provision.specification.toml_keys import KEYS, LISTS
from tests.test_docs import ROOT

PAGE = (ROOT / "docs" / "aws.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"python -m infra\.provision ([^`\n#]+)")
STEPS = PAGE.partition("## Troubleshooting")[0]


def commands() -> list[tuple[str, str]]:
    found = {(page.name, match[1].strip()) for page in PAGES for match in COMMAND.finditer(page.read_text())}
    return sorted(found)


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_of_the_documents_is_one(page: str, command: str) -> None:
    """`<x>` stands for anything, and [x] for what may be left out."""
    words = shlex.split(re.sub(r"<[^>]*>", "x", re.sub(r"\[[^]]*\]|…", "", command)))
    assert _parser().parse_args(words).run


def test_each_command_is_shown() -> None:
    shown = {command.split()[0] for _, command in commands()}
    assert shown >= {"plan", "apply", "destroy", "env", "doctor", "test-policies"}


def test_each_provider_has_a_line_in_both_tables() -> None:
    lines = [line for line in STEPS.splitlines() if line.startswith("| `")]
    for kind, provider in PROVIDERS.items():
        found = [line for line in lines if line.startswith(f"| `{kind}` |")]
        assert len(found) == (2 if kind != "other" else 1), kind
        example = re.search(r"https://[^,<… ]+", provider.example)
        assert example is None or example[0] in found[0]


def test_the_keys_that_it_names_are_keys() -> None:
    names = {name.rpartition(".")[2] for name in KEYS}
    names |= {inner for _, keys in LISTS.values() for inner in keys}
    for name in re.findall(r"`([a-z_]+) = [^`]+`", STEPS):
        assert name in names, name


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(((?!https?:)[^)]+)\)", PAGE))))
def test_what_it_links_to_is_there(target: str) -> None:
    file, _, heading = target.partition("#")
    page = (ROOT / "docs" / file).resolve() if file else ROOT / "docs" / "aws.md"
    assert page.exists()
    if heading:
        titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
        assert heading in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_the_addresses_to_register_are_the_apps() -> None:
    from app.settings import CALLBACK_PATH, POPUP_PATH, SIGNED_OUT_PATH

    for path in (POPUP_PATH, CALLBACK_PATH, SIGNED_OUT_PATH):
        assert f"`http://localhost:8501{path}`" in STEPS


def test_the_example_is_where_it_says() -> None:
    (copied,) = re.findall(r"^cp (\S+) rowlight\.toml$", PAGE, re.MULTILINE)
    assert Path(copied).is_file()
