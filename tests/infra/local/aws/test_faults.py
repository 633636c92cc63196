"""Faults on demand: which calls they happen to, and how each service words them."""

import json

import pytest
from botocore.exceptions import ClientError

from tests import outside
from tests.infra.local.aws.conftest import refusal


@pytest.fixture(scope="module")
def whoami(admin):
    return admin("sts").get_caller_identity


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
