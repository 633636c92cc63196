"""boto3, set up once: what its clients share, and the one secret that the app reads itself."""

from types import SimpleNamespace

import pytest
from botocore.credentials import CredentialProvider
from botocore.exceptions import ClientError, EndpointConnectionError

from app.auth.aws import Aws, read_secret
from app.errors import SettingsError

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rowlight-AbCdEf"


class Nobody(CredentialProvider):
    METHOD = "nobody"

    def load(self):
        return None


def test_more_people_do_not_make_more_places_to_look_for_models():
    aws = Aws("us-east-1")
    aws.client("sts")
    loader = aws.client_of(Nobody(), "redshift-data")._loader
    before = list(loader.search_paths)
    for _ in range(3):
        assert aws.client_of(Nobody(), "redshift-data")._loader is loader
        aws.client("sso-oidc")
    assert loader.search_paths == before


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
