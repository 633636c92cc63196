"""Prometheus has a port of its own; a collector that hangs, refuses or is away keeps nobody waiting."""

import contextlib
import signal

import httpx
import pytest

from tests import collector, replica
from tests.app.telemetry.test_documented import prometheus
from tests.conftest import free_ports
from tests.replica import Browser


@contextlib.contextmanager
def serving(stand, settings, log_file, **told):
    """The app with these variables, and somebody who has signed in to it."""
    with replica.running(stand.env, log_file, **settings, **told) as app:
        frank = Browser(stand.env["APP_URL"], app)
        frank.sign_in("Frank Amer")
        yield app, frank


def reads(frank):
    """A page of the person's own, drawn three times and then asked anew."""
    with frank.tab() as tab:
        for _ in range(3):
            page = tab.run()
        assert tab.press(page, "Refresh").metrics["Total sales"]


def test_prometheus_has_a_port_of_its_own_and_nothing_of_it_is_on_the_apps(stand, settings, home):
    (port,) = free_ports(1)
    told = {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": str(port)}
    with serving(stand, settings, home / "prometheus", **told) as (app, frank):
        reads(frank)
        found = httpx.get(f"http://localhost:{port}/metrics").text
        for name in ("rowlight.sign_ins", "rowlight.statement.duration", "rowlight.page.duration"):
            assert f"# TYPE {prometheus(name)} " in found
        assert "rowlight_sign_ins_total{" in found
        assert "@" not in found
        assert "frank" not in found.lower()
        for path in ("/metrics", "/_stcore/metrics", f"/metrics?port={port}", "/-/metrics", "/telemetry"):
            for browser in (frank, Browser(stand.env["APP_URL"], app)):
                assert "rowlight_" not in browser.http.get(path).text
    assert "opentelemetry" not in app.log()


@pytest.mark.parametrize("collector_is", ["hanging", "refusing", "away"])
def test_a_collector_that_fails_slows_no_page_and_stops_no_ending(collector_is, stand, settings, home):
    with contextlib.ExitStack() as stack:
        endpoint = f"http://127.0.0.1:{free_ports(1)[0]}"
        if collector_is != "away":
            found = stack.enter_context(
                collector.collecting(status=200 if collector_is == "hanging" else 403)
            )
            endpoint = found.endpoint
        if collector_is == "hanging":
            found.hold.clear()
        told = {f"OTEL_{signal}_EXPORTER": "otlp" for signal in ("TRACES", "METRICS", "LOGS")}
        # Longer than anybody here waits for a page, or for the process to end.
        told |= {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "600"}
        with serving(stand, settings, home / collector_is, **told) as (app, frank):
            reads(frank)
            if collector_is != "away":
                found.until(lambda: found.received)
        # What runs it has waited for its end, and would have failed.
        assert app.process.returncode == -signal.SIGTERM
        assert "Traceback" not in app.log()


def test_what_is_left_when_the_app_ends_is_handed_over(stand, settings, home):
    late = {"OTEL_BSP_SCHEDULE_DELAY": "600000", "OTEL_METRIC_EXPORT_INTERVAL": "600000"}
    told = {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "otlp"}
    with collector.collecting() as found:
        told["OTEL_EXPORTER_OTLP_ENDPOINT"] = found.endpoint
        with serving(stand, {**settings, **late}, home / "ends", **told) as (_, frank):
            reads(frank)
            assert not found.received
        assert found.named("statement")
        assert "rowlight.sign_ins" in found.metrics


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"OTEL_TRACES_EXPORTER": "smoke-signals"}, "OpenTelemetry cannot be set up (RuntimeError)."),
        ({"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "taken"}, "(OSError)"),
    ],
)
def test_what_cannot_be_done_is_told_on_the_page(told, says, stand, settings, home):
    with contextlib.ExitStack() as stack:
        if told.get("OTEL_EXPORTER_PROMETHEUS_PORT"):
            taken = stack.enter_context(collector.collecting())
            told = {**told, "OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1"}
            told["OTEL_EXPORTER_PROMETHEUS_PORT"] = taken.endpoint.rpartition(":")[2]
        app = stack.enter_context(replica.running(stand.env, home / "refused", **settings, **told))
        with Browser(stand.env["APP_URL"], app).tab() as tab:
            text = tab.run().text
        assert says in text
        assert "RL-104" in text
        assert "RL-104" in app.log()
