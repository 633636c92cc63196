"""Performs a Dockerfile's own instructions where no container engine is: into folders, by bubblewrap.

The base image is stood in for by this machine's /usr and by a bare Python that is laid where the base has
its own. All else is as the instructions say: what they copy comes from what .dockerignore lets in,
what they run sees the folder as its root, and what another stage made is there only where it is copied from.
"""

import os
import shlex
import shutil
import string
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import dockerfile
import pytest
from docker.utils.build import exclude_paths

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "infra" / "deploy" / "Dockerfile"
# What a base has of a machine, and how pip finds its index here; an engine has its own of both.
ETC = ("passwd", "group", "nsswitch.conf", "hosts", "ssl", "ld.so.conf", "ld.so.conf.d")
NETWORK = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/xdg/pip", "~/.config/pip", "~/.pip")
BASE_ENV = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}
LINKS = {name: f"usr/{name}" for name in ("bin", "sbin", "lib", "lib64")}


@dataclass
class Stage:
    """What a stage has come to: a file system, and what is to be known about it."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    volumes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)

    def inside(self, path: str) -> Path:
        """Where the path of the stage lies on this machine."""
        return self.root / os.path.normpath(Path(self.workdir, path)).lstrip("/")

    def filled_in(self, text: str) -> str:
        """The text with what its variables stand for."""
        return string.Template(text).safe_substitute(self.arguments | self.env)


class Build:
    """A Dockerfile's stages, each performed once and only if something needs it."""

    def __init__(self, file: Path, context: Path, folder: Path) -> None:
        self._context, self._folder = context, folder
        self._given: dict[str, str] = {}
        self._stages: dict[str, list[dockerfile.Command]] = {}
        self._done: dict[str, Stage] = {}
        self._allowed = exclude_paths(str(context), (context / ".dockerignore").read_text().splitlines())
        name = ""
        for each in dockerfile.parse_file(str(file)):
            if each.cmd == "FROM":
                name = each.value[-1]
                self._stages[name] = []
            if name:
                self._stages[name].append(each)
            elif each.cmd == "ARG":
                self._given |= _pair(each.value[0])

    def stage(self, name: str) -> Stage:
        """The stage of that name, performed to its end."""
        if name not in self._done:
            first, *others = self._stages[name]
            stage = self._from(string.Template(first.value[0]).substitute(self._given), name)
            for each in others:
                getattr(self, f"_{each.cmd.lower()}")(stage, each)
            self._done[name] = stage
        return self._done[name]

    def _from(self, source: str, name: str) -> Stage:
        root = self._folder / name
        if source in self._stages:
            earlier = self.stage(source)
            _link(earlier.root, root)
            return replace(earlier, root=root, env=dict(earlier.env), arguments=dict(earlier.arguments))
        lay_base(root)
        return Stage(root, dict(BASE_ENV))

    def _arg(self, stage: Stage, told: dockerfile.Command) -> None:
        stage.arguments |= _pair(told.value[0])

    def _env(self, stage: Stage, told: dockerfile.Command) -> None:
        stage.env |= {name: stage.filled_in(value) for name, value in _pairs(told.value)}

    def _label(self, stage: Stage, told: dockerfile.Command) -> None:
        stage.labels |= dict(_pairs(told.value))

    def _workdir(self, stage: Stage, told: dockerfile.Command) -> None:
        stage.workdir = told.value[0]
        stage.inside(".").mkdir(parents=True, exist_ok=True)

    def _user(self, stage: Stage, told: dockerfile.Command) -> None:
        stage.user = told.value[0]

    def _volume(self, stage: Stage, told: dockerfile.Command) -> None:
        stage.volumes += tuple(told.value)

    def _expose(self, stage: Stage, told: dockerfile.Command) -> None:
        stage.ports += tuple(told.value)

    def _cmd(self, stage: Stage, told: dockerfile.Command) -> None:
        assert told.json, "a shell would stand between the signal and the process"
        stage.command = tuple(told.value)

    def _healthcheck(self, stage: Stage, told: dockerfile.Command) -> None:
        assert told.json
        stage.health = tuple(told.value[1:])

    def _copy(self, stage: Stage, told: dockerfile.Command) -> None:
        *sources, target = told.value
        flags = dict(flag.split("=", 1) for flag in told.flags)
        if other := flags.pop("--from", ""):
            found = [self.stage(other).inside(source) for source in sources]
        else:
            found = [path for source in sources for path in self._from_context(source)]
        assert not flags
        for path in found:
            one = stage.inside(target)
            _link(path, one / path.name if target.endswith("/") else one)

    def _from_context(self, source: str) -> list[Path]:
        """The files of the context that are meant, in folders of their own with nothing else beside them."""
        found = [path.relative_to(self._context) for path in self._context.glob(source)]
        let_in = [each for each in found if str(each) in self._allowed]
        assert let_in, f"{source} is not in the context"
        room = self._folder / "context"
        for each in self._allowed:
            place = room / each
            if any(Path(each).is_relative_to(one) for one in let_in) and not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                if (self._context / each).is_dir():
                    place.mkdir(exist_ok=True)
                else:
                    shutil.copy2(self._context / each, place)
        return [room / each for each in let_in]

    def _run(self, stage: Stage, told: dockerfile.Command) -> None:
        assert not told.json
        binds = []
        for flag in told.flags:
            mount = dict(part.split("=", 1) for part in flag.removeprefix("--mount=").split(","))
            assert mount.pop("type") == "cache"
            cache = Path(mount["target"].replace("/root", str(Path.home()), 1))
            cache.mkdir(parents=True, exist_ok=True)
            binds += ["--bind", str(cache), mount["target"]]
        for each in map(os.path.expanduser, NETWORK):
            if Path(each).exists():
                binds += ["--ro-bind", os.path.realpath(each), each.replace(str(Path.home()), "/root", 1)]
        own = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        env = {"HOME": "/root"} | own | stage.arguments | stage.env
        command = ["/bin/sh", "-ec", told.value[0]]
        answer = subprocess.run(
            [*sandbox(stage, env, ["--bind", str(stage.root), "/"], usr="--bind", more=binds), *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, f"{told.original}\n{answer.stdout}\n{answer.stderr}"


def sandbox(
    stage: Stage, env: Mapping[str, str], root: Iterable[str], *, usr: str, more: Iterable[str] = ()
) -> list[str]:
    """A command's beginning that has it see the stage as its machine, with processes of its own."""
    return [
        bubblewrap(),
        *root,
        *("--ro-bind", "/usr", "/usr", usr, str(stage.root / "usr/local"), "/usr/local"),
        *("--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108 - its own
        *more,
        *("--unshare-pid", "--unshare-ipc", "--die-with-parent", "--new-session", "--clearenv"),
        *(word for name, value in env.items() for word in ("--setenv", name, value)),
        *("--chdir", stage.workdir),
    ]


def bubblewrap() -> str:
    """The program, and whoever may use it as a build does; in CI both have to be there."""
    found = shutil.which("bwrap")
    reason = "" if found else "bubblewrap is not installed (apt-get install bubblewrap)"
    if os.geteuid() != 0:
        reason = "only root can perform what a build performs"
    if not reason:
        tried = subprocess.run(
            [found, "--ro-bind", "/", "/", "--unshare-pid", "true"], capture_output=True, check=False
        )
        reason = tried.stderr.decode() if tried.returncode else ""
    if reason:
        return pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


def lay_base(root: Path) -> None:
    """A base's file system: a bare Python with pip under /usr/local, and no other package."""
    for name in ("tmp", "root", "proc", "dev", "usr/local/bin", "usr/local/lib", "etc"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, target in LINKS.items():
        if (Path("/") / name).is_symlink():
            (root / name).symlink_to(target)
    for name in ETC:
        if (Path("/etc") / name).exists():
            subprocess.run(["cp", "-aL", f"/etc/{name}", root / "etc" / name], check=True)
    for name in ("resolv.conf", "pip.conf"):
        (root / "etc" / name).touch()
    _lay_python(sys.executable, root / "usr/local")
    settle = "/sbin/ldconfig && python -m ensurepip --default-pip"
    subprocess.run(
        [*sandbox(Stage(root), BASE_ENV, ["--bind", str(root), "/"], usr="--bind"), "/bin/sh", "-ec", settle],
        check=True,
        capture_output=True,
    )


def _lay_python(python: str, local: Path) -> None:
    """This Python without what was installed into it."""
    tell = "import os, sys; print(sys.base_prefix, os.path.dirname(os.__file__), sep='\\n')"
    told = subprocess.run([python, "-c", tell], check=True, capture_output=True, text=True).stdout
    prefix, library = map(Path, told.split("\n")[:2])
    version = library.name
    shutil.copy2(prefix / "bin" / version, local / "bin" / version)
    for name in ("python", "python3"):
        (local / "bin" / name).symlink_to(version)
    for shared in prefix.glob("lib/libpython*.so*"):
        _link(shared, local / "lib" / shared.name)
    without = shutil.ignore_patterns("*-packages", "test", "tests", "__pycache__", "config-*")
    shutil.copytree(library, local / "lib" / version, ignore=without, copy_function=_link_file)
    (local / "lib" / version / "site-packages").mkdir()
    (local / "lib" / version / "dist-packages").symlink_to("site-packages")  # as Debian's Python calls it


def _link_file(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another file system
        shutil.copy2(source, target, follow_symlinks=False)


def _link(source: Path, target: Path) -> None:
    """The same files at another place, without their content twice."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, copy_function=_link_file, dirs_exist_ok=True)
    else:
        _link_file(str(source), str(target))


def _pair(text: str) -> dict[str, str]:
    name, _, value = text.partition("=")
    return {name: shlex.split(value)[0]}


def _pairs(words: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, shlex.split(value)[0]) for name, value in zip(words[::2], words[1::2], strict=True)]
