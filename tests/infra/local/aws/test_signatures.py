"""Who signs: right keys, wrong keys, old keys, altered requests."""

import datetime as dt

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.infra.local.aws.conftest import refusal

# service: (a call that needs no parameters, the protocol's names for unknown, wrong and expired)
PROTOCOLS = {
    "sts": ("get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"),
    "iam": ("list_users", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"),
    "redshift": (
        "describe_redshift_idc_applications",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
    ),
    "sso-admin": (
        "list_instances",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
    ),
    "redshift-data": (
        "list_statements",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
    ),
    "secretsmanager": (
        "list_secrets",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
    ),
    "dynamodb": (
        "list_tables",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
    ),
    "s3": ("list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"),
}


@pytest.fixture(scope="module")
def bridge(world):
    return world.bridge()


@pytest.mark.parametrize("service", PROTOCOLS)
def test_wrong_credentials_have_the_protocols_names(world, bridge, service):
    operation, unknown, wrong, expired = PROTOCOLS[service]

    def code(**changes):
        return refusal(getattr(world.served.client(service, {**bridge, **changes}), operation))

    assert code(AccessKeyId="ASIAAAAAAAAAAAAAAAAA") == unknown
    assert code(AccessKeyId="AKIAAAAAAAAAAAAAAAAA", SessionToken=None) == unknown
    assert code(SessionToken="x" * 256) == unknown
    assert code(SessionToken=None) == unknown
    assert code(SecretAccessKey="x" * 40) == wrong
    with world.served.later(3601):
        assert code() == expired


def test_a_users_key_takes_no_session_token(world):
    keys = {"AccessKeyId": world.served.key, "SecretAccessKey": world.served.secret, "SessionToken": "x"}
    assert refusal(world.served.client("sts", keys).get_caller_identity) == "InvalidClientTokenId"


def test_clocks_may_differ_by_five_minutes(world):
    with world.served.later(290):
        assert world.served.client("sts").get_caller_identity()
    for seconds in (-310, 310):
        with world.served.later(seconds):
            assert refusal(world.served.client("sts").get_caller_identity) == "SignatureDoesNotMatch"
            assert refusal(world.served.client("sso-admin").list_instances) == "InvalidSignatureException"
            assert refusal(world.served.client("s3").list_buckets) == "RequestTimeTooSkewed"


def test_another_region_is_not_here(world):
    assert refusal(world.served.client("sso-admin", region="eu-west-1").list_instances) == (
        "InvalidSignatureException"
    )


def signed(world, body: bytes, *, signer=SigV4Auth, **headers) -> AWSRequest:
    request = AWSRequest(
        "POST",
        f"{world.served.url}/",
        data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
    )
    signer(Credentials(world.served.key, world.served.secret), "sts", "us-east-1").add_auth(request)
    return request


IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"


def send(request: AWSRequest, **changes) -> httpx.Response:
    sent = {"content": request.data, "headers": dict(request.headers), "url": request.url, **changes}
    return httpx.post(**sent)


def test_a_signed_request_is_answered_with_its_id(world):
    answer = send(signed(world, IDENTITY))
    assert answer.status_code == 200
    assert answer.headers["x-amzn-requestid"] in answer.text


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {"content": IDENTITY + b"&More=1"},
        lambda request: {"url": f"{request.url}?More=1"},
        lambda request: {"headers": {**request.headers, "Content-Type": "text/plain"}},
        lambda request: {"headers": {**request.headers, "Host": "evil.example"}},
        lambda request: {"headers": {**request.headers, "X-Amz-Target": "SWBExternalService.ListInstances"}},
    ],
)
def test_an_altered_request_is_refused(world, change):
    request = signed(world, IDENTITY)
    assert "SignatureDoesNotMatch" in send(request, **change(request)).text


def test_a_signature_that_leaves_out_the_host_is_refused(world):
    class Hostless(SigV4Auth):
        def headers_to_sign(self, request):
            headers = super().headers_to_sign(request)
            del headers["host"]
            return headers

    answer = send(signed(world, IDENTITY, signer=Hostless))
    assert "SignatureDoesNotMatch" in answer.text


@pytest.mark.parametrize("claimed", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "0" * 64])
def test_a_signature_that_leaves_out_the_body_is_refused(world, claimed):
    answer = send(signed(world, IDENTITY, **{"X-Amz-Content-SHA256": claimed}))
    assert "SignatureDoesNotMatch" in answer.text


def test_the_scope_cannot_be_moved_to_another_service(world):
    request = signed(world, IDENTITY)
    moved = request.headers["Authorization"].replace("/sts/", "/iam/")
    answer = send(request, headers={**dict(request.headers), "Authorization": moved})
    assert "SignatureDoesNotMatch" in answer.text


@pytest.mark.parametrize(
    "header", ["", "Bearer token", "AWS4-HMAC-SHA256 Credential=a/b/c", "AWS AKIA:signature", "x" * 10_000]
)
def test_an_authorization_that_is_none_is_refused(world, header):
    answer = httpx.post(
        world.served.url,
        content=IDENTITY,
        headers={"Authorization": header, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert "IncompleteSignature" in answer.text


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, "MissingAuthenticationToken"),
        ({"X-Amz-Target": "RedshiftData.ExecuteStatement"}, "MissingAuthenticationTokenException"),
        ({}, "AccessDenied"),
    ],
)
def test_an_unsigned_request_is_refused_in_its_protocol(world, headers, code):
    answer = httpx.post(world.served.url, content=IDENTITY, headers=headers)
    assert answer.status_code in (400, 403)
    assert code in answer.text


def test_only_one_operation_is_for_those_who_do_not_sign(world):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (
        b"Action=AssumeRoleWithWebIdentity&Action=GetCallerIdentity",
        b"Action=AssumeRole&RoleArn=x",
        b"Action=AssumeRoleWithSAML",
    ):
        answer = httpx.post(world.served.url, content=body, headers=form)
        assert answer.status_code in (400, 403)
        assert "MissingAuthenticationToken" in answer.text or "MalformedInput" in answer.text


# --- S3 ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bucket(world):
    world.served.client("s3").create_bucket(Bucket="signatures")
    return "signatures"


@pytest.mark.parametrize(
    "key", ["plain.txt", "a b/ü+%.txt", "a//b", "../up", "%2e%2e/x", "q?u=1&v#w", "semi;colon"]
)
def test_keys_of_all_kinds_are_signed_and_kept(world, bucket, key):
    s3 = world.served.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=b"content", Metadata={"who": "me"})
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"content"
    assert key in {found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(b"content")
    s3.delete_object(Bucket=bucket, Key=key)
    assert refusal(s3.get_object, Bucket=bucket, Key=key) == "NoSuchKey"


def test_a_presigned_url_is_for_what_it_says_and_for_its_time(world, bucket):
    s3 = world.served.client("s3", signature_version="s3v4")
    s3.put_object(Bucket=bucket, Key="one", Body=b"1")
    s3.put_object(Bucket=bucket, Key="two", Body=b"2")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "one"}, ExpiresIn=600)
    assert httpx.get(url).content == b"1"
    assert "SignatureDoesNotMatch" in httpx.get(url.replace("/one", "/two")).text
    assert "SignatureDoesNotMatch" in httpx.put(url, content=b"3").text
    assert "SignatureDoesNotMatch" in httpx.get(url.replace("Expires=600", "Expires=6000")).text
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "three"})
    copied = httpx.put(put, headers={"x-amz-copy-source": f"/{bucket}/two"})
    assert "SignatureDoesNotMatch" in copied.text
    with world.served.later(601):
        assert "RequestTimeTooSkewed" in httpx.get(url).text


def test_a_presigned_url_lasts_no_longer_than_a_week(world, bucket):
    s3 = world.served.client("s3", signature_version="s3v4")
    s3.put_object(Bucket=bucket, Key="week", Body=b"1")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "week"}, ExpiresIn=999_999)
    with world.served.later(604_790):
        assert httpx.get(url).content == b"1"
    with world.served.later(604_810):
        assert "RequestTimeTooSkewed" in httpx.get(url).text


def test_a_presigned_url_is_for_s3_alone(world):
    url = world.served.client("sts").generate_presigned_url("get_caller_identity")
    assert "IncompleteSignature" in httpx.get(url).text


def test_a_body_other_than_the_signed_one_is_refused(world, bucket):
    from botocore.auth import S3SigV4Auth

    request = AWSRequest("PUT", f"{world.served.url}/{bucket}/body", data=b"signed", headers={})
    S3SigV4Auth(Credentials(world.served.key, world.served.secret), "s3", "us-east-1").add_auth(request)
    answer = httpx.put(request.url, content=b"other!", headers=dict(request.headers))
    assert "SignatureDoesNotMatch" in answer.text


def test_a_time_that_is_none_is_refused(world):
    request = signed(world, IDENTITY)
    day = dt.datetime.now(dt.UTC).strftime("%Y%m%d")
    answer = send(request, headers={**dict(request.headers), "X-Amz-Date": f"{day}T256099Z"})
    assert "IncompleteSignature" in answer.text
