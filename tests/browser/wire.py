"""A SOCKS proxy between one browser and everything: it keeps what crosses it, and can cut connections."""

import contextlib
import socket
import socketserver
import threading
from dataclasses import dataclass, field

_STREAM = b"GET /_stcore/stream"
_GRANTED = b"\x05\x00\x00\x01" + bytes(6)


@dataclass(eq=False)
class Tunnel:
    """A TCP connection through the proxy, with the bytes of both directions."""

    host: str
    near: socket.socket
    far: socket.socket
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)

    @property
    def is_stream(self) -> bool:
        """Whether it became a WebSocket of Streamlit's."""
        return self.sent.startswith(_STREAM)

    def sent_text(self) -> str:
        """What the browser sent; of a WebSocket only the handshake, because its frames are masked."""
        return self._text(self.sent)

    def received_text(self) -> str:
        """What the browser received; of a WebSocket only the handshake."""
        return self._text(self.received)

    def _text(self, kept: bytearray) -> str:
        text = bytes(kept).decode("latin-1").replace("\r\n", "\n")
        return text.partition("\n\n")[0] if self.is_stream else text

    def cut(self) -> None:
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class _Socks(socketserver.StreamRequestHandler):
    """SOCKS 5 without authentication, as Chromium speaks it (RFC 1928)."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.rfile.read(self.rfile.read(2)[1])
            self.wfile.write(b"\x05\x00")
            kind = self.rfile.read(4)[3]
            if kind == 3:
                host = self.rfile.read(self.rfile.read(1)[0]).decode()
            else:
                family, length = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
                host = socket.inet_ntop(family, self.rfile.read(length))
            port = int.from_bytes(self.rfile.read(2))
            with socket.create_connection((host, port)) as far:
                self.wfile.write(_GRANTED)
                self._carry(Tunnel(f"{host}:{port}", self.connection, far))

    def _carry(self, tunnel: Tunnel) -> None:
        self.server.tunnels.append(tunnel)
        back = threading.Thread(target=_pump, args=(tunnel, tunnel.far, tunnel.near, tunnel.received))
        back.start()
        _pump(tunnel, tunnel.near, tunnel.far, tunnel.sent)
        back.join()


def _pump(tunnel: Tunnel, source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            kept.extend(data)
            target.sendall(data)
    tunnel.cut()


class Wire(socketserver.ThreadingTCPServer):
    """The running proxy."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Socks)
        self.tunnels: list[Tunnel] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def proxy(self) -> dict[str, str]:
        """What a browser context is told, so that even this machine is reached through here."""
        return {"server": f"socks5://127.0.0.1:{self.server_address[1]}", "bypass": "<-loopback>"}

    @property
    def streams(self) -> list[Tunnel]:
        """The WebSockets to the app so far."""
        return [tunnel for tunnel in self.tunnels if tunnel.is_stream]

    def drop_streams(self) -> None:
        """Cuts every WebSocket, as a server does that goes away."""
        for tunnel in self.streams:
            tunnel.cut()
