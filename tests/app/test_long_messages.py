"""Messages far longer than any browser sends: nobody can fill the process's memory with them."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed

from app.asgi import LONGEST_MESSAGE
from tests.app.test_asgi import SETTINGS, VISITOR, started

TOO_BIG = 1009
COOKIE = f"rowlight_visitor={VISITOR}"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with started(tmp_path_factory.mktemp("popup"), **SETTINGS, SIGN_IN="popup") as running:
        yield running


def message(size):
    """What a browser says of a widget that holds so much."""
    message = BackMsg()
    widget = message.rerun_script.widget_states.widgets.add()
    widget.id, widget.string_value = "x", "A" * size
    return message.SerializeToString()


def closed(socket):
    """The code with which the connection is closed, before the script has run for it."""
    with pytest.raises(ConnectionClosed) as caught:
        socket.recv(timeout=20)
    return caught.value.rcvd.code


def test_a_message_that_is_too_long_ends_its_connection(running):
    with running.socket(cookie=COOKIE) as socket:
        socket.send(message(LONGEST_MESSAGE))
        assert closed(socket) == TOO_BIG


def test_a_message_that_never_ends_is_not_waited_for(running):
    with running.socket(cookie=COOKIE) as socket:

        def parts():
            while True:
                yield b"A" * (LONGEST_MESSAGE // 4)

        with pytest.raises(ConnectionClosed) as caught:
            socket.send(parts())
    assert caught.value.rcvd.code == TOO_BIG


def test_a_message_of_the_usual_kind_is_answered(running):
    with running.socket(cookie=COOKIE) as socket:
        socket.send(message(LONGEST_MESSAGE // 2))
        assert socket.recv(timeout=20)
