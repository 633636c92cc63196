"""The service of a host: systemd understands it, it is locked up, and what it runs is put where it looks."""

import configparser
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra.deploy.image import ROOT, Stage, lay_base, sandbox
from tests.proxies import program

UNIT = ROOT / "infra" / "deploy" / "rowlight@.service"
INSTALL = ROOT / "infra" / "deploy" / "install.sh"
# A package of one file, already in the lock: how all of them are installed, the image's test shows.
SMALL = "six"
MOST_EXPOSED = 1.5  # of 10, as systemd counts


def analysed(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """What systemd's own tool says of the service on port 8501, whose program it has to find."""
    unit = folder / "rowlight@8501.service"
    unit.write_text(UNIT.read_text().replace("/opt/rowlight/current/venv/bin/python", shutil.which("true")))
    return subprocess.run(
        [program("systemd-analyze"), *words, unit], capture_output=True, text=True, check=False
    )


def service() -> dict[str, str]:
    """The settings of the unit's service; of one that is there twice the last."""
    reader = configparser.ConfigParser(interpolation=None, strict=False)
    reader.optionxform = str
    reader.read(UNIT)
    return dict(reader["Service"])


def test_systemd_understands_every_line(tmp_path):
    answer = analysed(tmp_path, "verify", "--man=no")
    ours = [line for line in answer.stderr.splitlines() if "rowlight" in line]
    assert (answer.returncode, ours) == (0, []), answer.stderr


def test_it_is_locked_up_by_systemds_own_count(tmp_path):
    answer = analysed(tmp_path, "security", "--offline=true", "--no-pager")
    exposed = re.search(r"Overall exposure level for \S+: ([\d.]+)", answer.stdout)
    assert exposed, answer.stderr
    assert float(exposed[1]) <= MOST_EXPOSED


def test_it_owns_nothing_and_its_settings_are_out_of_its_reach():
    told = service()
    assert told["DynamicUser"] == told["NoNewPrivileges"] == told["PrivateTmp"] == "yes"
    assert told["CapabilityBoundingSet"] == ""
    assert told["ProtectSystem"] == "strict"
    assert told["InaccessiblePaths"] == "-" + str(Path(told["EnvironmentFile"]).parent)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A bare machine and a checkout on it, whose lock names one package."""
    root = tmp_path_factory.mktemp("host") / "root"
    lay_base(root)
    checkout = root / "checkout"
    for name in ("app", ".streamlit", "infra/deploy"):
        shutil.copytree(ROOT / name, checkout / name, dirs_exist_ok=True)
    (checkout / ".streamlit" / "secrets.toml").write_text('OIDC_CLIENT_SECRET = "of-somebody-who-tries"\n')
    shutil.copy(ROOT / "LICENSE", checkout)
    lock = (ROOT / "requirements.txt").read_text()
    [pin] = re.findall(rf"^{SMALL}==.*?(?=^\S)", lock, re.MULTILINE | re.DOTALL)
    (checkout / "requirements-telemetry.txt").write_text(pin)
    return Stage(root, workdir="/checkout")


def installed(host: Stage, **settings: str) -> Path:
    """Installs as root would on a host; returns where the version lies that is run from now on."""
    home = Path.home()
    binds = [
        "--bind",
        str(host.root / "etc"),
        "/etc",
        "--bind-try",
        str(home / ".cache/pip"),
        "/root/.cache/pip",
    ]
    for each in ("/etc/resolv.conf", "/etc/pip.conf", "/etc/xdg/pip", f"{home}/.config/pip"):
        if Path(each).exists():
            binds += ["--ro-bind", os.path.realpath(each), each.replace(str(home), "/root", 1)]
    own = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    env = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/bin", "HOME": "/root"} | own | settings
    subprocess.run(
        [
            *sandbox(host, env, ["--bind", str(host.root), "/"], usr="--bind", more=binds),
            *("sh", "infra/deploy/install.sh"),
        ],
        check=True,
    )
    current = host.root / "opt/rowlight/current"
    assert not current.readlink().is_absolute()
    return current.resolve()


def test_what_the_service_runs_is_put_where_it_looks(host):
    (host.root / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
    version = installed(host)
    told = service()
    program, *words = told["ExecStart"].split()
    assert told["WorkingDirectory"] == "/opt/rowlight/current"
    assert (version / Path(program).relative_to("/opt/rowlight/current")).is_symlink()
    assert words[:3] == ["-m", "streamlit", "run"]
    assert (version / words[3]).is_file()
    assert (version / ".streamlit/config.toml").is_file()
    assert (host.root / "etc/systemd/system/rowlight@.service").read_text() == UNIT.read_text()
    settings = host.root / told["EnvironmentFile"].lstrip("/")
    assert (settings.stat().st_mode & 0o777, settings.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(version.glob(f"venv/lib/*/site-packages/{SMALL}.py"))


def test_nothing_else_of_the_checkout_is_on_the_host_and_all_of_it_is_roots(host):
    version = (host.root / "opt/rowlight/current").resolve()
    names = {path.name for path in version.rglob("*")}
    assert not names & {"secrets.toml", "tests", "infra", ".git", "pip"}
    for path in version.rglob("*"):
        assert path.is_symlink() or not path.stat().st_mode & 0o022
        assert path.is_symlink() or path.stat().st_mode & 0o004


def test_an_upgrade_leaves_settings_and_the_version_before(host):
    before = (host.root / "opt/rowlight/current").resolve()
    settings = host.root / "etc/rowlight/settings.env"
    settings.write_text("APP_URL=https://rowlight.example.com\n")
    kept = hashlib.sha256(b"".join(sorted(path.read_bytes() for path in before.rglob("*.py")))).hexdigest()
    after = installed(host)
    assert after != before
    assert settings.read_text() == "APP_URL=https://rowlight.example.com\n"
    again = hashlib.sha256(b"".join(sorted(path.read_bytes() for path in before.rglob("*.py")))).hexdigest()
    assert kept == again
