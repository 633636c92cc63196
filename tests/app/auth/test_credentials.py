"""A person's credentials as botocore asks for them: at each signature, whatever they are by then."""

from datetime import UTC, datetime

import httpx
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from app.auth.aws import Aws, RoleCredentials
from app.auth.credentials import IdentityCredentials, data_api_client
from app.errors import NotAssigned

ENDS = datetime(2030, 1, 1, tzinfo=UTC)
QUERY = {"Sql": "SELECT 1", "WorkgroupName": "sales", "Database": "dev"}


def keys(name):
    return RoleCredentials(f"ASIA{name.upper()}", f"secret-{name}", f"session-token-{name}", ENDS)


@pytest.fixture(scope="module")
def aws():
    return Aws("us-east-1")


@pytest.fixture
def host(monkeypatch):
    """The host has credentials of its own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAHOSTHOSTHOSTHOST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "host-secret")


def answering(client, signed):
    """Has the client answered without a network; notes what each request was signed with."""

    def answer(request, **_):
        signed.append((request.headers["Authorization"].decode(), request.headers["X-Amz-Security-Token"]))
        return AWSResponse(request.url, httpx.codes.OK, {}, Body(b'{"Id": "1"}'))

    client.meta.events.register("before-send", answer)
    return client


class Body:
    """What botocore reads an answer from."""

    def __init__(self, content):
        self.content = content

    def stream(self, **_):
        yield self.content


def test_nothing_is_asked_until_a_request_is_signed(aws):
    asked = []
    data_api_client(lambda: asked.append("asked"), aws, throttled=print)
    IdentityCredentials(lambda: asked.append("asked")).load()
    assert asked == []


def test_each_request_is_signed_with_what_the_sign_in_holds_by_then(aws):
    held, signed = [keys("first")], []
    client = answering(data_api_client(lambda: held[0], aws, throttled=print), signed)
    client.execute_statement(**QUERY)
    held[0] = keys("second")
    client.execute_statement(**QUERY)
    assert [token for _, token in signed] == [b"session-token-first", b"session-token-second"]
    assert ["ASIAFIRST/" in signed[0][0], "ASIASECOND/" in signed[1][0]] == [True, True]


@pytest.mark.usefixtures("host")
def test_a_persons_client_never_signs_as_the_host(aws):
    signed = []

    def refuse():
        raise NotAssigned("no", "ask")

    client = answering(data_api_client(refuse, aws, throttled=print), signed)
    with pytest.raises(NotAssigned):
        client.execute_statement(**QUERY)
    assert signed == []


def test_two_people_keep_their_own(aws):
    signed = {"frank": [], "ethan": []}
    clients = [
        answering(data_api_client(lambda name=name: keys(name), aws, throttled=print), notes)
        for name, notes in signed.items()
    ]
    for client in clients * 3:
        client.execute_statement(**QUERY)
    assert {token for _, token in signed["frank"]} == {b"session-token-frank"}
    assert {token for _, token in signed["ethan"]} == {b"session-token-ethan"}


@pytest.mark.parametrize(
    ("code", "told"), [("ThrottlingException", {"ExecuteStatement"}), ("ValidationException", set())]
)
def test_whatever_aws_refuses_as_too_much_is_told(aws, monkeypatch, code, told):
    monkeypatch.setattr("time.sleep", lambda _: None)
    throttled = []
    client = data_api_client(lambda: keys("frank"), aws, throttled=throttled.append)
    body = Body(b'{"__type": "%s", "Message": "Rate exceeded"}' % code.encode())
    client.meta.events.register(
        "before-send", lambda request, **_: AWSResponse(request.url, httpx.codes.BAD_REQUEST, {}, body)
    )
    with pytest.raises(ClientError, match=code):
        client.execute_statement(**QUERY)
    assert set(throttled) == told


def test_the_words_of_a_statement_that_failed_are_no_refusal(aws):
    client = data_api_client(lambda: keys("frank"), aws, throttled=pytest.fail)
    body = Body(b'{"Id": "1", "Status": "FAILED", "Error": "ThrottlingException"}')
    client.meta.events.register(
        "before-send", lambda request, **_: AWSResponse(request.url, httpx.codes.OK, {}, body)
    )
    assert client.describe_statement(Id="1")["Error"] == "ThrottlingException"


def test_they_do_not_show_themselves(aws):
    credentials = IdentityCredentials(lambda: keys("frank")).load()
    shown = (
        repr(credentials)
        + repr(vars(credentials))
        + repr(keys("frank"))
        + repr(data_api_client(keys, aws, throttled=print))
    )
    assert not [secret for secret in ("ASIAFRANK", "secret-frank", "session-token-frank") if secret in shown]
