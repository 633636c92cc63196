"""OpenTelemetry's SDK, set up by its own variables; imported where they ask for it, and only there."""

import atexit
import hashlib
import hmac
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Token
from functools import partial
from logging import LogRecord
from typing import Self

from opentelemetry import _logs, context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app import telemetry
from app.errors import AppError
from app.telemetry.names import ATTRIBUTES, BUCKETS, HOPS, METRICS, Hop

_NAME = "rowlight"
# What telemetry shows of any text; and the characters of a label, which nothing from outside may multiply.
_LONGEST = 200
_LABEL = re.compile(r"[\w.-]{1,64}", re.ASCII)
# Whatever hangs together around an @; an address may hold almost anything.
_ADDRESS = re.compile(r"[^\s@]{0,254}(?:@[^\s@]{0,254})+")
# For what is left when the app ends; a collector that hangs gets no more.
_STOP_SECONDS = 3.0
_OURS = context.create_key("rowlight")
_PROPAGATOR = TraceContextTextMapPropagator()

Value = str | int | float | bool


class _Configurator(_OTelSDKConfigurator):
    """The SDK's own reading of its variables; subclassed, as it wants to be."""


class Telemetry:
    """The process's telemetry; it lasts as long as the process."""

    def __init__(self, *, secret: bytes, namespace: str) -> None:
        """Raises what the SDK raises for variables that it cannot follow."""
        self._key = hmac.digest(secret or secrets.token_bytes(32), b"rowlight telemetry", hashlib.sha256)
        self._namespace = namespace
        if "service.name=" not in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
            os.environ.setdefault("OTEL_SERVICE_NAME", _NAME)
        # The specification's default; the SDK's is gRPC.
        os.environ.setdefault("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        # It would write a header that it cannot read into the log, with the key to the collector in it.
        logging.getLogger("opentelemetry.util.re").addFilter(_refuse)
        # Never its handler of the log, which would send records as they were before they were redacted.
        _Configurator().configure(setup_logging_handler=False)  # type: ignore[no-untyped-call]
        providers = trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider()
        self._shutdowns = [getattr(provider, "shutdown") for provider in providers]  # noqa: B009 - the SDK's
        for shutdown in self._shutdowns:
            atexit.unregister(shutdown)  # it would wait for a collector that hangs; see `stop`
        self._tracer = trace.get_tracer(_NAME) if _exports("TRACES") else trace.NoOpTracer()
        self._measures = _instruments()

    def span(
        self, name: str, parent: str, whose: telemetry.Whose | None, about: Mapping[str, object]
    ) -> telemetry.Span:
        """See app.telemetry."""
        if whose is not None:
            about = {"person": whose.person or None, "session": whose.session or None, **about}
        hop = HOPS[name]
        fixed = {**hop.fixed, "db.namespace": self._namespace} if "db.system.name" in hop.fixed else hop.fixed
        made = self._tracer.start_span(
            name,
            _PROPAGATOR.extract({"traceparent": parent}) if parent else None,
            trace.SpanKind[hop.kind.upper()],
            {**fixed, **self.attributes(about)},
        )
        return _Recorded(self, hop, made, about)

    def current(self) -> telemetry.Span:
        """See app.telemetry."""
        found = context.get_value(_OURS)
        return found if isinstance(found, telemetry.Span) else telemetry.NOTHING

    def here(self) -> str:
        """See app.telemetry."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier.get("traceparent", "")

    def trace(self) -> Mapping[str, str]:
        """See app.telemetry."""
        found = trace.get_current_span().get_span_context()
        if not found.is_valid:
            return {}
        return {
            "trace_id": trace.format_trace_id(found.trace_id),
            "span_id": trace.format_span_id(found.span_id),
        }

    def happened(self, event: str, about: Mapping[str, object]) -> None:
        """See app.telemetry."""
        self.current().tell(**about)
        milliseconds, outcome = about.get("milliseconds"), str(about["outcome"])
        seconds = milliseconds / 1000 if isinstance(milliseconds, int) else 0.0
        match event:
            case "sign-in" | "refusal":
                self.measure("rowlight.sign_ins", 1, {"way": str(about.get("way")), "outcome": outcome})
            case "sign-out":
                self.measure("rowlight.sign_outs", 1, {"reason": str(about.get("reason", "asked"))})
            case "renewal":
                self.measure("rowlight.renewals", 1, {"outcome": outcome})
            case "exchange":
                labels = {"step": str(about.get("step")), "outcome": outcome}
                self.measure("rowlight.exchange.duration", seconds, labels)
            case "query":
                self.measure("rowlight.statement.duration", seconds, {"outcome": outcome})
                for part in ("warehouse", "transfer", "parse"):
                    took = about.get(f"{part}_milliseconds")
                    if isinstance(took, int):
                        self.measure("rowlight.statement.part", took / 1000, {"part": part})

    def measure(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """See app.telemetry."""
        safe = {label: text if _LABEL.fullmatch(text) else "other" for label, text in labels.items()}
        self._measures[name](value, safe)

    def copier(self) -> telemetry.Copy | None:
        """See app.telemetry."""
        return self._copy if _exports("LOGS") else None

    def _copy(self, record: LogRecord, fields: Mapping[str, Value | None]) -> None:
        # What it says of its own failures would become more to fail with.
        if record.name.startswith("opentelemetry") or context.get_value(_QUIET):
            return
        told = {name: self._nameless(value) for name, value in fields.items() if value is not None}
        if record.exc_text:
            told["exception.stacktrace"] = self._nameless(record.exc_text)
        _logs.get_logger(record.name).emit(
            timestamp=int(record.created * 1e9),
            severity_number=_logs.SeverityNumber(min(max(record.levelno, 1) // 10, 5) * 4 + 1),
            severity_text=record.levelname,
            body=self._nameless(record.getMessage()),
            attributes={name: value for name, value in told.items() if name not in _TRACE},
        )

    def attributes(self, about: Mapping[str, object]) -> dict[str, Value]:
        """What may be told of these, by the names that OpenTelemetry has for them."""
        told: dict[str, Value] = {}
        for name, value in about.items():
            if name == "person" and isinstance(value, str):
                told[ATTRIBUTES[name]] = self._pseudonym(value)
            elif name in ATTRIBUTES and isinstance(value, str | int | float):
                told[ATTRIBUTES[name]] = value[:_LONGEST] if isinstance(value, str) else value
        return told

    def _pseudonym(self, person: str) -> str:
        # Keyed, for whoever has a company's list of addresses could try a plain hash on each.
        return hmac.digest(self._key, person.encode(errors="backslashreplace"), hashlib.sha256).hex()[:32]

    def _nameless(self, value: Value) -> Value:
        """A text with a pseudonym for each address in it."""
        if not isinstance(value, str) or "@" not in value:
            return value
        return _ADDRESS.sub(lambda found: self._pseudonym(found[0]), value)

    def stop(self) -> None:
        """See app.telemetry."""
        until = time.monotonic() + _STOP_SECONDS
        threads = [
            threading.Thread(target=partial(_quietly, shutdown), name="rowlight-hands-over", daemon=True)
            for shutdown in self._shutdowns
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


class _Recorded(telemetry.Span):
    """A hop that is recorded: as a span, and in its metric."""

    __slots__ = ("_about", "_began", "_home", "_hop", "_outcome", "_over", "_span", "_token")

    def __init__(self, home: Telemetry, hop: Hop, span: trace.Span, about: Mapping[str, object]) -> None:
        self._home = home
        self._hop = hop
        self._span = span
        self._about = dict(about)
        self._began = time.perf_counter()
        self._outcome = "ok"
        self._over = False

    def __enter__(self) -> Self:
        self._token = self._enter()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        context.detach(self._token)
        self.end(error)

    def tell(self, **about: object) -> None:
        self._about.update(about)
        self._span.set_attributes(self._home.attributes(about))

    def fail(self, error: BaseException) -> None:
        if not isinstance(error, Exception):  # Streamlit takes the person elsewhere
            self._outcome = "interrupted"
            self.tell(interrupted=True)
            return
        self._outcome = _code(error)
        self._span.set_attribute("error.type", self._outcome)
        self._span.set_status(trace.StatusCode.ERROR, self._outcome)

    def end(self, error: BaseException | None = None) -> None:
        if self._over:
            return
        self._over = True
        if error is not None:
            self.fail(error)
        if self._hop.metric:
            known = {**self._about, "outcome": self._outcome}
            labels = {label: str(known.get(label, "")) for label in METRICS[self._hop.metric].labels}
            self._home.measure(self._hop.metric, time.perf_counter() - self._began, labels)
        self._span.end()

    def carried(self, call: telemetry.Call) -> telemetry.Call:
        def under() -> None:
            token = self._enter()
            try:
                call()
            finally:
                context.detach(token)

        return under

    def _enter(self) -> Token[Context]:
        return context.attach(context.set_value(_OURS, self, trace.set_span_in_context(self._span)))


_QUIET = context._SUPPRESS_INSTRUMENTATION_KEY  # noqa: SLF001 - set where the SDK itself is at work
_TRACE = {"trace_id", "span_id"}  # which a copy has in fields of its own


def _refuse(_: LogRecord) -> bool:
    raise ValueError


def _exports(signal: str) -> bool:
    return os.environ.get(f"OTEL_{signal}_EXPORTER", "").strip().lower() not in telemetry.NONE


def _instruments() -> Mapping[str, Callable[[float, Mapping[str, str]], None]]:
    """What takes the values of each metric."""
    meter, takes = metrics.get_meter(_NAME), {}
    for name, metric in METRICS.items():
        if metric.kind == "histogram":
            histogram = meter.create_histogram(
                name, metric.unit, metric.about, explicit_bucket_boundaries_advisory=BUCKETS
            )
            takes[name] = histogram.record
        elif metric.kind == "counter":
            takes[name] = meter.create_counter(name, metric.unit, metric.about).add
        else:
            takes[name] = meter.create_gauge(name, metric.unit, metric.about).set
    return takes


def _code(error: Exception) -> str:
    """An error's name: ours, or AWS's for it; never a text, which may repeat what was sent."""
    code: object = error.code if isinstance(error, AppError) else type(error).__name__
    answer = getattr(error, "response", None)
    if isinstance(answer, Mapping) and isinstance(answer.get("Error"), Mapping):
        code = answer["Error"].get("Code")
    return code if isinstance(code, str) and _LABEL.fullmatch(code) else "other"


def _quietly(shutdown: Callable[[], object]) -> None:
    # A collector that is away raises one thing or another, and nobody is left to tell.
    with suppress(Exception):
        shutdown()
