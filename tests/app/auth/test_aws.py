"""boto3, set up once: what its clients share, and the one secret that the app reads itself."""

import gc
import threading
import tracemalloc
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from botocore.credentials import CredentialProvider, Credentials
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from app.auth.aws import ONCE, UNSIGNED_REQUESTS, Aws, RoleCredentials, read_secret
from app.errors import SettingsError

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rowlight-AbCdEf"


class Nobody(CredentialProvider):
    METHOD = "nobody"

    def load(self):
        return None


class Somebody(CredentialProvider):
    METHOD = "somebody"

    def load(self):
        return Credentials("AKIA", "secret", "token")


def test_more_people_do_not_make_more_places_to_look_for_models():
    aws = Aws("us-east-1")
    aws.client("sts")
    loader = aws.client_of(Nobody(), "redshift-data", throttled=print)._loader
    before = list(loader.search_paths)
    for _ in range(3):
        assert aws.client_of(Nobody(), "redshift-data", throttled=print)._loader is loader
        aws.client("sso-oidc")
    assert loader.search_paths == before


def test_a_person_more_costs_little():
    """Of botocore's handlers their client has those that its calls can meet; all would be 200 kB."""
    aws = Aws("us-east-1")
    clients = [aws.client_of(Nobody(), "redshift-data", throttled=print)]
    gc.collect()
    tracemalloc.start()
    try:
        clients += [aws.client_of(Nobody(), "redshift-data", throttled=print) for _ in range(10)]
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / 10 < 100_000


def test_what_has_nothing_of_anybodys_is_made_once():
    aws, keys = Aws("us-east-1"), RoleCredentials("AKIA", "secret", "token", datetime.now(UTC))
    assert aws.client("sts") is aws.client("sts")
    unsigned = aws.client("sts", config=UNSIGNED_REQUESTS)
    assert unsigned is aws.client("sts", config=UNSIGNED_REQUESTS)
    assert unsigned is not aws.client("sts")
    assert aws.client("sts", credentials=keys) is not aws.client("sts", credentials=keys)


def test_a_call_that_counts_once_meets_no_connection_of_before():
    aws = Aws("us-east-1")
    assert aws.client("sso-oidc", config=ONCE) is not aws.client("sso-oidc", config=ONCE)


def test_a_person_hears_of_their_own_refused_calls_alone():
    aws, told = Aws("us-east-1"), {"Frank": [], "Ming": []}
    clients = {
        name: aws.client_of(Nobody(), "redshift-data", throttled=heard.append) for name, heard in told.items()
    }
    for name in ("Frank", "Ming", "Ming"):
        client = clients[name]
        client.meta.events.emit(
            "needs-retry.redshift-data.ExecuteStatement",
            response=(SimpleNamespace(status_code=400), {"Error": {"Code": "ThrottlingException"}}),
            operation=client.meta.service_model.operation_model("ExecuteStatement"),
            attempts=1,
            caught_exception=None,
            request_dict={"context": {}},
        )
    assert told == {"Frank": ["ExecuteStatement"], "Ming": ["ExecuteStatement"] * 2}


def test_half_an_answer_is_none_to_a_person_either(half):
    client = Aws("us-east-1").client_of(Somebody(), "redshift-data", throttled=print)
    half(client)
    with pytest.raises(ConnectionClosedError) as caught:
        client.describe_statement(Id="a")
    assert "very-secret" not in str(caught.value)


@pytest.fixture
def manager(monkeypatch):
    """Secrets Manager, which answers as it is told."""
    answers = []

    def get_secret_value(*, SecretId):  # noqa: N803 - AWS's name
        assert SecretId == ARN
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    client = SimpleNamespace(get_secret_value=get_secret_value)
    monkeypatch.setattr(Aws, "client", lambda _, service: {"secretsmanager": client}[service])
    return answers


def test_a_secret_is_its_text(manager):
    manager.append({"SecretString": "of the client"})
    assert read_secret(ARN, "us-east-1") == "of the client"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"SecretBinary": b"x"}, "it holds no text"),
        ({"SecretString": ""}, "it holds no text"),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "of the client"}}, "Get"),
            "AccessDeniedException",
        ),
        (EndpointConnectionError(endpoint_url="https://of the client"), "EndpointConnectionError"),
    ],
)
def test_a_secret_that_cannot_be_read_is_told_by_its_reason_alone(manager, answer, reason):
    manager.append(answer)
    with pytest.raises(SettingsError) as caught:
        read_secret(ARN, "us-east-1")
    assert caught.value.code == "RL-102"
    assert f"({reason})" in caught.value.message
    assert "of the client" not in caught.value.message
    assert caught.value.__context__ is None


class HalfAnswers(BaseHTTPRequestHandler):
    """Announces a whole answer and closes the connection half-way through it."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b"<AssumeRoleResult><Credentials><SecretAccessKey>very-secret"
        self.send_response(200)
        self.send_header("Content-Length", str(2 * len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def half():
    """Has a client's calls answered by halves."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), HalfAnswers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    yield lambda client: client.meta.events.register(
        "before-call", lambda params, **_: params.update(url=url)
    )
    server.shutdown()


def test_half_an_answer_is_none_and_is_not_repeated(half):
    keys = RoleCredentials("AKIA", "secret", "token", datetime.now(UTC))
    client = Aws("us-east-1").client("sts", credentials=keys)
    half(client)
    with pytest.raises(ConnectionClosedError) as caught:
        client.assume_role(RoleArn="arn:aws:iam::123456789012:role/Data", RoleSessionName="frank")
    assert "very-secret" not in str(caught.value)
