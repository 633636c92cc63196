"""Processes of the app behind one address, and a browser whose load balancer the test is."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests import outside
from tests.conftest import free_ports
from tests.raw_socket import Tab

ROOT = Path(__file__).parents[1]
START_SECONDS = 300
SECONDS = 60
# One pool for all browsers: a client of its own each would spend its time on TLS that nobody speaks here.
_WIRE = httpx.HTTPTransport(limits=httpx.Limits(max_connections=None, max_keepalive_connections=10))


@dataclass(frozen=True)
class Replica:
    """A running process of the app: where it listens, and what it wrote to its log."""

    port: int
    log_file: Path
    process: subprocess.Popen

    def log(self) -> str:
        return self.log_file.read_text()

    def events(self, name: str) -> list[str]:
        """The lines of the audit trail that tell of such an event."""
        return [line for line in self.log().splitlines() if f" app.audit: {name} " in line]

    def resident_bytes(self) -> int:
        """The memory of the process that is in use."""
        answer = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], check=True, capture_output=True, text=True
        )
        return int(answer.stdout) * 1024

    def cpu_seconds(self) -> float:
        """The processor time that the process has used so far, all its threads together."""
        # The second field, the program's name in brackets, may hold blanks.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running(
    env: Mapping[str, str], log_file: Path, *, port: int = 0, root: Path = ROOT, **settings: str
) -> Iterator[Replica]:
    """`streamlit run app/asgi.py` with what the stand-in tells, and these settings over it.

    It listens on a free port, or on the given one, and is the version whose checkout `root` is.
    """
    port = port or free_ports(1)[0]
    told = {name: value for name, value in env.items() if not name.startswith("ADMIN_")}
    home = {"PATH": os.environ["PATH"], "HOME": str(log_file.parent)}
    with log_file.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app/asgi.py", f"--server.port={port}"],
            cwd=root,
            env={**home, **told, "AWS_EC2_METADATA_DISABLED": "true", **settings},
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_healthy(process, port, log_file)
        yield Replica(port, log_file, process)
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_healthy(process: subprocess.Popen, port: int, log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log_file.read_text()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/_stcore/health").is_success:
                return
        time.sleep(0.05)
    raise AssertionError(f"not healthy within {START_SECONDS} seconds: {log_file.read_text()}")


class _Balancer(httpx.BaseTransport):
    """Brings what is addressed to the app to the process that the browser is at; all else goes its way."""

    def __init__(self, app_url: str) -> None:
        self._app = httpx.URL(app_url)
        self.port = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.port != self._app.port:
            return _WIRE.handle_request(request)
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        # The Host header stays, as behind any load balancer.
        return _WIRE.handle_request(
            httpx.Request(request.method, url, headers=request.headers, stream=request.stream)
        )


class Browser:
    """Cookies, redirects and tabs of somebody; `at` says which process answers from now on."""

    def __init__(self, app_url: str, at: Replica) -> None:
        self.app_url = app_url
        self._balancer = _Balancer(app_url)
        self.http = httpx.Client(base_url=app_url, transport=self._balancer, timeout=SECONDS)
        self.at(at)

    def at(self, replica: Replica) -> "Browser":
        self._balancer.port = replica.port
        return self

    def open(self, path: str = "/") -> httpx.Response:
        """A page, as typed into the address bar."""
        return self.http.get(path, headers={"Accept": "text/html", "Sec-Fetch-Dest": "document"})

    def post(self, path: str, **fields: str) -> httpx.Response:
        """A form of one of the app's own pages."""
        return self.http.post(path, data=fields, headers={"Origin": self.app_url})

    def stands(self) -> bool:
        """Whether the process holds this browser for signed in."""
        return self.http.get("/auth/session").status_code == httpx.codes.NO_CONTENT

    def to_provider(self, name: str, *, return_to: str = "/") -> str:
        """Signs in at the provider; returns where it sends the browser back to."""
        answer = self.http.get("/auth/login", params={"return_to": return_to})
        while answer.is_redirect:
            answer = self.http.get(answer.headers["location"])
        return self.press(answer, name)

    def press(self, page: httpx.Response, name: str) -> str:
        """Presses the person's button; returns where the provider sends the browser back to."""
        answer = outside.press(self.http, page, name)
        while answer.is_redirect and not answer.headers["location"].startswith(self.app_url):
            answer = self.http.get(answer.headers["location"])
        assert answer.is_redirect, answer.text[:300]
        return answer.headers["location"]

    def sign_in(self, name: str, *, return_to: str = "/") -> httpx.Response:
        """The whole of the full-page way; the answer is the callback's."""
        return self.http.get(self.to_provider(name, return_to=return_to))

    def tab(self) -> Tab:
        """A tab of this browser, connected to the process that it is at."""
        cookies = {name: value for name, value in self.http.cookies.items() if name.startswith("rowlight_")}
        return Tab(self.app_url, port=self._balancer.port, cookies=cookies)


def ticket(html: str) -> str:
    """The ticket in the form that hands it over."""
    found = re.search(r'name="ticket" value="([^"]+)"', html)
    assert found, html[-500:]
    return found[1]
