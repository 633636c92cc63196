"""Redshift's own protocol as far as signing in goes, with TLS and an identity token; then PostgreSQL answers.

The driver is the real one, and so are the statements: what is not Redshift's is the engine behind them.
"""

import contextlib
import datetime as dt
import ipaddress
import select
import socket
import ssl
import struct
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_SSL_REQUEST = 80877103
_PROTOCOL = 196608
_READY = b"Z"
_ENDED = b"SELECT 1\0"
_VERSION = b"server_version\0" + b"8.0.2\0"  # Redshift's; the driver cannot read Debian's
_TOKEN_ASKED = b"R" + struct.pack("!ii", 8, 14)
# PostgreSQL knows no such setting, and takes any whose name has a dot.
_GROUP, _GROUP_THERE = b"query_group", b"rs.querygrp"


def certificate(folder: Path, host: str) -> Path:
    """A certificate for this host, with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName(host)] if host.isalpha() else [x509.IPAddress(ipaddress.ip_address(host))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


class RedshiftWire:
    """Listens on a port of this machine; who has a known token is let in as the user whom it names."""

    def __init__(self, socket_of_postgresql: str, *, certificate: Path, tokens: dict[str, str]):
        self.tokens = tokens
        self.startups: list[dict[str, str]] = []
        self.shown: list[str] = []  # the tokens
        self.open = 0
        self.cut_after: int | None = None  # bytes of the answers, after which the connection breaks
        self.silent = False  # takes connections and says nothing
        self.held_back: bytes | None = None  # a text whose statement arrives after the next cancellation
        self._holds = threading.Event()
        self._cancelled = threading.Event()
        self._postgresql = socket_of_postgresql
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._changed = threading.Condition()
        self._clients: set[socket.socket] = set()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Listens no more, and breaks off what is open."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # which ends the thread that waits there
        self._listener.close()
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def wait_until_open(self, count: int) -> bool:
        """Waits until so many connections are open."""
        with self._changed:
            return self._changed.wait_for(lambda: self.open == count, timeout=10)

    def wait_for_held_back(self) -> bool:
        """Waits until the statement that is held back was sent."""
        return self._holds.wait(10)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._clients.add(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError, struct.error), client:
            if self.silent:
                client.recv(1 << 10)
                client.recv(1)
            self._count(1)
            try:
                self._signed_in(client)
            finally:
                self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self.open += change
            self._changed.notify_all()

    def _signed_in(self, client: socket.socket) -> None:
        length, code = struct.unpack("!ii", _exactly(client, 8))
        assert (length, code) == (8, _SSL_REQUEST), "nothing is said before TLS"
        client.sendall(b"S")
        with self._tls.wrap_socket(client, server_side=True) as line:
            self._clients.add(line)  # which takes the other's place
            (length,) = struct.unpack("!i", _exactly(line, 4))
            words = _exactly(line, length - 4)[4:].decode().split("\0")
            startup = dict(zip(words[::2], words[1::2], strict=False))
            startup.pop("", None)
            self.startups.append(startup)
            line.sendall(_TOKEN_ASKED)
            kind, body = _message(line)
            assert kind == b"i", "the token goes as a token, not as a password"
            self.shown.append(body.decode())
            user = self.tokens.get(body.decode())
            if user is None or startup.get("token_type") != "SUBJECT_TOKEN":
                line.sendall(_error("28000", "IdP token is not valid: secret details"))
                return
            self._answered(line, user, startup["database"])

    def _answered(self, line: ssl.SSLSocket, user: str, database: str) -> None:
        """Hands on what both say, in one thread: a TLS socket is for one at a time."""
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(self._postgresql)
            said = f"user\0{user}\0database\0{database}\0\0".encode()
            there.sendall(struct.pack("!ii", len(said) + 8, _PROTOCOL) + said)
            kind = b""
            while kind != _READY:
                kind, body = _message(there)
                body = _VERSION if body.startswith(b"server_version\0") else body
                line.sendall(_framed(kind, body))
            cancels = False
            while True:
                ready = [line] if line.pending() else select.select([line, there], [], [])[0]
                if there in ready:
                    answer = there.recv(1 << 16)
                    if cancels and _ENDED in answer:
                        self._cancelled.set()
                    if not answer:
                        return
                    line.sendall(answer[: self.cut_after])
                    if self.cut_after is not None and len(answer) > self.cut_after:
                        return
                if line in ready:
                    kind, body = _message(line)
                    body = body.replace(_GROUP, _GROUP_THERE)
                    cancels = cancels or b"pg_cancel_backend" in body
                    if self.held_back is not None and self.held_back in body:
                        self._holds.set()
                        assert self._cancelled.wait(10), "nobody cancels"
                    there.sendall(_framed(kind, body))


def _exactly(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = line.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _message(line: socket.socket) -> tuple[bytes, bytes]:
    kind = _exactly(line, 1)
    (length,) = struct.unpack("!i", _exactly(line, 4))
    return kind, _exactly(line, length - 4)


def _framed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _error(code: str, text: str) -> bytes:
    return _framed(b"E", f"SFATAL\0VFATAL\0C{code}\0M{text}\0\0".encode())
