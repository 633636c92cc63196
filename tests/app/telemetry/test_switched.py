"""Telemetry is off until the environment asks for it, and what it asks for wrongly is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import telemetry
from app.audit import Trail

ROOT = Path(__file__).parents[3]


def python(code, **environment):
    """What a process of its own prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.split()


LIVES = """
import sys, threading
from app import main, routes, gate, telemetry
from app.audit import Trail
telemetry.start(secret=b"", namespace="dev")
with telemetry.span("page", whose=Trail("frank@example.com", "0a1b2c3d")) as span:
    span.tell(page="overview")
    telemetry.measure("rowlight.errors", code="RL-110")
    print(bool(telemetry.here()), bool(telemetry.trace()), telemetry.copier() is None)
telemetry.stop()
print(any(name.startswith("opentelemetry") for name in sys.modules), threading.active_count())
"""


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": ""},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "True"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SERVICE_NAME": "x"},
    ],
)
def test_nothing_is_imported_and_no_thread_begins_unless_an_exporter_is_named(environment):
    assert python(LIVES, **environment) == ["False", "False", "True", "False", "1"]


REFUSED = """
from app import telemetry
from app.errors import SettingsError
for _ in range(2):
    try:
        telemetry.start(secret=b"", namespace="dev")
    except SettingsError as error:
        print(error.code, error.remedy.split()[1])
"""
MISSING = "import sys; sys.modules['opentelemetry.sdk._configuration'] = None"


@pytest.mark.parametrize(
    ("environment", "before"),
    [
        ({"OTEL_TRACES_EXPORTER": "smoke-signals"}, ""),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ""),
        ({"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "many"}, ""),
        ({"OTEL_LOGS_EXPORTER": "otlp"}, MISSING),
    ],
)
def test_what_cannot_be_done_is_a_fault_of_the_settings_each_time(environment, before):
    told = python(before + REFUSED, **environment)
    remedy = "requirements-telemetry.txt," if before else "the"
    assert told == ["RL-104", remedy] * 2


@pytest.mark.parametrize("signal", ["TRACES", "METRICS", "LOGS"])
@pytest.mark.parametrize("headers", ["x-team: hunter2-key", "a=b,api-key hunter2-key", 'k="hunter2-key'])
def test_a_header_that_cannot_be_read_is_a_fault_of_the_settings_and_never_in_the_log(signal, headers):
    told = {f"OTEL_{signal}_EXPORTER": "otlp", f"OTEL_EXPORTER_OTLP_{signal}_HEADERS": headers}
    assert python("import sys; sys.stderr = sys.stdout\n" + REFUSED, **told) == ["RL-104", "the"] * 2


def test_it_is_off_in_this_process_and_so_costs_an_empty_span():
    assert telemetry.span("page", whose=Trail("frank@example.com", "0a1b2c3d")) is telemetry.NOTHING
    assert telemetry.current() is telemetry.NOTHING
