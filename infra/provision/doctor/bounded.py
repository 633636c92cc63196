"""HTTP for questions to strangers: no answer is longer than one needs, or takes longer to arrive."""

import time
from collections.abc import Iterator
from typing import Any

import httpx

_MOST_BYTES = 1_000_000
_MOST_SECONDS = 20.0


class AnswerTooLong(httpx.TransportError):
    """More came than anything that is asked for has, or it took too long to come."""


class Client(httpx.Client):
    """A client that reads no answer for ever; it follows no redirects."""

    def __init__(
        self, *, most_bytes: int = _MOST_BYTES, most_seconds: float = _MOST_SECONDS, **more: Any
    ) -> None:
        super().__init__(follow_redirects=False, **more)
        self._most_bytes = most_bytes
        self._most_seconds = most_seconds

    def send(self, request: httpx.Request, *, stream: bool = False, **more: Any) -> httpx.Response:
        """The answer, read whole; AnswerTooLong where that has no end."""
        begun = time.monotonic()
        response = super().send(request, stream=True, **more)
        if stream:
            return response
        try:
            body = b"".join(self._parts(response, begun))
        finally:
            response.close()
        # What is read is unpacked already.
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _PACKING]
        return httpx.Response(response.status_code, headers=headers, content=body, request=request)

    def _parts(self, response: httpx.Response, begun: float) -> Iterator[bytes]:
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > self._most_bytes or time.monotonic() - begun > self._most_seconds:
                raise AnswerTooLong("The answer is too long, or takes too long.", request=response.request)
            yield part


_PACKING = frozenset({"content-encoding", "content-length", "transfer-encoding"})
