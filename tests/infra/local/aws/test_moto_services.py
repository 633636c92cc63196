"""What moto plays is reached by permission alone, and by the name that was permitted."""

import json

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.infra.local.aws.conftest import ACCOUNT, allow, policy, refusal


@pytest.fixture(scope="module")
def secret(world):
    return world.served.client("secretsmanager").create_secret(Name="treasure", SecretString="gold")["ARN"]


@pytest.fixture(scope="module", params=["bridge", "person"])
def keys(request, world):
    return world.bridge() if request.param == "bridge" else world.person()


def test_neither_bridge_nor_person_reaches_another_service(world, keys, secret):
    client, store = world.served.client, {"IdentityStoreId": world.served.identity_store_id}
    iam = client("iam", keys)
    assert refusal(iam.create_user, UserName="mallory") == "AccessDenied"
    assert refusal(iam.create_access_key, UserName="administrator") == "AccessDenied"
    trust = policy(allow("sts:AssumeRole", None, Principal="*"))
    assert refusal(iam.update_assume_role_policy, RoleName="Data", PolicyDocument=trust) == "AccessDenied"
    assert refusal(client("s3", keys).list_buckets) == "AccessDenied"
    assert refusal(client("s3", keys).create_bucket, Bucket="mine") == "AccessDenied"
    read = client("secretsmanager", keys).get_secret_value
    assert refusal(read, SecretId=secret) == "AccessDeniedException"
    assert refusal(client("identitystore", keys).list_users, **store) == "AccessDeniedException"
    assert refusal(client("sso-admin", keys).list_instances) == "AccessDeniedException"
    assert refusal(client("redshift", keys).describe_redshift_idc_applications) == "AccessDenied"
    assert refusal(client("redshift-serverless", keys).list_namespaces) == "AccessDeniedException"


def test_an_identity_enhanced_session_is_kept_to_the_allow_list(world):
    """Whatever its role allows: AWS attaches a policy that denies what propagation does not need."""
    bridge = f"arn:aws:iam::{ACCOUNT}:role/Bridge"
    trust = allow(["sts:AssumeRole", "sts:SetContext"], None, Principal={"AWS": bridge})
    world.role("Mighty", trust, allow("*"))
    plain = world.assume(None, role="Mighty")["Credentials"]
    enhanced = world.assume(world.context(), role="Mighty")["Credentials"]
    assert world.served.client("s3", plain).list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert refusal(world.served.client("s3", enhanced).list_buckets) == "AccessDenied"
    assert refusal(world.served.client("iam", enhanced).list_users) == "AccessDenied"


def user(world, name: str, *statements) -> dict[str, str]:
    iam = world.served.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
    return iam.create_access_key(UserName=name)["AccessKey"]


def test_access_keys_work_until_they_are_off(world):
    keys = user(world, "keyed", allow("iam:ListUsers"))
    iam = world.served.client("iam")
    assert world.served.client("iam", keys).list_users()["Users"]
    identity = world.served.client("sts", keys).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/keyed"
    iam.update_access_key(UserName="keyed", AccessKeyId=keys["AccessKeyId"], Status="Inactive")
    assert refusal(world.served.client("iam", keys).list_users) == "InvalidClientTokenId"
    iam.delete_access_key(UserName="keyed", AccessKeyId=keys["AccessKeyId"])
    assert refusal(world.served.client("iam", keys).list_users) == "InvalidClientTokenId"


def test_groups_and_managed_policies_count(world):
    iam = world.served.client("iam")
    keys = user(world, "member", allow("sts:GetCallerIdentity"))
    s3 = world.served.client("s3", keys)
    assert refusal(s3.list_buckets) == "AccessDenied"
    iam.create_group(GroupName="readers")
    iam.attach_group_policy(GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    iam.add_user_to_group(GroupName="readers", UserName="member")
    assert s3.list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    deny = {**allow("s3:*"), "Effect": "Deny"}
    arn = iam.create_policy(PolicyName="no-s3", PolicyDocument=policy(deny))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="member", PolicyArn=arn)
    assert refusal(s3.list_buckets) == "AccessDenied"


def test_a_permission_is_for_its_resource(world, secret):
    client = world.served.client
    client("s3").create_bucket(Bucket="shared")
    client("s3").put_object(Bucket="shared", Key="open/a", Body=b"a")
    client("s3").put_object(Bucket="shared", Key="closed/b", Body=b"b")
    client("secretsmanager").create_secret(Name="other", SecretString="tin")
    keys = user(
        world,
        "narrow",
        allow("secretsmanager:GetSecretValue", secret),
        allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "arn:aws:s3:::shared/open/*"),
        allow("s3:ListBucket", "arn:aws:s3:::shared", Condition={"StringLike": {"s3:prefix": "open/*"}}),
        allow("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/Data"),
    )
    read = client("secretsmanager", keys).get_secret_value
    assert read(SecretId="treasure")["SecretString"] == "gold"
    assert refusal(read, SecretId="other") == "AccessDeniedException"
    s3, iam = client("s3", keys), client("iam", keys)
    assert s3.get_object(Bucket="shared", Key="open/a")["Body"].read() == b"a"
    assert s3.list_objects_v2(Bucket="shared", Prefix="open/")["KeyCount"] == 1
    assert iam.get_role(RoleName="Data")["Role"]["RoleName"] == "Data"
    for call, parameters in (
        (s3.get_object, {"Key": "closed/b"}),
        (s3.get_object, {"Key": "open/../closed/b"}),
        (s3.copy_object, {"Key": "open/copy", "CopySource": "shared/closed/b"}),
        (s3.delete_objects, {"Delete": {"Objects": [{"Key": "closed/b"}]}}),
        (s3.list_objects_v2, {}),
        (s3.list_objects_v2, {"Prefix": "closed/"}),
        (s3.delete_bucket, {}),
    ):
        if "open/.." in parameters.get("Key", ""):
            # An object's key, not a path: there is no such object.
            assert refusal(call, Bucket="shared", **parameters) == "NoSuchKey"
            continue
        assert refusal(call, Bucket="shared", **parameters) == "AccessDenied"
    assert refusal(iam.get_role, RoleName="Bridge") == "AccessDenied"


def test_the_body_cannot_name_another_operation(world, secret):
    """Moto would take an Action from the text of a JSON body."""
    keys = user(world, "smuggler", allow("secretsmanager:DescribeSecret"))
    body = json.dumps({"SecretId": "x&Action=GetSecretValue&SecretId=treasure&x="}).encode()
    request = AWSRequest(
        "POST",
        f"{world.served.url}/",
        data=body,
        headers={
            "X-Amz-Target": "secretsmanager.DescribeSecret",
            "Content-Type": "application/x-amz-json-1.1",
        },
    )
    credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
    SigV4Auth(credentials, "secretsmanager", "us-east-1").add_auth(request)
    answer = httpx.post(request.url, content=body, headers=dict(request.headers))
    assert answer.json()["__type"] == "ResourceNotFoundException"


@pytest.mark.parametrize("name", ["Action", "X-Moto-Account-Id"])
def test_a_header_cannot_either(world, secret, name):
    keys = user(world, f"header-{name}", allow("secretsmanager:DescribeSecret"))
    headers = {
        "X-Amz-Target": "secretsmanager.DescribeSecret",
        "Content-Type": "application/x-amz-json-1.1",
        name: {"Action": "ListSecrets", "X-Moto-Account-Id": "000000000000"}[name],
    }
    body = b'{"SecretId": "treasure"}'
    request = AWSRequest("POST", f"{world.served.url}/", data=body, headers=headers)
    credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
    SigV4Auth(credentials, "secretsmanager", "us-east-1").add_auth(request)
    answer = httpx.post(request.url, content=body, headers=dict(request.headers))
    assert answer.json()["ARN"] == secret


@pytest.mark.parametrize("path", ["//shared/closed/b", "/shared%2Fclosed/b", "/%73hared/closed/b"])
def test_a_path_of_two_readings_names_no_bucket(world, path):
    from botocore.auth import S3SigV4Auth

    request = AWSRequest("GET", f"{world.served.url}{path}", headers={})
    S3SigV4Auth(Credentials(world.served.key, world.served.secret), "s3", "us-east-1").add_auth(request)
    assert "InvalidBucketName" in httpx.get(request.url, headers=dict(request.headers)).text


def test_a_session_of_moto_and_its_switches_are_out_of_reach(world):
    for path in ("/moto-api/", "/moto-api/reset", "/moto-api/data.json", "/latest/meta-data/"):
        assert httpx.post(f"{world.served.url}{path}").status_code == 403
    assert world.served.client("iam").get_user(UserName="administrator")


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        (
            "iam",
            "put_role_permissions_boundary",
            {"RoleName": "Data", "PermissionsBoundary": "arn:" + "x" * 20},
        ),
        ("iam", "list_delegation_requests", {}),
        ("s3", "put_bucket_policy", {"Bucket": "shared", "Policy": "{}"}),
        ("s3", "get_bucket_acl", {"Bucket": "shared"}),
        ("secretsmanager", "put_resource_policy", {"SecretId": "treasure", "ResourcePolicy": "{}"}),
        (
            "identitystore",
            "update_group",
            {
                "GroupId": "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
                "Operations": [{"AttributePath": "DisplayName"}],
            },
        ),
        (
            "sso-admin",
            "list_permission_sets",
            {"InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef"},
        ),
        ("redshift", "describe_events", {}),
        ("lambda", "list_functions", {}),
        ("ec2", "describe_vpcs", {}),
        ("sqs", "list_queues", {}),
        ("route53", "list_hosted_zones", {}),
        ("cloudformation", "list_stacks", {}),
    ],
)
def test_what_is_not_played_says_so(world, service, operation, parameters):
    if service == "identitystore":
        parameters = {"IdentityStoreId": world.served.identity_store_id, **parameters}
    call = getattr(world.served.client(service), operation)
    assert refusal(call, **parameters) == "NotImplemented"


def test_another_identity_store_does_not_exist(world):
    client = world.served.client("identitystore")
    assert refusal(client.list_users, IdentityStoreId="d-0000000000") == "ResourceNotFoundException"


def test_trust_policies_are_read_when_they_are_written(world):
    iam = world.served.client("iam")
    for document in (
        "{",
        "[]",
        json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}),
        policy(allow("sts:AssumeRole", "*", Principal="*")),
        policy(allow("sts:AssumeRole", None, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/None"})),
    ):
        code = refusal(iam.create_role, RoleName="Bad", AssumeRolePolicyDocument=document)
        assert code == "MalformedPolicyDocument"
        code = refusal(iam.update_assume_role_policy, RoleName="Data", PolicyDocument=document)
        assert code == "MalformedPolicyDocument"


def test_the_audiences_of_a_provider_can_change(world):
    iam = world.served.client("iam")
    arn = iam.create_open_id_connect_provider(Url="https://idp.example", ClientIDList=["one"])[
        "OpenIDConnectProviderArn"
    ]
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="two")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="one")
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
    assert found == ["two"]
    missing = f"arn:aws:iam::{ACCOUNT}:oidc-provider/none"
    code = refusal(
        iam.add_client_id_to_open_id_connect_provider, OpenIDConnectProviderArn=missing, ClientID="x"
    )
    assert code == "NoSuchEntity"
