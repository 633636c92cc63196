"""What the server itself writes, on behalf of anybody who knocks: lines of the log like any other."""

import json
import socket

from tests.app.test_asgi import SETTINGS, VISITOR, started


def knock(port):
    """A request that no parser can follow, which uvicorn notes by itself."""
    with socket.create_connection(("localhost", port), 10) as connection:
        connection.sendall(b"GET /\xff HTTP/1.1\r\n\r\n")
        assert b" 400 " in connection.recv(1000)


def break_in(running):
    """A message of a kind that Streamlit fails at, with a traceback."""
    with running.socket(cookie=f"rowlight_visitor={VISITOR}") as socket:
        socket.send("not bytes")


def written(tmp_path, **settings):
    """The log of a process that met both, without the greeting that is for a terminal."""
    with started(tmp_path, **SETTINGS, SIGN_IN="popup", **settings) as running:
        knock(running.port)
        break_in(running)
    lines = (tmp_path / "log").read_text().partition(f"URL: {running.url}\n")[2].strip().splitlines()
    return [line for line in lines if "app.load" not in line]  # which the app says by itself


def test_its_errors_are_objects_where_the_log_is_of_objects(tmp_path):
    lines = [json.loads(line) for line in written(tmp_path, LOG_FORMAT="json")]
    errors = {(each["logger"], each["level"]) for each in lines}
    assert errors == {("uvicorn.error", "WARNING"), ("uvicorn.error", "ERROR")}
    assert any("Traceback" in each.get("exception", "") for each in lines)


def test_its_errors_have_a_time_a_level_and_a_name(tmp_path):
    lines = written(tmp_path)
    records = [line for line in lines if not line.startswith("  | ")]
    assert len(lines) > len(records) > 0
    assert all(" uvicorn.error: " in line for line in records)


def test_what_is_said_before_the_settings_are_known_is_redacted_too(tmp_path):
    told = {"OTEL_METRICS_EXPORTER": "console", "OTEL_RESOURCE_ATTRIBUTES": "password: hunter2"}
    with started(tmp_path, **SETTINGS, **told):
        pass
    log = (tmp_path / "log").read_text()
    assert " WARNING opentelemetry.sdk.resources: " in log
    assert "hunter2" not in log
