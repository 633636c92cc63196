"""Faults on demand, as a client of the endpoint meets them, and who may ask for them."""

import http.client
import io
import json
import socket
import threading
import time
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ReadTimeoutError, ResponseStreamingError

from infra.local.aws.faults import MOST_FAULTS
from tests import outside
from tests.infra.local.aws.conftest import refusal
from tests.infra.local.aws.fault_control import FaultControl

SECONDS = 20


@pytest.fixture
def faults(env):
    control = FaultControl(env["AWS_ENDPOINT_URL"])
    yield control
    control.clear()


@pytest.fixture(scope="module")
def admin(env):
    return lambda service: outside.aws(env, service, outside.administrator(env))


@pytest.fixture(scope="module")
def whoami(admin):
    return admin("sts").get_caller_identity


def eventually(holds):
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- which calls ----------------------------------------------------------------------------------------


def test_without_a_fault_nothing_is_listed_and_nothing_happens(faults, whoami):
    assert faults.listed() == []
    assert whoami()["Account"] == "123456789012"


def test_a_fault_happens_once_and_says_so(faults, whoami):
    fault = faults.add("throttle", "sts", "GetCallerIdentity")
    assert refusal(whoami) == "Throttling"
    assert whoami()["Account"]
    assert fault.told() == {
        "id": fault.id,
        "what": "throttle",
        "service": "sts",
        "operation": "GetCallerIdentity",
        "times": 1,
        "after": 0,
        "hits": 1,
        "held": 0,
    }


def test_a_fault_happens_so_often_after_so_many(faults, whoami):
    fault = faults.add("fail", "sts", after=2, times=3)
    outcomes = []
    for _ in range(7):
        try:
            whoami()
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == ["ok", "ok", *["InternalFailure"] * 3, "ok", "ok"]
    assert fault.hits == 3


def test_a_fault_happens_until_it_is_removed(faults, whoami):
    fault = faults.add("throttle", "*", times="until removed")
    for _ in range(3):
        assert refusal(whoami) == "Throttling"
    fault.remove()
    assert whoami()["Account"]
    assert faults.listed() == []


def test_the_oldest_of_several_faults_happens_first(faults, whoami):
    faults.add("throttle", "sts")
    faults.add("fail", "sts", code="Second", status=418)
    assert [refusal(whoami), refusal(whoami)] == ["Throttling", "Second"]


def test_another_operation_and_another_service_go_on(faults, admin, whoami):
    fault = faults.add("fail", "iam", "ListRoles", times="until removed")
    assert whoami()["Account"]
    assert admin("iam").list_users()["Users"]
    assert fault.hits == 0
    assert refusal(admin("iam").list_roles) == "ServiceFailure"


@pytest.fixture(scope="module")
def frank(env):
    return outside.exchange(env, outside.sign_in(env, "Frank Amer").id_token, "frank@example.com")


@pytest.fixture(scope="module")
def ethan(env):
    return outside.exchange(env, outside.sign_in(env, "Ethan Global").id_token, "ethan@example.com")


@pytest.mark.parametrize("whose", ["person", "role", "access_key_id"])
def test_a_fault_may_be_somebodys_alone(whose, faults, env, frank, admin):
    value = {
        "person": "frank@example.com",
        "role": env["DATA_ROLE_ARN"].rpartition("/")[2],
        "access_key_id": frank["AccessKeyId"],
    }[whose]
    fault = faults.add("throttle", "redshift-data", times="until removed", **{whose: value})
    mine = outside.aws(env, "redshift-data", frank)
    assert refusal(mine.list_statements, WorkgroupName=env["REDSHIFT_WORKGROUP"]) == "ThrottlingException"
    theirs = admin("redshift-data")
    assert "Statements" in theirs.list_statements(WorkgroupName=env["REDSHIFT_WORKGROUP"])
    assert fault.hits == 1


def test_a_person_is_also_whom_the_session_is_named_after(faults, env):
    """So that the exchange can fail for one person: the bridge role's session has only the name."""
    id_token = outside.sign_in(env, "Ming Apac").id_token
    bridge = outside.bridge(env, id_token, "ming@example.com")
    other = outside.bridge(env, outside.sign_in(env, "Alex Emea").id_token, "alex@example.com")
    faults.add("throttle", "sso-oidc", person="ming@example.com", times="until removed")
    assert refusal(outside.exchange_by, env=env, credentials=bridge, id_token=id_token) == "SlowDownException"
    assert outside.exchange_by(env, other, outside.sign_in(env, "Alex Emea").id_token)["AccessKeyId"]


def test_a_call_without_a_signature_is_nobodys(faults, env):
    id_token = outside.sign_in(env, "Frank Amer").id_token
    faults.add("throttle", "sts", person="outside", times="until removed")
    assert outside.bridge(env, id_token)["AccessKeyId"]
    faults.add("throttle", "sts", "AssumeRoleWithWebIdentity")
    assert refusal(outside.bridge, env=env, id_token=id_token) == "Throttling"


def test_only_who_proved_who_they_are_meets_a_fault(faults, env, frank):
    fault = faults.add("fail", "*", times="until removed")
    forged = outside.aws(env, "sts", frank | {"SecretAccessKey": "x"})
    assert refusal(forged.get_caller_identity) == "SignatureDoesNotMatch"
    assert fault.hits == 0


# --- throttle and fail ------------------------------------------------------------------------------------

CALLS = {
    "cloudtrail": ("lookup_events", {}),
    "dynamodb": ("list_tables", {}),
    "iam": ("list_roles", {}),
    "redshift": ("describe_redshift_idc_applications", {}),
    "redshift-data": ("list_statements", {}),
    "redshift-serverless": ("list_workgroups", {}),
    "s3": ("list_buckets", {}),
    "secretsmanager": ("list_secrets", {}),
    "sso-admin": ("list_instances", {}),
    "sso-oidc": ("create_token_with_iam", {"clientId": "x", "grantType": "x"}),
    "sts": ("get_caller_identity", {}),
}


@pytest.mark.parametrize(
    ("service", "throttled", "broken"),
    [
        ("cloudtrail", ("ThrottlingException", 400), ("InternalServerException", 500)),
        ("dynamodb", ("ThrottlingException", 400), ("InternalServerError", 500)),
        ("iam", ("Throttling", 400), ("ServiceFailure", 500)),
        ("redshift", ("Throttling", 400), ("InternalFailure", 500)),
        ("redshift-data", ("ThrottlingException", 400), ("InternalServerException", 500)),
        ("redshift-serverless", ("ThrottlingException", 400), ("InternalServerException", 500)),
        ("s3", ("SlowDown", 503), ("InternalError", 500)),
        ("secretsmanager", ("ThrottlingException", 400), ("InternalServiceError", 500)),
        ("sso-admin", ("ThrottlingException", 400), ("InternalServerException", 500)),
        ("sso-oidc", ("SlowDownException", 400), ("InternalServerException", 500)),
        ("sts", ("Throttling", 400), ("InternalFailure", 500)),
    ],
)
def test_each_service_has_its_own_names(service, throttled, broken, faults, admin):
    operation, parameters = CALLS[service]
    for what, expected in (("throttle", throttled), ("fail", broken)):
        faults.add(what, service)
        with pytest.raises(ClientError) as caught:
            getattr(admin(service), operation)(**parameters)
        answer = caught.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == expected


def test_a_failure_may_be_any(faults, admin):
    faults.add("fail", "redshift-data", "ListStatements", code="ServiceUnavailableException", status=503)
    with pytest.raises(ClientError) as caught:
        admin("redshift-data").list_statements()
    answer = caught.value.response
    assert answer["Error"]["Code"] == "ServiceUnavailableException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_cloudtrail_has_the_faulted_call_with_its_error(faults, admin):
    faults.add("throttle", "iam", "ListGroups")
    with pytest.raises(ClientError) as caught:
        admin("iam").list_groups()
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "ListGroups"}]
    event = admin("cloudtrail").lookup_events(LookupAttributes=wanted, MaxResults=1)["Events"][0]
    record = json.loads(event["CloudTrailEvent"])
    assert (record["errorCode"], record["errorMessage"]) == ("Throttling", "Rate exceeded")
    assert record["requestID"] == caught.value.response["ResponseMetadata"]["RequestId"]


# --- hang and late ----------------------------------------------------------------------------------------


def client(env, service, **config):
    """The administrator's client with a configuration of its own."""
    return boto3.Session().client(
        service,
        region_name="us-east-1",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        aws_access_key_id=env["ADMIN_AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["ADMIN_AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


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
            client(env, "sts", read_timeout=1).get_caller_identity()
        assert whoami()["Account"]


def test_a_late_answer_is_the_right_one(faults, whoami):
    fault = faults.add("late", "sts", seconds=1)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(whoami()))
    thread.start()
    eventually(lambda: fault.held == 1)
    assert answers == []
    thread.join(SECONDS)
    assert answers[0]["Account"] == "123456789012"
    assert (fault.hits, fault.held) == (1, 0)


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
    s3 = client(env, "s3", signature_version="s3v4")
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


# --- who may ask ------------------------------------------------------------------------------------------

GOOD = {"what": "throttle", "service": "sts"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost:8501"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_no_web_page_asks_for_a_fault(headers, status, faults):
    body = json.dumps(GOOD).encode()
    answer = httpx.post(faults.url, content=body, headers={"Content-Type": "application/json", **headers})
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers
    assert faults.listed() == []


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost:8501"}, {"Sec-Fetch-Site": "cross-site"}])
def test_no_web_page_lists_or_removes(headers, faults):
    fault = faults.add("throttle", "sts")
    assert httpx.get(faults.url, headers=headers).status_code == 403
    assert httpx.delete(faults.url, headers=headers).status_code == 403
    assert httpx.delete(f"{faults.url}/{fault.id}", headers=headers).status_code == 403
    preflight = {**headers, "Access-Control-Request-Method": "DELETE"}
    assert httpx.options(faults.url, headers=preflight).status_code == 403
    assert [each["id"] for each in faults.listed()] == [fault.id]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "", 405),
        ("POST", "/1", 405),
        ("GET", "/1", 405),
        ("DELETE", "/none", 404),
        ("OPTIONS", "", 405),
    ],
)
def test_other_methods_and_other_faults_are_refused(method, path, status, faults):
    assert httpx.request(method, f"{faults.url}{path}", json=GOOD).status_code == status


def test_a_body_that_is_too_long_is_not_read(faults):
    answer = httpx.post(faults.url, json={**GOOD, "person": "x" * 70_000})
    assert answer.status_code == 413


def test_faults_beyond_the_bound_are_refused(faults):
    for _ in range(MOST_FAULTS):
        faults.add("throttle", "sts", "GetSessionToken")
    assert httpx.post(faults.url, json=GOOD).status_code == 409
