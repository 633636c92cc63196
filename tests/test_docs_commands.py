"""Each command of the documents is run: here, by the test that a mark before it names, or by whoever has AWS.

A block of shell is run here as it stands, in a clean copy of the repository beside a stand-in, unless a
comment before it says `needs AWS`, or `run by` and who runs it; or one says so for all of a page, whose
blocks go on from each other.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from tests import stand_in
from tests.conftest import free_ports

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("infra/**/*.md"), *ROOT.glob("bench/*.md")]
)
SHELL = {"sh", "bash", "shell", "console"}
MOST_SECONDS = 120
# Where nothing is provisioned yet, as for a reader who begins.
EMPTY = ("README.md", "docs/aws.md")
APPLICATION = "RedshiftStreamlitDemo"


class Block(NamedTuple):
    """A fenced block of a document, and the mark before it."""

    page: str
    line: int
    language: str
    text: str
    mark: str


def fences(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    of_all = re.search(r"^<!-- all commands are (run by .*?) -->$", text, re.MULTILINE)
    fence = r"(?:^ *<!-- ((?:needs AWS|run by ).*?) -->\n+)?^( *)```(\S*)[^\n]*\n(.*?)^\2```"
    for found in re.finditer(fence, text, re.MULTILINE | re.DOTALL):
        mark, indent, language, inside = found.groups()
        lines = re.sub(f"^{indent}", "", inside, flags=re.MULTILINE)
        yield Block(
            str(page.relative_to(ROOT)),
            text.count("\n", 0, found.end()),
            language,
            lines,
            mark or (of_all[1] if of_all else ""),
        )


BLOCKS = [block for page in PAGES for block in fences(page)]
COMMANDS = [block for block in BLOCKS if block.language in SHELL]
RUN_HERE = {
    block.page: [each for each in COMMANDS if each.page == block.page and not each.mark] for block in COMMANDS
}


def test_every_block_says_what_it_holds():
    assert not [f"{block.page}:{block.line}" for block in BLOCKS if not block.language]


@pytest.mark.parametrize("block", [each for each in COMMANDS if each.mark.startswith("run by")], ids=str)
def test_who_runs_the_others_is_there(block):
    for runner in block.mark.removeprefix("run by ").split(" and "):
        file, _, test = runner.partition("::")
        text = (ROOT / file).read_text("utf-8")
        assert f"def {test}(" in text if test else commands(block) & set(text.splitlines())


def commands(block: Block) -> set[str]:
    """Its lines without what is said behind them."""
    return {line.partition(" #")[0].strip() for line in block.text.splitlines()}


def commands_in_words() -> set[str]:
    """What stands as a command of ours between backticks, in all documents."""
    text = "".join(page.read_text("utf-8") for page in PAGES)
    return set(re.findall(r"`(make [a-z-]+|python -m (?:infra|bench)[a-z.]*(?: [a-z-]+)?)", text))


@pytest.mark.parametrize("command", sorted(commands_in_words()))
def test_a_command_that_is_mentioned_is_one(command):
    known = (ROOT / "docs" / "commands.md").read_text("utf-8")
    program, _, what = command.removeprefix("python -m ").partition(" ")
    if program == "make":
        assert f"| `{command}` |" in known
    else:
        assert f"## python -m {program}\n" in known
        assert not what or re.search(rf"\| `{what}` \||\b{what}[,;]", known)


@pytest.fixture
def copy(tmp_path):
    """The repository as it is cloned, with what `make` sets up."""
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    for name in filter(None, names):
        (tmp_path / "rowlight" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / "rowlight" / name)
    (tmp_path / "rowlight" / ".venv").symlink_to((ROOT / ".venv").resolve())
    return tmp_path / "rowlight"


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    with stand_in.running(tmp_path_factory.mktemp("stand-in") / "log", DEMO_ROWS="300") as there:
        yield there.env


def test_the_demonstration_starts(copy, tmp_path):
    app, idp, aws = map(str, free_ports(3))
    ports = {"APP_PORT": app, "IDP_PORT": idp, "AWS_PORT": aws, "STREAMLIT_SERVER_PORT": app}
    run("make demo", copy, {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DEMO_ROWS": "300", **ports})


@pytest.mark.parametrize("page", sorted(page for page, blocks in RUN_HERE.items() if blocks))
def test_the_commands_of(page, copy, tmp_path, request):
    text = "".join(block.text for block in RUN_HERE[page])
    missing = [tool for tool in ("curl", "jq") if re.search(rf"\b{tool} -", text) and not shutil.which(tool)]
    if missing and "CI" not in os.environ:
        pytest.skip(f"{', '.join(missing)}: not installed here")
    env = request.getfixturevalue("empty" if page in EMPTY else "standing")
    _own(copy / "infra/provision/rowlight.example.toml", env)
    log = [block.text for block in BLOCKS if block.page == page and block.language == "json"]
    (copy / "rowlight.log").write_text("".join(log), "utf-8")
    for block in RUN_HERE[page]:
        run(block.text, copy, _environment(env, tmp_path))


def _own(example: Path, env: dict[str, str]) -> None:
    """What the reader puts in: their own provider, address and bucket."""
    text = example.read_text("utf-8")
    for its, own in {
        "https://example.okta.com": env["OIDC_ISSUER"],
        "0oa1b2c3d4e5f6g7h8i9": env["OIDC_CLIENT_ID"],
        "http://localhost:8501": env["APP_URL"],
        "s3://my-sales/": f"s3://{env['S3_BUCKET']}/",
    }.items():
        text = text.replace(its, own)
    example.write_text(text, "utf-8")


def _environment(env: dict[str, str], home: Path) -> dict[str, str]:
    """An administrator's shell, in which `python` is the repository's."""
    return {
        "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "no_proxy": "localhost",
        "AWS_ENDPOINT_URL": env["AWS_ENDPOINT_URL"],
        "AWS_REGION": env["AWS_REGION"],
        "AWS_DEFAULT_REGION": env["AWS_REGION"],
        "AWS_ACCESS_KEY_ID": env["ADMIN_AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": env["ADMIN_AWS_SECRET_ACCESS_KEY"],
        "OIDC_CLIENT_SECRET": env["OIDC_CLIENT_SECRET"],
        **{name: value for name, value in env.items() if name.startswith("REDSHIFT_")},
        "STREAMLIT_SERVER_PORT": str(urlsplit(env["APP_URL"]).port),
    }


def run(text: str, folder: Path, environment: dict[str, str]) -> None:
    """Runs a block to its end, or until the app that it starts answers."""
    text = text.replace("http://localhost:8503", environment.get("AWS_ENDPOINT_URL", ""))
    health = f"http://localhost:{environment['STREAMLIT_SERVER_PORT']}/_stcore/health"
    assert not _answers(health)
    output = folder / "output"
    with output.open("w") as said:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            text=True,
            start_new_session=True,
        )
        with contextlib.suppress(BrokenPipeError):
            shell.stdin.write(
                f"{APPLICATION}\n"
            )  # what destroy asks for, and some secret for Secrets Manager
            shell.stdin.close()
        try:
            assert _ended(shell, health), f"{text}\n{output.read_text()}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
            shell.wait(30)
    assert _until(lambda: not _answers(health))


def _ended(shell: subprocess.Popen, health: str) -> bool:
    return _until(lambda: shell.poll() is not None or _answers(health)) and shell.returncode in {None, 0}


def _answers(health: str) -> bool:
    try:
        return httpx.get(health).is_success
    except httpx.TransportError:
        return False


def _until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + MOST_SECONDS
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return held
