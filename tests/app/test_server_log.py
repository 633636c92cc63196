"""What the server itself writes, on behalf of anybody who knocks: lines of the log like any other."""

import json
import re
import socket

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed

from tests.app.test_asgi import SETTINGS, VISITOR, started


def knock(port):
    """A request that no parser can follow, which uvicorn notes by itself."""
    with socket.create_connection(("localhost", port), 10) as connection:
        connection.sendall(b"GET /\xff HTTP/1.1\r\n\r\n")
        assert b" 400 " in connection.recv(1000)


def says(**told):
    """What a browser says as it asks for the page."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    message.rerun_script.widget_states.widgets.extend([WidgetState(**told)] if told else [])
    return message.SerializeToString()


def drawn(socket):
    """The id of the sign-in page's button, once the page is there."""
    found = ""
    while True:
        told = ForwardMsg.FromString(socket.recv(30))
        if told.WhichOneof("type") == "script_finished":
            return found
        found = told.delta.new_element.button.id or found


def closed(socket):
    """By which code the connection is closed."""
    while True:
        try:
            socket.recv(30)
        except ConnectionClosed:
            return socket.close_code


def say_what_no_browser_says(running):
    """Text; what is no message; and a value that no button has. The first two are the connection's end."""
    for sent in ("not bytes", b"\xff\xff\xff"):
        with running.socket(cookie=f"rowlight_visitor={VISITOR}") as socket:
            socket.send(sent)
            assert closed(socket) == (1003 if isinstance(sent, str) else 1002)
    with running.socket(cookie=f"rowlight_visitor={VISITOR}") as socket:
        socket.send(says())
        socket.send(says(id=drawn(socket), json_value="{"))
        drawn(socket)


def written(tmp_path, **settings):
    """The log of a process that met all of it, without the greeting that is for a terminal."""
    with started(tmp_path, **SETTINGS, SIGN_IN="popup", **settings) as running:
        knock(running.port)
        say_what_no_browser_says(running)
    lines = (tmp_path / "log").read_text().partition(f"URL: {running.url}\n")[2].strip().splitlines()
    return [line for line in lines if "app.load" not in line]  # which the app says by itself


def test_it_is_objects_where_the_log_is_of_objects(tmp_path):
    lines = [json.loads(line) for line in written(tmp_path, LOG_FORMAT="json")]
    assert {"uvicorn.error", "app.gate", "app.main"} < {each["logger"] for each in lines}
    failed = [each["exception"].splitlines()[-1] for each in lines if "exception" in each]
    assert [each.partition(":")[0].rpartition(".")[2] for each in failed] == [
        "DecodeError",
        "JSONDecodeError",
    ]
    # Nobody is woken for what strangers say: that takes an error, or an outcome of an event.
    assert {each["level"] for each in lines} == {"WARNING"}
    assert not [each for each in lines if "outcome" in each]


def test_it_has_a_time_a_level_and_a_name(tmp_path):
    lines = written(tmp_path)
    records = [line for line in lines if not line.startswith("  | ")]
    assert len(lines) > len(records) > 0
    assert all(
        re.match(r"\d{4}-[\d-]+ [\d:,]+ WARNING (?:uvicorn|streamlit|app)\.", line) for line in records
    )


def test_what_is_said_before_the_settings_are_known_is_redacted_too(tmp_path):
    told = {"OTEL_METRICS_EXPORTER": "console", "OTEL_RESOURCE_ATTRIBUTES": "password: hunter2"}
    with started(tmp_path, **SETTINGS, **told):
        pass
    log = (tmp_path / "log").read_text()
    assert " WARNING opentelemetry.sdk.resources: " in log
    assert "hunter2" not in log
