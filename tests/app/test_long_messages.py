"""Messages far longer than any browser sends: nobody can fill the process's memory with them."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed

from app.asgi import LONGEST_MESSAGE
from tests.app.test_asgi import SETTINGS, VISITOR, started

TOO_BIG = 1009
# Of a frame: what it is, and how its length is written.
CONTINUATION, BINARY, MASKED, LONG = 0, 2, 128, 127
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


def begin(socket, size, *, opcode=BINARY):
    """Says how long the next part of a message will be, and that it is not the last; the part is not sent."""
    # By hand, for no library leaves a part out. If there were bytes that the server never reads, its close
    # could get lost on the way.
    socket.socket.sendall(bytes([opcode, MASKED | LONG]) + size.to_bytes(8, "big") + bytes(4))


def closed(socket):
    """The code with which the server closes the connection, whatever it was waiting for."""
    with pytest.raises(ConnectionClosed) as caught:
        socket.recv(timeout=10)
    return caught.value.rcvd.code


def test_a_message_that_is_too_long_is_refused_before_it_is_sent(running):
    with running.socket(cookie=COOKIE) as socket:
        begin(socket, LONGEST_MESSAGE + 1)
        assert closed(socket) == TOO_BIG


def test_a_message_that_never_ends_is_not_waited_for(running):
    with running.socket(cookie=COOKIE) as socket:
        begin(socket, LONGEST_MESSAGE)
        socket.socket.sendall(bytes(LONGEST_MESSAGE))
        begin(socket, 1, opcode=CONTINUATION)
        assert closed(socket) == TOO_BIG


def test_a_message_of_the_usual_kind_is_answered(running):
    with running.socket(cookie=COOKIE) as socket:
        socket.send(message(LONGEST_MESSAGE // 2))
        assert socket.recv(timeout=20)
