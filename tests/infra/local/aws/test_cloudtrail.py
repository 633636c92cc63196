"""CloudTrail's event history: what each call leaves in it, and what it must not."""

import json
import re
import secrets

import pytest
from botocore.exceptions import ClientError

from tests import outside
from tests.infra.local.aws.conftest import refusal

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
OMITTED = "***OMITTED***"


def named(name, records):
    """The newest of the records that have the name."""
    return next(record for record in records if record["eventName"] == name)


# --- records ----------------------------------------------------------------------------------------


def test_each_step_is_an_event_under_the_request_id_that_its_caller_got(chain, events):
    steps = ("AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole", "ExecuteStatement")
    for name in (*steps, "GetStatementResult"):
        assert events[name]["requestID"] == chain[name]["ResponseMetadata"]["RequestId"]


def test_every_record_has_the_documented_members(events):
    for record in events.values():
        assert record["eventVersion"] == "1.11"
        assert record["eventType"] == "AwsApiCall"
        assert record["managementEvent"] is True
        assert record["eventCategory"] == "Management"
        assert record["recipientAccountId"] == "123456789012"
        assert record["awsRegion"] == "us-east-1"
        assert record["sourceIPAddress"] == "127.0.0.1"
        assert "Boto3/" in record["userAgent"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["eventTime"])
        assert {"requestParameters", "responseElements", "eventID", "readOnly"} <= record.keys()
        assert "errorCode" not in record


def test_sources_and_whether_a_call_only_reads(events):
    told = {name: (record["eventSource"], record["readOnly"]) for name, record in events.items()}
    assert told == {
        "AssumeRoleWithWebIdentity": ("sts.amazonaws.com", True),
        "CreateTokenWithIAM": ("sso-oauth.amazonaws.com", False),
        "AssumeRole": ("sts.amazonaws.com", True),
        "ExecuteStatement": ("redshift-data.amazonaws.com", False),
        "GetStatementResult": ("redshift-data.amazonaws.com", True),
    }


def test_what_a_person_does_is_on_their_behalf(env, admin, events):
    (frank,) = [
        user
        for user in admin("identitystore").list_users(IdentityStoreId=env["IDENTITY_STORE_ID"])["Users"]
        if user["UserName"] == "frank@example.com"
    ]
    store = f"arn:aws:identitystore::123456789012:identitystore/{env['IDENTITY_STORE_ID']}"
    for name in ("ExecuteStatement", "GetStatementResult"):
        assert events[name]["userIdentity"]["onBehalfOf"] == {
            "userId": frank["UserId"],
            "identityStoreArn": store,
        }
    assert events["CreateTokenWithIAM"]["additionalEventData"] == {
        "identitystore:UserId": frank["UserId"],
        "identitystore:IdentityStoreArn": store,
    }
    others = ("AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole")
    assert not any("onBehalfOf" in events[name]["userIdentity"] for name in others)


def test_the_data_roles_session_says_who_issued_it(chain, env, events):
    identity = events["ExecuteStatement"]["userIdentity"]
    user = chain["AssumeRole"]["AssumedRoleUser"]
    assert identity["type"] == "AssumedRole"
    assert (identity["principalId"], identity["arn"]) == (user["AssumedRoleId"], user["Arn"])
    assert identity["accessKeyId"] == chain["AssumeRole"]["Credentials"]["AccessKeyId"]
    session = identity["sessionContext"]
    assert session["sessionIssuer"] == {
        "type": "Role",
        "principalId": user["AssumedRoleId"].split(":")[0],
        "arn": env["DATA_ROLE_ARN"],
        "accountId": "123456789012",
        "userName": env["DATA_ROLE_ARN"].rpartition("/")[2],
    }
    assert session["attributes"]["mfaAuthenticated"] == "false"
    assert session["attributes"]["creationDate"] <= events["ExecuteStatement"]["eventTime"]
    assert "webIdFederationData" not in session


def test_the_bridge_roles_session_names_the_identity_provider(env, events):
    provider = f"arn:aws:iam::123456789012:oidc-provider/{env['OIDC_ISSUER'].partition('://')[2]}"
    session = events["AssumeRole"]["userIdentity"]["sessionContext"]
    assert session["webIdFederationData"] == {"federatedProvider": provider, "attributes": {}}
    web = events["AssumeRoleWithWebIdentity"]["userIdentity"]
    assert web["type"] == "WebIdentityUser"
    assert web["identityProvider"] == provider
    assert web["principalId"] == f"{provider}:rowlight-demo:{web['userName']}"


def test_the_exchange_is_recorded_without_what_it_is_about(chain, env, events):
    record = events["CreateTokenWithIAM"]
    assert record["requestParameters"] == {
        "clientId": env["IDC_APPLICATION_ARN"],
        "grantType": outside.JWT_BEARER,
        "assertion": HIDDEN,
    }
    elements = record["responseElements"]
    assert {elements[name] for name in ("accessToken", "refreshToken", "idToken")} == {HIDDEN}
    assert elements["expiresIn"] == chain["CreateTokenWithIAM"]["expiresIn"]
    assert record["resources"] == [{"type": "AWS::SSO::Application", "ARN": env["IDC_APPLICATION_ARN"]}]
    assumed = events["AssumeRole"]
    assert assumed["requestParameters"]["providedContexts"] == [
        {"providerArn": outside.CONTEXT_PROVIDER, "contextAssertion": HIDDEN}
    ]
    assert assumed["responseElements"]["credentials"].keys() == {
        "accessKeyId",
        "sessionToken",
        "expiration",
    }
    assert assumed["responseElements"]["credentials"]["sessionToken"] == HIDDEN
    assert assumed["resources"][0]["ARN"] == env["DATA_ROLE_ARN"]


def test_a_statement_is_recorded_under_its_name_without_its_sql(chain, env, events):
    record = events["ExecuteStatement"]
    asked = record["requestParameters"]
    assert (asked["sql"], asked["parameters"]) == (OMITTED, OMITTED)
    assert asked["statementName"] == "Overview 0a1b2c3d-7d1f0c92"
    assert asked["workgroupName"] == env["REDSHIFT_WORKGROUP"]
    assert record["responseElements"]["id"] == chain["ExecuteStatement"]["Id"]
    assert re.fullmatch(
        r"[A-Z][a-z]{2} \d+, \d{4}, \d+:\d\d:\d\d [AP]M", record["responseElements"]["createdAt"]
    )
    assert events["GetStatementResult"]["responseElements"] is None
    assert events["GetStatementResult"]["requestParameters"] == {"id": chain["ExecuteStatement"]["Id"]}


def test_a_user_is_recorded_as_one(env, admin, history):
    admin("iam").get_role(RoleName="IDCBridgeRole")
    record = named("GetRole", history(EventSource="iam.amazonaws.com"))
    identity = record["userIdentity"]
    assert (identity["type"], identity["userName"]) == ("IAMUser", "administrator")
    assert identity["accessKeyId"] == env["ADMIN_AWS_ACCESS_KEY_ID"]
    assert record["requestParameters"] == {"roleName": "IDCBridgeRole"}


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("iam", "list_roles", {}),
        ("s3", "list_buckets", {}),
        ("secretsmanager", "list_secrets", {}),
        ("dynamodb", "list_tables", {}),
        ("sso-admin", "list_instances", {}),
        ("redshift", "describe_redshift_idc_applications", {}),
        ("redshift-serverless", "list_workgroups", {}),
        ("cloudtrail", "lookup_events", {"MaxResults": 1}),
        ("sts", "get_caller_identity", {}),
    ],
)
def test_every_service_gives_its_callers_the_id_that_the_event_has(
    service, operation, parameters, admin, history
):
    answer = getattr(admin(service), operation)(**parameters)
    name = "".join(word.title() for word in operation.split("_"))
    records = history(EventName=name.replace("Idc", "Idc"))
    assert answer["ResponseMetadata"]["RequestId"] in {record["requestID"] for record in records}


# --- what is recorded, and what is not ----------------------------------------------------------------


def test_a_denied_call_is_recorded_with_its_error(env, chain, history):
    person = chain["AssumeRole"]["Credentials"]
    assert refusal(outside.aws(env, "iam", person).list_users) == "AccessDenied"
    record = named("ListUsers", history(AccessKeyId=person["AccessKeyId"]))
    assert record["errorCode"] == "AccessDenied"
    assert "is not authorized to perform: iam:ListUsers" in record["errorMessage"]
    assert record["responseElements"] is None
    assert record["userIdentity"]["onBehalfOf"]["userId"]


def test_a_token_that_is_not_believed_is_recorded_without_a_word_of_it(env, history):
    forged = f"{secrets.token_urlsafe()}.e30.{secrets.token_urlsafe()}"
    with pytest.raises(ClientError) as caught:
        outside.bridge(env, forged)
    request = caught.value.response["ResponseMetadata"]["RequestId"]
    (record,) = [
        each for each in history(EventName="AssumeRoleWithWebIdentity") if each["requestID"] == request
    ]
    assert record["errorCode"] == "InvalidIdentityToken"
    assert record["userIdentity"] == {"type": "WebIdentityUser"}
    assert forged not in json.dumps(record)


def test_an_exchange_that_is_refused_is_recorded(env, chain, history):
    bridge = chain["AssumeRoleWithWebIdentity"]["Credentials"]
    code = refusal(
        outside.aws(env, "sso-oidc", bridge).create_token_with_iam,
        clientId=env["IDC_APPLICATION_ARN"],
        grantType=outside.JWT_BEARER,
        assertion=chain["id_token"],
    )
    record = named("CreateTokenWithIAM", history(AccessKeyId=bridge["AccessKeyId"]))
    assert record["errorCode"] == code == "InvalidGrantException"
    assert record["errorMessage"] == "The assertion was used before."
    assert record["requestParameters"]["assertion"] == HIDDEN


def test_who_did_not_prove_who_they_are_leaves_no_event(env, chain, history):
    keys = chain["AssumeRole"]["Credentials"]
    before = len(history(AccessKeyId=keys["AccessKeyId"]))
    wrong = outside.aws(env, "sts", keys | {"SecretAccessKey": "x"})
    assert refusal(wrong.get_caller_identity) == "SignatureDoesNotMatch"
    assert len(history(AccessKeyId=keys["AccessKeyId"])) == before


def test_data_events_are_not_in_the_history(env, admin, history):
    s3, dynamodb = admin("s3"), admin("dynamodb")
    bucket, table = f"trail-{secrets.token_hex(4)}", f"trail-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    s3.get_object(Bucket=bucket, Key="key")
    s3.list_objects_v2(Bucket=bucket)
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName=table, Item={"key": {"S": "a"}})
    dynamodb.scan(TableName=table)
    names = {record["eventName"] for record in history(Username="administrator")}
    assert {"CreateBucket", "CreateTable"} <= names
    assert not names & {"PutObject", "GetObject", "ListObjects", "ListObjectsV2", "PutItem", "Scan"}
    (created,) = history(ResourceName=bucket)
    assert created["requestParameters"] == {"bucketName": bucket}


# --- secrets ------------------------------------------------------------------------------------------


def test_no_event_has_a_secret(env, admin, chain):
    """Every secret of a person's way and of the administrator's work, looked for in every event."""
    planted = secrets.token_urlsafe(24)
    iam, store, manager = admin("iam"), admin("identitystore"), admin("secretsmanager")
    user = f"trail-{secrets.token_hex(4)}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    arn = manager.create_secret(Name=user, SecretString=planted)["ARN"]
    manager.put_secret_value(SecretId=arn, SecretString=f"{planted}2")
    assert manager.get_secret_value(SecretId=arn)["SecretString"] == f"{planted}2"
    store.create_user(
        IdentityStoreId=env["IDENTITY_STORE_ID"],
        UserName=f"{planted}@example.com",
        DisplayName=planted,
        Name={"GivenName": planted, "FamilyName": planted},
    )
    serverless = admin("redshift-serverless")
    refusal(serverless.create_namespace, namespaceName="another", adminUserPassword=f"A1{planted}"[:60])
    data = admin("redshift-data")
    outside.run(data, env, f"SELECT '{planted}' AS x", SecretArn=env["ADMIN_SECRET_ARN"])
    refusal(
        data.execute_statement,
        WorkgroupName=env["REDSHIFT_WORKGROUP"],
        Database="dev",
        Sql="SELECT 1",
        Parameters=[{"name": "unused", "value": planted}],
    )
    data.batch_execute_statement(
        WorkgroupName=env["REDSHIFT_WORKGROUP"],
        Database="dev",
        Sqls=[f"SELECT '{planted}'"],
        SecretArn=env["ADMIN_SECRET_ARN"],
    )
    exchanged, refresh = chain["CreateTokenWithIAM"], chain["CreateTokenWithIAM"]["refreshToken"]
    bridge = chain["AssumeRoleWithWebIdentity"]["Credentials"]
    again = outside.aws(env, "sso-oidc", bridge).create_token_with_iam(
        clientId=env["IDC_APPLICATION_ARN"], grantType="refresh_token", refreshToken=refresh
    )
    hidden = {
        "planted": planted,
        "key": key["SecretAccessKey"],
        "id token": chain["id_token"],
        "refreshed": again["refreshToken"],
        "sql": "planted_alias",
        "parameter": "planted value",
        "administrator": env["ADMIN_AWS_SECRET_ACCESS_KEY"],
        "client": env["OIDC_CLIENT_SECRET"],
        **{name: exchanged[name] for name in ("accessToken", "refreshToken", "idToken")},
        "context": exchanged["awsAdditionalDetails"]["identityContext"],
        **{
            f"{step} {name}": chain[step]["Credentials"][name]
            for step in ("AssumeRole", "AssumeRoleWithWebIdentity")
            for name in ("SecretAccessKey", "SessionToken")
        },
    }
    pages = list(admin("cloudtrail").get_paginator("lookup_events").paginate())
    told = "\n".join(event["CloudTrailEvent"] for page in pages for event in page["Events"])
    assert told.count("eventVersion") > 50
    leaks = [(name, line) for line in told.splitlines() for name, secret in hidden.items() if secret in line]
    assert leaks == []
