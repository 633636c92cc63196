"""A provider that never stops answering does not keep doctor, nor fill its memory."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.provision.doctor.bounded import AnswerTooLong, Client

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Serves what a function writes; returns the address."""
    servers = []

    def serve(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    answer(self)
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://localhost:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def begin(handler: BaseHTTPRequestHandler, **headers: str) -> None:
    handler.send_response(200)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def endless(handler: BaseHTTPRequestHandler) -> None:
    begin(handler)
    while True:
        handler.wfile.write(b" " * 65_536)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    begin(handler)
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.02)


def bomb(handler: BaseHTTPRequestHandler) -> None:
    begin(handler, Content_Encoding="gzip")
    handler.wfile.write(gzip.compress(b" " * 50_000_000))


@pytest.mark.parametrize("answer", [endless, dripping, bomb])
def test_an_answer_without_end_is_ended(serve: Callable[[Answer], str], answer: Answer) -> None:
    client = Client(timeout=5, most_bytes=1_000_000, most_seconds=0.5)
    with client, pytest.raises(AnswerTooLong):
        client.get(serve(answer))


def packed(handler: BaseHTTPRequestHandler) -> None:
    begin(handler, Content_Encoding="gzip", Content_Type="application/json", Set_Cookie="a=b")
    handler.wfile.write(gzip.compress(b'{"issuer": "x"}'))


def test_an_answer_is_read_as_it_is(serve: Callable[[Answer], str]) -> None:
    with Client(timeout=5) as client:
        found = client.get(serve(packed))
        assert (found.json(), found.headers["content-type"]) == ({"issuer": "x"}, "application/json")
        assert client.cookies["a"] == "b"


def led_on(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://169.254.169.254/latest/meta-data/")
    handler.end_headers()


def test_nobody_is_led_elsewhere(serve: Callable[[Answer], str]) -> None:
    with Client(timeout=5) as client:
        found = client.get(serve(led_on))
    assert found.is_redirect
    assert found.headers["location"].startswith("http://169")
