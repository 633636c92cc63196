"""What the app tells of itself by OpenTelemetry, where OTEL_… variables ask for it; else nothing at all.

A hop says `with telemetry.span(…)`; the audit event that it leaves tells the rest (see app.audit). What may
be told, and by which names, is in app.telemetry.names. While it is off, nothing of OpenTelemetry is imported.
"""

import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, Self

from app.errors import SettingsError

if TYPE_CHECKING:
    from app.telemetry.sdk import Telemetry

_EXPORTERS = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER")
NONE = {"", "none"}  # an exporter that is none

Call = Callable[[], None]
Copy = Callable[[logging.LogRecord, Mapping[str, str | int | float | bool | None]], None]


class Whose(Protocol):
    """A trail of the audit: whose work it is."""

    @property
    def person(self) -> str:
        """The person's address, which telemetry tells nobody."""
        ...

    @property
    def session(self) -> str:
        """The public reference of the sign-in."""
        ...


class Span:
    """A hop while it lasts; this one, of nobody, does nothing."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Ends it, with what it raised."""

    def tell(self, **about: object) -> None:
        """Adds attributes, by the names of names.ATTRIBUTES; others are left out."""

    def fail(self, error: BaseException) -> None:
        """Says by its code what it failed of, and nothing else of the error."""

    def end(self, error: BaseException | None = None) -> None:
        """Ends one that was begun; again, it does nothing."""

    def carried(self, call: Call) -> Call:
        """The call, for another thread, as a part of this hop."""
        return call


NOTHING = Span()
_on: "Telemetry | None" = None
_refused: SettingsError | None = None


def asked_for() -> bool:
    """Whether the environment asks for telemetry."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return any(os.environ.get(name, "").strip().lower() not in NONE for name in _EXPORTERS)


def start(*, secret: bytes, namespace: str) -> None:
    """Begins, once and where it is asked for; raises SettingsError where that cannot be.

    People are told apart by a keyed hash: with a `secret`, of equal value in all processes that have it and
    over their restarts; without one, in this process alone. `namespace` is the database's name.
    """
    global _on, _refused  # noqa: PLW0603 - of the process, like the SDK's own providers
    if _on is not None or not asked_for():
        return
    if _refused is None:
        try:
            from app.telemetry.sdk import Telemetry  # noqa: PLC0415 - only who asks for it pays for it

            _on = Telemetry(secret=secret, namespace=namespace)
        except ImportError:
            _refused = _refusal("OpenTelemetry is not installed.", "Install requirements-telemetry.txt")
        except (RuntimeError, ValueError, OSError) as error:  # the SDK's, for variables that it cannot follow
            _refused = _refusal(
                f"OpenTelemetry cannot be set up ({type(error).__name__}).",
                "Check the OTEL_ variables: exporters are otlp (by http/protobuf alone), console and, for "
                "metrics, prometheus, whose port must be free; headers are name=value, with commas between",
            )
    if _refused is not None:
        raise _refused.anew()


def _refusal(problem: str, remedy: str) -> SettingsError:
    return SettingsError(
        f"OTEL_ variables ask for telemetry. {problem}",
        f"{remedy}, or take {', '.join(_EXPORTERS)} out of the environment; then start the app again.",
        code="RL-104",
    )


def stop() -> None:
    """Hands over what is left, within seconds, whatever the collector does."""
    if _on is not None:
        _on.stop()


def span(name: str, *, parent: str = "", whose: Whose | None = None, **about: object) -> Span:
    """A hop of names.HOPS, to be entered; under the one that is entered, or under a `parent` (see `here`)."""
    return NOTHING if _on is None else _on.span(name, parent, whose, about)


def current() -> Span:
    """The hop that this thread is in."""
    return NOTHING if _on is None else _on.current()


def carried(call: Call) -> Call:
    """The call, for another thread, as a part of the hop that this thread is in."""
    return call if _on is None else _on.current().carried(call)


def here() -> str:
    """The hop that this thread is in, as a text for `parent`: kept on this side, and never a browser's."""
    return "" if _on is None else _on.here()


def trace() -> Mapping[str, str]:
    """The hop that this thread is in, as a record of the log names it."""
    return {} if _on is None else _on.trace()


def copier() -> Copy | None:
    """What takes a copy of each record that the log writes; None where nobody asks for copies."""
    return _on.copier() if _on is not None else None


def happened(event: str, about: Mapping[str, object]) -> None:
    """An event of the audit trail: it describes the hop that it happened in, and is counted."""
    if _on is not None:
        _on.happened(event, about)


def measure(name: str, value: float = 1, **labels: str) -> None:
    """A value of one of names.METRICS."""
    if _on is not None:
        _on.measure(name, value, labels)
