"""The image: what is let into it, what it is made of, and that it runs as a platform would run it."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from docker.utils.build import exclude_paths

from tests.infra.deploy.image import DOCKERFILE, ROOT

NEEDED_BY_NUMPY = "site-packages/numpy/"
# What any Debian has without being asked: glibc, and what its package manager needs.
OF_ANY_DEBIAN = {"libc", "libm", "libdl", "librt", "libpthread", "libutil", "libgcc_s", "libstdc++", "libz"}


@pytest.fixture(scope="module")
def app(images):
    """The image that is built where no target is named."""
    return images("app")


@pytest.fixture(scope="module")
def files(app):
    """Every file that is in the image beside what its base has."""
    own = [app.root / name for name in ("opt", "srv", "usr/local")]
    return [Path(folder) / name for each in own for folder, _, names in os.walk(each) for name in names]


def test_the_linter_has_nothing_to_say():
    linter = Path(sys.executable).with_name("hadolint")
    answer = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


@pytest.mark.parametrize(
    "stray",
    [
        ".env",
        ".git/config",
        ".streamlit/secrets.toml",
        "rowlight.toml",
        "tests/conftest.py",
        "docs/aws.md",
        "requirements-dev.txt",
        "app/__pycache__/main.cpython-313.pyc",
        "infra/deploy/compose.yaml",
        ".venv/bin/python",
    ],
)
def test_only_what_is_named_comes_into_the_context(stray, tmp_path):
    for name in (stray, "app/main.py", "requirements-telemetry.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    let_in = exclude_paths(str(tmp_path), (ROOT / ".dockerignore").read_text().splitlines())
    assert {"app/main.py", "requirements-telemetry.txt"} <= let_in
    assert stray not in let_in


def test_nothing_in_the_image_brings_more_in_or_was_needed_to_make_it_only(files):
    names = {path.name for path in files}
    assert not names & {"gcc", "cc", "c++", "make", "ld", "git", "uv", "secrets.toml", ".env"}
    assert not [path for path in files if re.fullmatch(r"pip3?[\d.]*|ensurepip", path.name)]
    folders = {part for path in files for part in path.parts}
    assert not folders & {"pip", "setuptools", "ensurepip", ".git", "locks"}
    assert not [path for path in files if "tests" in path.parts and NEEDED_BY_NUMPY not in str(path)]
    assert not [path for path in files if re.search(r"\.(key|p12|pfx)$", path.name)]
    assert {path.name for path in files if path.suffix == ".pem"} <= {"cacert.pem"}


def test_the_image_belongs_to_root_and_nobody_else_may_change_it(files):
    for path in files:
        about = path.lstat()
        assert about.st_uid == 0
        assert not about.st_mode & (stat.S_ISUID | stat.S_ISGID), path
        assert path.is_symlink() or not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH), path
        assert path.is_symlink() or about.st_mode & stat.S_IROTH, path


def test_all_that_is_imported_is_compiled_and_never_checked_against_its_source(app):
    sources = [
        *(app.root / "srv/rowlight/app").rglob("*.py"),
        *app.root.glob("opt/rowlight/lib/*/*/streamlit/*.py"),
    ]
    sources += [*app.root.glob("usr/local/lib/python3*/*.py")]
    assert len(sources) > 200
    for source in sources:
        [compiled] = source.parent.glob(f"__pycache__/{source.stem}.*.pyc")
        assert compiled.read_bytes()[4] == 1, source  # by hash, unchecked


def test_the_image_needs_no_library_that_its_base_has_not(app, files):
    libraries = [path for path in files if re.search(r"\.so(\.|$)", path.name) and "opt" in path.parts]
    assert len(libraries) > 100
    carried = {path.name for path in files}
    told = subprocess.run(["ldd", *libraries], capture_output=True, text=True, check=False).stdout
    needed = set(re.findall(r"^\t(\S+) => ", told, re.MULTILINE)) - carried
    assert {re.split(r"[.-]", name)[0] for name in needed} <= OF_ANY_DEBIAN


def test_how_large_the_image_is_beside_its_base(app, capsys):
    told = subprocess.run(
        ["du", "-sm", "opt", "srv"], cwd=app.root, capture_output=True, text=True, check=True
    ).stdout
    sizes = {name: int(size) for size, name in (line.split() for line in told.splitlines())}
    with capsys.disabled():
        sys.stdout.write(
            f"\nThe image beside its base: {sizes['opt']} MB packages, {sizes['srv']} MB Rowlight\n"
        )
    assert sum(sizes.values()) < 900


def test_the_user_is_a_number_that_is_not_roots(app):
    assert app.user == "10001:10001"
    assert app.ports == ("8501",)
    assert app.volumes == ("/tmp",)  # noqa: S108 - its own
