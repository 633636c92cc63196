"""A stand-in where nothing is provisioned, and states of the account that are kept and put back."""

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from infra.provision.apply import apply
from tests import outside
from tests.infra.local.aws.conftest import allow, policy
from tests.provisioned import specification

SALES = "SELECT count(*) FROM public.sales_data"


@pytest.fixture
def states(empty):
    with httpx.Client(base_url=f"{empty['AWS_ENDPOINT_URL']}/_local/states") as client:
        yield client


@pytest.fixture
def provisioned(empty, monkeypatch):
    """The settings after `apply`."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", empty["AWS_ENDPOINT_URL"])
    session = boto3.Session(
        empty["ADMIN_AWS_ACCESS_KEY_ID"],
        empty["ADMIN_AWS_SECRET_ACCESS_KEY"],
        region_name=empty["AWS_REGION"],
    )
    spec = specification(empty)
    outputs = apply(spec, session)
    return {**empty, **outputs.settings(), "ADMIN_SECRET_ARN": outputs.admin_secret_arn}


def admin(env, service):
    return outside.aws(env, service, outside.administrator(env))


def assert_nothing_is_provisioned(env):
    assert admin(env, "iam").list_roles()["Roles"] == []
    assert admin(env, "iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    sso, instance = admin(env, "sso-admin"), {"InstanceArn": env["IDC_INSTANCE_ARN"]}
    assert sso.list_applications(**instance)["Applications"] == []
    assert sso.list_trusted_token_issuers(**instance)["TrustedTokenIssuers"] == []
    assert admin(env, "redshift-serverless").list_workgroups()["workgroups"] == []
    assert admin(env, "redshift-serverless").list_namespaces()["namespaces"] == []
    assert admin(env, "redshift").describe_redshift_idc_applications()["RedshiftIdcApplications"] == []
    assert admin(env, "secretsmanager").list_secrets()["SecretList"] == []


def test_people_and_data_are_there_and_nothing_is_provisioned(empty):
    assert_nothing_is_provisioned(empty)
    store = {"IdentityStoreId": empty["IDENTITY_STORE_ID"]}
    assert len(admin(empty, "identitystore").list_users(**store)["Users"]) == 6
    assert admin(empty, "s3").list_objects_v2(Bucket=empty["S3_BUCKET"])["KeyCount"] == 1
    assert empty.keys() >= {"OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "IDC_INSTANCE_ARN"}
    assert not empty.keys() & {"IDC_APPLICATION_ARN", "DATA_ROLE_ARN", "REDSHIFT_WORKGROUP"}


def test_the_empty_state_comes_back(provisioned, states):
    assert outside.rows(
        admin(provisioned, "redshift-data"), provisioned, SALES, SecretArn=provisioned["ADMIN_SECRET_ARN"]
    ) == [(300,)]
    assert states.post("/0").status_code == 200
    assert_nothing_is_provisioned(provisioned)


def test_what_was_broken_is_put_back(provisioned, states):
    kept = states.post("").json()["id"]
    data, secret = admin(provisioned, "redshift-data"), {"SecretArn": provisioned["ADMIN_SECRET_ARN"]}
    for _ in range(2):
        admin(provisioned, "iam").update_assume_role_policy(
            RoleName="IDCBridgeRole",
            PolicyDocument=policy(allow("sts:AssumeRole", None, Principal={"AWS": "123456789012"})),
        )
        admin(provisioned, "sso-admin").delete_application(ApplicationArn=provisioned["IDC_APPLICATION_ARN"])
        assert (
            outside.run(data, provisioned, "DROP TABLE public.sales_data CASCADE", **secret)["Status"]
            == "FINISHED"
        )
        assert states.post(f"/{kept}").json() == {"id": kept}
        frank = outside.credentials_of(provisioned, "Frank Amer")
        seen = outside.rows(outside.aws(provisioned, "redshift-data", frank), provisioned, SALES)
        assert 0 < seen[0][0] < 300
        assert outside.rows(data, provisioned, SALES, **secret) == [(300,)]


@pytest.mark.parametrize("number", ["99", "-1", "x", "1" * 5000])
def test_a_state_that_is_not_kept_is_not_found(number, states):
    assert states.post(f"/{number}").status_code == 404


def test_only_programs_of_this_machine_change_states(states):
    assert states.get("").status_code == 405
    assert states.post("/0", headers={"Origin": "http://localhost:8501"}).status_code == 403
    assert states.post("/0", headers={"Host": "evil.example"}).status_code == 403


def test_many_kept_states_leave_the_first_and_the_newest(states):
    numbers = [states.post("").json()["id"] for _ in range(101)]
    assert states.post(f"/{numbers[-1]}").status_code == 200
    assert states.post(f"/{numbers[0]}").status_code == 404
    assert states.post("/0").status_code == 200


# --- how people come to the warehouse, which only a whole chain shows ----------------------------------


def seen_by_frank(env, **more):
    """What becomes of a person's statement: the error, or who ran it."""
    data = outside.aws(env, "redshift-data", outside.credentials_of(env, "Frank Amer"))
    asked = {"WorkgroupName": env.get("REDSHIFT_WORKGROUP"), "Database": env["REDSHIFT_DATABASE"], **more}
    asked = {name: value for name, value in asked.items() if value is not None}
    done = data.execute_statement(**asked, Sql="SELECT current_user", WaitTimeSeconds=10)
    if done["Status"] == "FAILED":
        return data.describe_statement(Id=done["Id"])["Error"]
    return data.get_statement_result(Id=done["Id"])["Records"][0][0]["stringValue"]


def test_people_connect_through_an_identity_provider_and_its_role(provisioned, states):
    kept = states.post("").json()["id"]
    assert seen_by_frank(provisioned) == "AWSIDC:frank@example.com"
    data, secret = admin(provisioned, "redshift-data"), {"SecretArn": provisioned["ADMIN_SECRET_ARN"]}
    ((name,),) = outside.rows(data, provisioned, "SELECT name FROM svv_identity_providers", **secret)
    for change, refusal in (("DISABLE", "no identity provider"), ("ENABLE", "AWSIDC:frank@example.com")):
        outside.run(data, provisioned, f'ALTER IDENTITY PROVIDER "{name}" {change}', **secret)
        assert refusal in seen_by_frank(provisioned)
    iam = admin(provisioned, "iam")
    (policy_name,) = iam.list_role_policies(RoleName="RedshiftOktaRole")["PolicyNames"]
    iam.delete_role_policy(RoleName="RedshiftOktaRole", PolicyName=policy_name)
    assert "refuses the IAM role" in seen_by_frank(provisioned)
    states.post(f"/{kept}").raise_for_status()
    assert seen_by_frank(provisioned) == "AWSIDC:frank@example.com"


def test_people_connect_to_a_cluster_as_well(provisioned):
    serverless, redshift = admin(provisioned, "redshift-serverless"), admin(provisioned, "redshift")
    (workgroup,) = serverless.list_workgroups()["workgroups"]
    serverless.delete_workgroup(workgroupName=workgroup["workgroupName"])
    serverless.delete_namespace(namespaceName=workgroup["namespaceName"])
    (application,) = redshift.describe_redshift_idc_applications()["RedshiftIdcApplications"]
    redshift.create_cluster(
        ClusterIdentifier="sales",
        NodeType="ra3.large",
        MasterUsername="admin",
        ManageMasterPassword=True,
        RedshiftIdcApplicationArn=application["RedshiftIdcApplicationArn"],
    )
    there = {"WorkgroupName": None, "ClusterIdentifier": "sales"}
    with pytest.raises(ClientError, match="AccessDenied"):  # the role is for the workgroup alone
        seen_by_frank(provisioned, **there)
    admin(provisioned, "iam").put_role_policy(
        RoleName="RedshiftDataAPIClientRole",
        PolicyName="cluster",
        PolicyDocument=policy(
            allow("redshift-data:ExecuteStatement", "arn:aws:redshift:us-east-1:123456789012:cluster:sales")
        ),
    )
    assert seen_by_frank(provisioned, **there) == "AWSIDC:frank@example.com"
