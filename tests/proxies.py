"""The example proxies of infra/deploy, with other ports, certificates and folders; and a client of theirs."""

import contextlib
import datetime as dt
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DEPLOY = Path(__file__).parents[1] / "infra" / "deploy"
NAME = "rowlight.example.com"
START_SECONDS = 20
NGINX_KEEPS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")  # a folder each, whether used or not


@dataclass(frozen=True)
class Proxy:
    """A running proxy: where it listens, whom its certificate names, and what it wrote."""

    port: int
    http_port: int
    folder: Path

    @property
    def url(self) -> str:
        return url(self.port)

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.folder / "fullchain.pem")

    def logs(self, *, until: str = "") -> str:
        """All that it wrote anywhere, once it has written this: a request is noted after its answer."""
        deadline = time.monotonic() + 20
        while until not in (text := "\n".join(path.read_text() for path in self.folder.glob("*.log"))):
            assert time.monotonic() < deadline, text
            time.sleep(0.05)
        return text


def url(port: int) -> str:
    """Where people open the app; the stand-in has to be told by DEMO_URL before it starts."""
    return f"https://{NAME}:{port}"


class ToThisMachine(httpx.HTTPTransport):
    """Finds the proxy's name here, as a resolver would, and checks its certificate by that name."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == NAME:
            request = httpx.Request(
                request.method,
                request.url.copy_with(host="127.0.0.1"),
                headers=request.headers,  # with the Host as it was
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": NAME},
            )
        return super().handle_request(request)


def client(proxy: Proxy) -> httpx.Client:
    """Somebody who comes through the proxy."""
    return httpx.Client(base_url=proxy.url, transport=ToThisMachine(verify=proxy.trust), timeout=60)


def program(name: str) -> str:
    """A program of Debian's; in CI it has to be there, and elsewhere the test says what is missing."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        reason = f"{name} is not installed (apt-get install {name})"
        return pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


@contextlib.contextmanager
def nginx(
    folder: Path, apps: Sequence[int | str], *, port: int, http_port: int, sticky: bool = True
) -> Iterator[Proxy]:
    """infra/deploy/nginx.conf in front of processes, by port or address; without `sticky` they take turns."""
    site = nginx_site(folder, apps, port=port, http_port=http_port, sticky=sticky)
    whole = f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
        {"user root;" if os.geteuid() == 0 else ""}
        events {{ worker_connections 4096; }}
        http {{
            {"".join(f"{kind}_temp_path {folder}/{kind}; " for kind in NGINX_KEEPS)}
            include {site};
        }}
    """
    (folder / "nginx.conf").write_text(whole)
    command = [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    with _process(command, folder, port):
        yield Proxy(port, http_port, folder)


def nginx_site(folder: Path, apps: Sequence[int | str], *, port: int, http_port: int, sticky: bool) -> Path:
    """The example with these ports, this folder's certificate and logs; all else is as it stands."""
    certify(folder)
    addresses = [each if isinstance(each, str) else f"127.0.0.1:{each}" for each in apps]
    servers = "\n".join(f"    server {each} max_fails=3 fail_timeout=5s;" for each in addresses)
    text = put(
        (DEPLOY / "nginx.conf").read_text(),
        ("    server 127.0.0.1:8501 max_fails=3 fail_timeout=5s;", servers),
        ("listen 80 ", f"listen 127.0.0.1:{http_port} "),
        ("listen [::]:80 ", f"listen [::1]:{http_port} "),
        ("listen 443 ", f"listen 127.0.0.1:{port} "),
        ("listen [::]:443 ", f"listen [::1]:{port} "),
        (f"https://{NAME}$", f"https://{NAME}:{port}$"),
        ("/etc/ssl/rowlight/", f"{folder}/"),
        ("/var/log/nginx/", f"{folder}/"),
    )
    if not sticky:
        text = put(text, ("    hash $rowlight_route consistent;\n", ""))
    site = folder / "rowlight.conf"
    site.write_text(text)
    return site


@contextlib.contextmanager
def caddy(folder: Path, app: int, *, port: int, http_port: int) -> Iterator[Proxy]:
    """infra/deploy/Caddyfile in front of the process on this port, with a certificate that is here."""
    certify(folder)
    own = f"\thttp_port {http_port}\n\thttps_port {port}\n\tskip_install_trust\n"
    text = put(
        (DEPLOY / "Caddyfile").read_text(),
        ("\tadmin off\n", f"\tadmin off\n{own}"),
        (f"\n{NAME} {{", f"\n{NAME} {{\n\ttls {folder}/fullchain.pem {folder}/privkey.pem"),
        (f"https://{NAME}{{", f"https://{NAME}:{port}{{"),
        ("127.0.0.1:8501", f"127.0.0.1:{app}"),
        ("/var/log/caddy/", f"{folder}/"),
    )
    (folder / "Caddyfile").write_text(text)
    told = ["--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    env = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    tested = subprocess.run(
        [program("caddy"), "validate", *told], env=env, capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stderr
    with _process([program("caddy"), "run", *told], folder, port, env):
        yield Proxy(port, http_port, folder)


def put(text: str, *changes: tuple[str, str]) -> str:
    """The text with other words in it; each has to be there."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def certify(folder: Path) -> None:
    """A certificate for the proxy's name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@contextlib.contextmanager
def _process(
    command: list[str], folder: Path, port: int, env: Mapping[str, str] = os.environ
) -> Iterator[None]:
    with (folder / "output.log").open("w") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert process.poll() is None, (folder / "output.log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2):
                break
            assert time.monotonic() < deadline, (folder / "output.log").read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)
