"""A page of somebody else's, on another port of this machine: to a browser the same site, another origin."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Foreign(ThreadingHTTPServer):
    """Serves one page, whatever the address."""

    daemon_threads = True

    def __init__(self, text: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.body = f"<!doctype html><title>Elsewhere</title><body>{text}</body>".encode()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.server_address[1]}"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Quiet: nobody reads it."""
