"""A collector of telemetry of its own: what the app exports by OTLP, decoded, and each byte of it."""

import contextlib
import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SECONDS = 30


@dataclass
class Span:
    """A span as it arrived, its attributes and its resource's as a dict each."""

    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    error: str | None
    resource: dict[str, Any]
    events: int  # such as exceptions


@dataclass
class Collected:
    """All that arrived; filled by other threads."""

    endpoint: str = ""
    received: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    logs: list[Any] = field(default_factory=list)
    hold: Event = field(default_factory=Event)  # while it is clear, nobody gets an answer
    lock: Lock = field(default_factory=Lock)

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def until(self, there: Callable[[], bool]) -> None:
        """Waits until that has arrived."""
        deadline = time.monotonic() + SECONDS
        while not there():
            assert time.monotonic() < deadline, sorted({span.name for span in self.spans})
            time.sleep(0.05)

    def tree(self, trace: str) -> set[str]:
        """A trace as its paths from the root; raises where it is not one tree."""
        spans = {span.id: span for span in self.spans if span.trace == trace}
        (root,) = [span for span in spans.values() if not span.parent]
        assert all(span.parent in spans for span in spans.values() if span is not root)
        return {_path(span, spans) for span in spans.values()}

    def take(self, path: str, body: bytes) -> None:
        with self.lock:
            self.received.append(body)
            if path == "/v1/traces":
                self.spans += _spans(ExportTraceServiceRequest.FromString(body))
            elif path == "/v1/metrics":
                for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    for scope in resource.scope_metrics:
                        self.metrics |= {metric.name: metric for metric in scope.metrics}
            else:
                for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
                    self.logs += [record for scope in resource.scope_logs for record in scope.log_records]


@contextlib.contextmanager
def collecting(status: int = 200) -> Iterator[Collected]:
    """A collector that answers so, unless it is told to hold its answers back."""
    found = Collected()
    found.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            found.take(self.path, body)
            found.hold.wait()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.endpoint = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        found.hold.set()
        server.shutdown()
        server.server_close()


def value(any_value: Any) -> Any:
    """What an attribute's value is."""
    kind = any_value.WhichOneof("value")
    return getattr(any_value, kind) if kind else None


def attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: value(pair.value) for pair in pairs}


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        about = attributes(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    attributes(span.attributes),
                    span.status.message if span.status.code == 2 else None,
                    about,
                    len(span.events),
                )


def _path(span: Span, spans: dict[str, Span]) -> str:
    above = f"{_path(spans[span.parent], spans)}/" if span.parent else ""
    return above + span.name
