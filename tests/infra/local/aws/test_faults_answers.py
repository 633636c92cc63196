"""Faults on demand, as a client meets them: answers that hang or are late, that end early, that refuse."""

import http.client
import io
import socket
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ReadTimeoutError, ResponseStreamingError

from tests import outside
from tests.infra.local.aws.conftest import refusal

SECONDS = 20


@pytest.fixture(scope="module")
def whoami(admin):
    return admin("sts").get_caller_identity


def eventually(holds):
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- hang and late ----------------------------------------------------------------------------------------


def test_a_call_hangs_until_its_fault_is_gone(faults, whoami):
    fault = faults.add("hang", "sts")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(whoami()))
    thread.start()
    eventually(lambda: fault.held == 1)
    assert whoami()["Account"]  # the next one is answered
    assert answers == []
    fault.remove()
    thread.join(SECONDS)
    assert answers[0]["Account"] == "123456789012"


def test_a_client_that_does_not_wait_gives_up(faults, env, whoami):
    with faults.during("hang", "sts"):
        with pytest.raises(ReadTimeoutError):
            outside.aws(env, "sts", outside.administrator(env), read_timeout=0.2).get_caller_identity()
        assert whoami()["Account"]


def test_a_late_answer_is_the_right_one(faults, whoami):
    fault = faults.add("late", "sts", seconds=0.3)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(whoami()))
    thread.start()
    eventually(lambda: fault.held == 1)
    assert answers == []
    thread.join(SECONDS)
    assert answers[0]["Account"] == "123456789012"
    assert (fault.hits, fault.held) == (1, 0)


@pytest.fixture(scope="module")
def frank(env):
    return outside.credentials_of(env, "Frank Amer")


@pytest.fixture(scope="module")
def ethan(env):
    return outside.credentials_of(env, "Ethan Global")


# --- expire -----------------------------------------------------------------------------------------------


def statements(env, keys):
    return outside.aws(env, "redshift-data", keys).list_statements(WorkgroupName=env["REDSHIFT_WORKGROUP"])


def test_a_credential_is_expired_from_that_call_on_and_for_every_service(faults, env, ethan):
    keys = outside.credentials_of(env, "Ethan Global")
    assert "Statements" in statements(env, keys)
    faults.add("expire", "redshift-data", access_key_id=keys["AccessKeyId"])
    for _ in range(2):
        assert refusal(statements, env=env, keys=keys) == "ExpiredTokenException"
    assert refusal(outside.aws(env, "sts", keys).get_caller_identity) == "ExpiredToken"
    faults.clear()
    assert refusal(statements, env=env, keys=keys) == "ExpiredTokenException"
    assert "Statements" in statements(env, ethan)  # another credential of the same person


def test_a_users_own_key_does_not_expire(faults, whoami):
    fault = faults.add("expire", "sts", times="until removed")
    assert whoami()["Account"]
    assert fault.hits == 0


def test_a_persons_contexts_end_with_all_that_was_made_of_them(faults, env):
    id_token = outside.sign_in(env, "Alex Emea").id_token
    bridge = outside.bridge(env, id_token)
    exchanged = outside.aws(env, "sso-oidc", bridge).create_token_with_iam(
        clientId=env["IDC_APPLICATION_ARN"], grantType=outside.JWT_BEARER, assertion=id_token
    )
    first, second = (outside.enhance(env, bridge, exchanged) for _ in range(2))
    other = outside.credentials_of(env, "Ming Apac")
    fault = faults.add("end-context", "redshift-data", person="alex@example.com")
    for keys in (first, second):
        assert refusal(statements, env=env, keys=keys) == "ExpiredTokenException"
    assert fault.hits == 1
    code = refusal(outside.enhance, env=env, credentials=bridge, token=exchanged)
    assert code == "InvalidContextAssertion"
    assert "Statements" in statements(env, other)
    renewed = outside.aws(env, "sso-oidc", bridge).create_token_with_iam(
        clientId=env["IDC_APPLICATION_ARN"], grantType="refresh_token", refreshToken=exchanged["refreshToken"]
    )
    assert "Statements" in statements(env, outside.enhance(env, bridge, renewed))


# --- drop -------------------------------------------------------------------------------------------------


def signed(env, body=b"Action=GetCallerIdentity&Version=2011-06-15"):
    """The bytes of a signed request."""
    url = f"{env['AWS_ENDPOINT_URL']}/"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", url, data=body, headers=headers)
    keys = Credentials(env["ADMIN_AWS_ACCESS_KEY_ID"], env["ADMIN_AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, "sts", "us-east-1").add_auth(request)
    lines = ["POST / HTTP/1.1", f"Host: {urlsplit(url).netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def everything(env, request):
    """All that the server sends until it closes the connection."""
    netloc = urlsplit(env["AWS_ENDPOINT_URL"])
    with socket.create_connection((netloc.hostname, netloc.port), SECONDS) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def test_half_of_the_body_arrives_and_the_connection_is_closed(faults, env):
    faults.add("drop", "sts")
    head, _, body = everything(env, signed(env)).partition(b"\r\n\r\n")
    announced = int(http.client.parse_headers(_lines(head))["Content-Length"])
    assert head.startswith(b"HTTP/1.1 200 ")
    assert len(body) == announced // 2
    assert body.startswith(b"<GetCallerIdentityResponse")
    assert b"</GetCallerIdentityResponse" not in body


def _lines(head):
    return io.BytesIO(head.partition(b"\r\n")[2] + b"\r\n\r\n")


def test_a_client_that_counts_notices(faults, admin):
    s3 = admin("s3")
    s3.create_bucket(Bucket="dropped")
    s3.put_object(Bucket="dropped", Key="key", Body=b"x" * 100_000)
    faults.add("drop", "s3", "GetObject")
    with pytest.raises(ResponseStreamingError):
        s3.get_object(Bucket="dropped", Key="key")["Body"].read()
    assert len(s3.get_object(Bucket="dropped", Key="key")["Body"].read()) == 100_000


def test_an_answer_without_a_body_is_cut_off_too(faults, env):
    """It announces a byte, and the byte does not come."""
    s3 = outside.aws(env, "s3", outside.administrator(env), signature_version="s3v4")
    s3.create_bucket(Bucket="cut-empty")
    url = s3.generate_presigned_url("put_object", {"Bucket": "cut-empty", "Key": "key"})
    faults.add("drop", "s3", "PutObject")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.put(url, content=b"x")
    assert s3.head_object(Bucket="cut-empty", Key="key")["ContentLength"] == 1  # it was carried out


def test_boto3_hands_on_what_is_left_of_an_answer_in_json(faults, env, frank):
    """botocore counts no bytes: it is the caller who has to see that members are missing."""
    data = outside.aws(env, "redshift-data", frank)
    id_ = outside.run(data, env, "SELECT 1 AS one")["Id"]
    faults.add("drop", "redshift-data", "GetStatementResult")
    assert "Records" not in data.get_statement_result(Id=id_)
    assert data.get_statement_result(Id=id_)["Records"] == [[{"longValue": 1}]]
