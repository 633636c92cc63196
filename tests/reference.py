"""Writes docs/settings.md and docs/commands.md from the code: `make reference`.

What a setting means is said once, in the README's tables; the code knows what it takes, and what holds
without it.
"""

import argparse
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from pydantic_core import PydanticUndefined

from app.settings import Settings
from infra.local.config import Config, from_environment

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text("utf-8")
PAGES = ("settings", "commands")
# Those that take options; their `_parser` knows them.
WITH_OPTIONS = ("infra.provision", "infra.deploy.cost", "bench")
WITHOUT = ("infra.local", "infra.local.demo")


def meanings(table: str) -> dict[str, str]:
    """What each setting of one of the README's tables means; those that share a row share its meaning."""
    _, _, rows = README.partition(f"| {table} | meaning |\n")
    found = {}
    for names, meaning in re.findall(r"^\| (`.+?) \| (.+) \|$", rows.partition("\n\n")[0], re.MULTILINE):
        found |= dict.fromkeys(re.findall(r"`([A-Z_]+)`", names), meaning)
    return found


def default_of(name: str) -> str | None:
    """What holds without a setting of the app: empty where nothing does, None where it has to be given."""
    default = Settings.model_fields[name.lower()].default
    if default is PydanticUndefined:
        return None
    return "" if default is None else str(getattr(default, "get_secret_value", lambda: default)())


def written(page: str) -> str:
    """The page with what the code knows, between what is written by hand."""
    above, mark, rest = (DOCS / f"{page}.md").read_text("utf-8").partition("<!-- make reference -->\n")
    _, end, below = rest.partition("<!-- /make reference -->\n")
    if not (mark and end):
        raise SystemExit(
            f"docs/{page}.md has lost a line <!-- make reference --> or <!-- /make reference -->"
        )
    return "\n".join([above + mark, *(_settings() if page == "settings" else _commands()), "", end + below])


def _settings() -> Iterator[str]:
    yield from (
        "## Of the app",
        "",
        "| setting | what it takes | without it | meaning |",
        "| --- | --- | --- | --- |",
    )
    for name, meaning in meanings("setting").items():
        field, default = Settings.model_fields[name.lower()], default_of(name)
        without = "it has to be given" if default is None else f"`{default}`" if default else "empty"
        yield f"| `{name}` | {_text(field.description or '')} | {without} | {_here(meaning, default)} |"
    yield from ("", "## Of the stand-in", "", "| setting | without it | meaning |", "| --- | --- | --- |")
    usual = from_environment({})
    for name, meaning in meanings("setting of the stand-in").items():
        default = _of_the_stand_in(usual, name)
        yield f"| `{name}` | `{default}` | {_here(meaning, default)} |"


def _of_the_stand_in(usual: Config, name: str) -> str:
    value = getattr(usual, {"DEMO_URL": "app_url"}.get(name, name.lower()))
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _here(meaning: str, default: str | None) -> str:
    """A meaning as docs/ says it: with links from there, and without the default, which has a column."""
    return meaning.replace("](docs/", "](").removesuffix(f" (`{default}`)").removesuffix(f" ({default})")


def _text(plain: str) -> str:
    return plain.replace("<", "&lt;").replace("|", "\\|")


def _commands() -> Iterator[str]:
    for name in WITH_OPTIONS:
        module = import_module(f"{name}.__main__")
        yield from (f"## python -m {name}", "", _first_line(module.__doc__), "")
        parser = module._parser()
        commands = {
            command: sub
            for action in parser._actions
            if isinstance(action, argparse._SubParsersAction)
            for command, sub in action.choices.items()
        }
        if commands:
            yield from _subcommands(parser)
        yield from _options(commands or {"": parser})
    for name in WITHOUT:
        module = import_module(name if name.count(".") > 1 else f"{name}.__main__")
        yield from (f"## python -m {name}", "", _first_line(module.__doc__), "")
    yield from ("## make", "", "| target | what it does |", "| --- | --- |")
    for target, said in re.findall(
        r"^([a-z-]+):.*?## (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    ):
        yield f"| `make {target}` | {_text(said)} |"


def _subcommands(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield from ("| command | what it does |", "| --- | --- |")
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from (f"| `{each.dest}` | {_text(each.help or '')} |" for each in action._choices_actions)
    yield ""


def _options(parsers: dict[str, argparse.ArgumentParser]) -> Iterator[str]:
    """Each option once, with the commands that take it."""
    takers: dict[tuple[str, str], list[str]] = {}
    for command, parser in parsers.items():
        for action in parser._actions:
            if action.dest not in {"help", "command"}:
                takers.setdefault((_spelling(action), _said(action)), []).append(command)
    several = len(parsers) > 1
    yield from (
        f"| option | meaning |{' of |' if several else ''}",
        f"| --- | --- |{' --- |' if several else ''}",
    )
    for (spelling, said), commands in takers.items():
        of = "all" if len(commands) == len(parsers) else ", ".join(f"`{command}`" for command in commands)
        yield f"| `{spelling}` | {said} |{f' {of} |' if several else ''}"
    yield ""


def _spelling(action: argparse.Action) -> str:
    takes = (
        ""
        if action.nargs == 0
        else action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper()
    )
    name = ", ".join(action.option_strings)
    value = f"[{takes}]" if action.nargs in {"?", "*"} else f"{takes}…" if action.nargs == "+" else takes
    return f"{name} {value}".strip().replace("|", "\\|")


def _said(action: argparse.Action) -> str:
    if not action.help:
        raise SystemExit(f"{_spelling(action)} has no help")
    return _text(
        action.help % {"default": action.default, "prog": ""} if "%(" in action.help else action.help
    )


def _first_line(doc: str | None) -> str:
    """What a module says of itself, without its own name before a colon."""
    line = (doc or "").partition("\n")[0]
    _, _, rest = line.partition("`: ")
    return rest[0].upper() + rest[1:] if rest else line


if __name__ == "__main__":
    for each in PAGES:
        (DOCS / f"{each}.md").write_text(written(each), "utf-8")
