"""Two processes of the app behind the example proxy, with one table, as people meet them."""

import base64
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from tests import proxies, replica, stand_in
from tests.conftest import free_ports
from tests.replica import Replica
from tests.stand_in import StandIn


@dataclass
class House:
    """The stand-in, the settings of a process, and where the proxy will listen."""

    stand: StandIn
    home: Path
    settings: dict[str, str] = field(repr=False)
    port: int
    http_port: int
    interrupted: int = 0  # questions whose process may have gone before it could tell what came of them
    started: list[Path] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.stand.env["APP_URL"]

    def process(self, name: str, *, port: int = 0, root: Path = replica.ROOT):
        """Starts a process of the app, of this checkout; at a port that another one had, in its place."""
        self.started.append(self.home / name)
        return replica.running(self.stand.env, self.home / name, port=port, root=root, **self.settings)

    def logs(self) -> list[str]:
        """What each process wrote that was ever started here."""
        return [log.read_text() for log in self.started]

    def proxy(self, *processes: Replica, sticky: bool):
        """Starts the proxy in front of these; without `sticky` they take turns, request by request."""
        folder = Path(mkdtemp(prefix="proxy-", dir=self.home))
        apps = [each.port for each in processes]
        return proxies.nginx(folder, apps, port=self.port, http_port=self.http_port, sticky=sticky)


@contextmanager
def house(home: Path, *, stand: dict[str, str] | None = None, **settings: str) -> Iterator[House]:
    """A stand-in that expects the app behind the proxy, and what the app's processes need in its account."""
    proxies.program("nginx")
    port, http_port = free_ports(2)
    with ExitStack() as running:
        told = {"DEMO_URL": proxies.url(port), **(stand or {})}
        started = running.enter_context(stand_in.running(home / "stand-in", **told))
        stand_in.session_table(started.env)
        own = {
            **stand_in.host_user(started.env),
            "SESSION_KEY": base64.b64encode(os.urandom(32)).decode(),
            **settings,
        }
        yield House(started, home, own, port, http_port)
