"""Serving a WSGI application."""

from typing import Any

import waitress
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

CONNECTIONS = 2_000


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress is not typed
    """Reads a request; one without a body is complete whatever it expects.

    boto3 sends `Expect: 100-continue` with every upload. Told to continue with nothing, it would wait for an
    answer while waitress waits for a body.
    """

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if not self.content_length and not self.chunked:
            self.expect_continue = False


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress is not typed
    parser_class = _Parser


def create_server(application: Any, *, port: int, threads: int, address: str = "127.0.0.1") -> Any:
    """A server on IPv4's loopback or another address, not yet running; port 0 is any free one."""
    server = waitress.create_server(
        application,
        listen=f"{address}:{port}",
        threads=threads,
        ident=None,
        # Each person's client keeps a connection open. Beyond waitress's usual hundred, the next would wait
        # until some of them had been idle for two minutes.
        connection_limit=CONNECTIONS,
        # select() knows no descriptor above 1024.
        asyncore_use_poll=True,
    )
    server.channel_class = _Channel
    return server
