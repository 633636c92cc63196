"""Where a test person's ID token comes from: a file, standard input, or a sign-in in a browser."""

import base64
import hashlib
import hmac
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from infra.provision.doctor.checks import client, provider
from infra.provision.doctor.context import Context
from infra.provision.doctor.test_person import NoSignIn, TokenSource, claims_of
from infra.provision.errors import SpecError

_LOOPBACK = ("localhost", "127.0.0.1")
_WAIT_SECONDS = 300
_LONGEST = 20_000
_DONE = b"<!doctype html><title>Doctor</title><p>Doctor has what it needs. You can close this window.</p>"


def from_file(path: str) -> TokenSource:
    """The ID token in a file, or of standard input for "-"; SpecError when there is none."""
    try:
        text = sys.stdin.read(_LONGEST) if path == "-" else _read(Path(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"--id-token-file: {path[:200]} cannot be read: {type(error).__name__}") from error
    if not text.strip():
        raise SpecError(f"--id-token-file: there is nothing in {path[:200]}.")
    return lambda _: text


def _read(path: Path) -> str:
    with path.open(encoding="utf-8") as opened:
        return opened.read(_LONGEST)


def in_browser(tell: Callable[[str], None], redirect_uri: str = "") -> TokenSource:
    """Signs somebody in: tells the address to open, and waits on the redirect URI on this computer."""

    def source(context: Context) -> str:
        uri = redirect_uri or client.redirect_uri(context)
        parts = urlsplit(uri)
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
            raise NoSignIn(
                f"Nobody can wait on {uri} here: register http://localhost:9999/callback at the provider for"
                " this client, and give it with --redirect-uri."
            )
        return _signed_in(context, uri, tell)

    return source


def _signed_in(context: Context, uri: str, tell: Callable[[str], None]) -> str:
    state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
    asked = {
        "response_type": "code",
        "client_id": context.need("client_id"),
        "redirect_uri": uri,
        "scope": client.scopes(context),
        "state": state,
        "nonce": nonce,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    url = context.ask(provider.endpoint, "authorization_endpoint")
    with _Listener(uri, state) as listener:
        tell(f"Open this address, and sign in as the test person:\n{url}?{urlencode(asked)}")
        answer = listener.wait()
    if "code" not in answer:
        raise NoSignIn(f"The provider sent them back with the error {answer.get('error', 'unnamed')[:60]!a}.")
    return _redeemed(context, answer["code"], uri, verifier, nonce)


def _redeemed(context: Context, code: str, uri: str, verifier: str, nonce: str) -> str:
    response = client.redeemed(context, code=code, uri=uri, verifier=verifier)
    found: Mapping[str, Any] = provider.json_of(response)
    token = found.get("id_token")
    if not isinstance(token, str):
        raise NoSignIn(f"The token endpoint answered {response.status_code}, and no ID token.")
    context.hide(token)
    if not hmac.compare_digest(str(claims_of(token).get("nonce", "")).encode(), nonce.encode()):
        raise NoSignIn("The ID token is of another sign-in: its nonce is not this one's.")
    return token


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class _Listener:
    """Waits on a redirect URI of this computer for the one answer that has the state."""

    def __init__(self, uri: str, state: str) -> None:
        self._answer: dict[str, str] = {}
        self._came = threading.Event()
        parts = urlsplit(uri)
        try:
            self._server = HTTPServer(("127.0.0.1", parts.port or 80), self._handler(parts.path, state))
        except OSError as error:
            raise NoSignIn(
                f"Port {parts.port or 80} of {uri} is in use here: stop what listens there, the app perhaps,"
                " or give another registered address with --redirect-uri."
            ) from error

    def _handler(self, path: str, state: str) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                found = {name: values[0] for name, values in parse_qs(asked.query).items()}
                ours = hmac.compare_digest(found.get("state", "").encode(), state.encode())
                if asked.path != path or not ours or listener._came.is_set():
                    self.send_error(HTTPStatus.NOT_FOUND)
                    return
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(_DONE)))
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(_DONE)
                listener._answer = found
                listener._came.set()

            def log_message(self, *_: object) -> None:
                """Says nothing: the address has the code in it."""

        return Handler

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> Mapping[str, str]:
        """The answer's parameters; raises NoSignIn when none comes."""
        if not self._came.wait(_WAIT_SECONDS):
            raise NoSignIn(f"Nobody came back from the provider within {_WAIT_SECONDS // 60} minutes.")
        return self._answer
