"""The token that signs a person in to Redshift: asked for as the person, for one warehouse, kept nowhere."""

from datetime import UTC, datetime

import httpx
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from app.auth.aws import Aws
from app.auth.identity_token import IdentityToken, NoToken, identity_tokens
from tests.app.auth.test_credentials import Body, keys

JSON = b'{"token": "secret-token", "expirationTime": "2030-01-01T00:00:00Z"}'
XML = (
    b"<GetIdentityCenterAuthTokenResponse><GetIdentityCenterAuthTokenResult><Token>secret-token</Token>"
    b"<ExpirationTime>2030-01-01T00:00:00Z</ExpirationTime></GetIdentityCenterAuthTokenResult>"
    b"</GetIdentityCenterAuthTokenResponse>"
)
TARGETS = [
    ({"WorkgroupName": "sales"}, JSON, b'{"workgroupNames": ["sales"]}'),
    ({"ClusterIdentifier": "sales"}, XML, b"ClusterIds.ClusterIdentifier.1=sales"),
]


@pytest.fixture
def aws(monkeypatch):
    """Answers without a network, and notes what was asked."""
    made, sent = Aws("us-east-1"), []
    make = made.client_of

    def client_of(*args, **kwargs):
        client = make(*args, **kwargs)

        def answer(request, **_):
            sent.append(request)
            return AWSResponse(request.url, made.status, {}, Body(made.answer))

        client.meta.events.register("before-send", answer)
        return client

    monkeypatch.setattr(made, "client_of", client_of)
    made.sent, made.status = sent, httpx.codes.OK
    return made


@pytest.mark.parametrize(("target", "answer", "asked"), TARGETS)
def test_it_is_asked_for_this_warehouse_alone_signed_as_the_person_and_each_time(aws, target, answer, asked):
    aws.answer, held = answer, [keys("first")]
    tokens = identity_tokens(lambda: held[0], aws, target=target)
    assert aws.sent == []
    first = tokens()
    held[0] = keys("second")
    assert tokens() == first == IdentityToken("secret-token", datetime(2030, 1, 1, tzinfo=UTC))
    signers = [request.headers["X-Amz-Security-Token"] for request in aws.sent]
    assert signers == [b"session-token-first", b"session-token-second"]
    body = aws.sent[0].body
    assert asked in (body if isinstance(body, bytes) else body.encode())


def test_it_is_in_no_representation(aws):
    aws.answer = JSON
    assert "secret-token" not in repr(identity_tokens(lambda: keys("frank"), aws, target=TARGETS[0][0])())


def test_an_answer_without_one_is_an_error(aws):
    aws.answer = b"{}"
    with pytest.raises(NoToken):
        identity_tokens(lambda: keys("frank"), aws, target=TARGETS[0][0])()


def test_a_refusal_is_raised_as_it_came(aws):
    aws.answer, aws.status = b'{"__type": "AccessDeniedException", "message": "no"}', 400
    with pytest.raises(ClientError, match="AccessDeniedException"):
        identity_tokens(lambda: keys("frank"), aws, target=TARGETS[0][0])()
