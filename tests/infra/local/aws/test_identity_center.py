"""The trust chain's administration: Identity Center, Redshift's integration, namespace and workgroup."""

import json

import pytest

from tests.infra.local.aws.conftest import ACCOUNT, CLIENT_ID, JWT_BEARER, allow, refusal

CUSTOM = "arn:aws:sso::aws:applicationProvider/custom"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def sso(world):
    return world.served.client("sso-admin")


def test_there_is_one_instance(sso, world):
    found = sso.list_instances()["Instances"]
    assert [(one["InstanceArn"], one["IdentityStoreId"]) for one in found] == [
        (world.served.instance_arn, world.served.identity_store_id)
    ]
    assert sso.describe_instance(InstanceArn=world.served.instance_arn)["Status"] == "ACTIVE"


def test_another_instance_is_not_ours(sso):
    other = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
    assert refusal(sso.list_applications, InstanceArn=other) == "AccessDeniedException"


def test_what_was_put_is_got(sso, world):
    arn = world.new_application("complete")
    described = sso.describe_application(ApplicationArn=arn)
    assert (described["Name"], described["Status"]) == ("complete", "ENABLED")
    grant = sso.get_application_grant(ApplicationArn=arn, GrantType=JWT_BEARER)["Grant"]
    assert grant["JwtBearer"]["AuthorizedTokenIssuers"] == [
        {"TrustedTokenIssuerArn": world.token_issuer, "AuthorizedAudiences": [CLIENT_ID]}
    ]
    assert sso.get_application_grant(ApplicationArn=arn, GrantType="refresh_token")["Grant"] == {
        "RefreshToken": {}
    }
    assert len(sso.list_application_grants(ApplicationArn=arn)["Grants"]) == 2
    assert sso.list_application_access_scopes(ApplicationArn=arn)["Scopes"] == [{"Scope": "redshift:connect"}]
    method = sso.get_application_authentication_method(ApplicationArn=arn, AuthenticationMethodType="IAM")
    statement = method["AuthenticationMethod"]["Iam"]["ActorPolicy"]["Statement"][0]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:role/Bridge"}
    assert sso.list_application_authentication_methods(ApplicationArn=arn)["AuthenticationMethods"]
    assert sso.get_application_assignment_configuration(ApplicationArn=arn)["AssignmentRequired"] is False
    assert arn in {
        application["ApplicationArn"]
        for page in sso.get_paginator("list_applications").paginate(
            InstanceArn=world.served.instance_arn, PaginationConfig={"PageSize": 1}
        )
        for application in page["Applications"]
    }


def test_what_was_deleted_is_gone(sso, world):
    arn = world.new_application("short-lived")
    sso.delete_application_access_scope(ApplicationArn=arn, Scope="redshift:connect")
    sso.delete_application_grant(ApplicationArn=arn, GrantType=JWT_BEARER)
    missing = "ResourceNotFoundException"
    get_scope, get_grant = sso.get_application_access_scope, sso.get_application_grant
    assert refusal(get_scope, ApplicationArn=arn, Scope="redshift:connect") == missing
    assert refusal(get_grant, ApplicationArn=arn, GrantType=JWT_BEARER) == missing
    sso.delete_application(ApplicationArn=arn)
    assert refusal(sso.describe_application, ApplicationArn=arn) == missing


def test_a_new_application_requires_assignment(sso, world):
    arn = sso.create_application(
        InstanceArn=world.served.instance_arn, ApplicationProviderArn=CUSTOM, Name="default"
    )["ApplicationArn"]
    assert sso.get_application_assignment_configuration(ApplicationArn=arn)["AssignmentRequired"] is True


def test_a_client_token_creates_once(sso, world):
    asked = {
        "InstanceArn": world.served.instance_arn,
        "ApplicationProviderArn": CUSTOM,
        "Name": "once",
        "ClientToken": "the-token",
    }
    assert (
        sso.create_application(**asked)["ApplicationArn"] == sso.create_application(**asked)["ApplicationArn"]
    )
    assert refusal(sso.create_application, **{**asked, "Name": "twice"}) == "ConflictException"
    assert refusal(sso.create_application, **{**asked, "ClientToken": "new"}) == "ConflictException"


def test_assignments(sso, world):
    arn = world.new_application("with assignments")
    principal = {"ApplicationArn": arn, "PrincipalType": "USER", "PrincipalId": world.users["nora"]}
    sso.create_application_assignment(**principal)
    assert refusal(sso.create_application_assignment, **principal) == "ConflictException"
    assert sso.describe_application_assignment(**principal)["PrincipalId"] == world.users["nora"]
    assert len(sso.list_application_assignments(ApplicationArn=arn)["ApplicationAssignments"]) == 1
    sso.delete_application_assignment(**principal)
    assert refusal(sso.describe_application_assignment, **principal) == "ResourceNotFoundException"
    nobody = {**principal, "PrincipalId": NOBODY}
    assert refusal(sso.create_application_assignment, **nobody) == "ResourceNotFoundException"


def test_trusted_token_issuers(sso, world):
    configuration = sso.describe_trusted_token_issuer(TrustedTokenIssuerArn=world.token_issuer)[
        "TrustedTokenIssuerConfiguration"
    ]
    asked = {
        "InstanceArn": world.served.instance_arn,
        "Name": "another",
        "TrustedTokenIssuerType": "OIDC_JWT",
        "TrustedTokenIssuerConfiguration": configuration,
    }
    assert refusal(sso.create_trusted_token_issuer, **asked) == "ConflictException"
    configuration["OidcJwtConfiguration"]["IssuerUrl"] = "https://elsewhere.example"
    arn = sso.create_trusted_token_issuer(**asked)["TrustedTokenIssuerArn"]
    sso.update_trusted_token_issuer(TrustedTokenIssuerArn=arn, Name="renamed")
    found = sso.list_trusted_token_issuers(InstanceArn=world.served.instance_arn)["TrustedTokenIssuers"]
    assert "renamed" in {issuer["Name"] for issuer in found}
    sso.delete_trusted_token_issuer(TrustedTokenIssuerArn=arn)
    missing = refusal(sso.describe_trusted_token_issuer, TrustedTokenIssuerArn=arn)
    assert missing == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("put_application_access_scope", {"Scope": "redshift:everything"}, "ValidationException"),
        ("put_application_access_scope", {"Scope": "not a scope"}, "ValidationException"),
        (
            "put_application_grant",
            {"GrantType": JWT_BEARER, "Grant": {"RefreshToken": {}}},
            "ValidationException",
        ),
        (
            "put_application_grant",
            {"GrantType": "authorization_code", "Grant": {"AuthorizationCode": {}}},
            "NotImplemented",
        ),
        (
            "put_application_authentication_method",
            {
                "AuthenticationMethodType": "IAM",
                "AuthenticationMethod": {"Iam": {"ActorPolicy": {"Statement": [{"Effect": "Maybe"}]}}},
            },
            "ValidationException",
        ),
    ],
)
def test_what_cannot_be_is_refused(sso, world, operation, parameters, code):
    assert refusal(getattr(sso, operation), ApplicationArn=world.application, **parameters) == code


# --- Redshift ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def redshift_application(world):
    service = {"Service": "redshift.amazonaws.com"}
    trust = allow(["sts:AssumeRole", "sts:SetContext"], None, Principal=service)
    role = world.role("RedshiftRole", trust, allow(["sso:DescribeInstance", "sso:DescribeApplication"]))
    return world.served.client("redshift").create_redshift_idc_application(
        IdcInstanceArn=world.served.instance_arn,
        RedshiftIdcApplicationName="redshift-app",
        IdentityNamespace="AWSIDC",
        IdcDisplayName="redshift-app",
        IamRoleArn=role,
    )["RedshiftIdcApplication"]


def test_redshift_is_an_application_of_the_instance(world, sso, redshift_application):
    redshift = world.served.client("redshift")
    arn = redshift_application["RedshiftIdcApplicationArn"]
    found = redshift.describe_redshift_idc_applications(RedshiftIdcApplicationArn=arn)
    assert found["RedshiftIdcApplications"][0]["IdentityNamespace"] == "AWSIDC"
    managed = redshift_application["IdcManagedApplicationArn"]
    assert sso.describe_application(ApplicationArn=managed)["Name"] == "redshift-app"
    assert refusal(sso.delete_application, ApplicationArn=managed) == "ConflictException"
    redshift.modify_redshift_idc_application(RedshiftIdcApplicationArn=arn, IdcDisplayName="Shown")
    found = redshift.describe_redshift_idc_applications()["RedshiftIdcApplications"]
    assert [one["IdcDisplayName"] for one in found] == ["Shown"]


def test_a_scope_may_be_for_redshift_or_for_another(world, sso, redshift_application):
    managed = redshift_application["IdcManagedApplicationArn"]
    for name, target, opens in (("to redshift", managed, True), ("to another", world.application, False)):
        application = world.new_application(name, scopes=())
        sso.put_application_access_scope(
            ApplicationArn=application, Scope="redshift:connect", AuthorizedTargets=[target]
        )
        credentials = world.assume(world.context(application=application))["Credentials"]
        client = world.served.client("redshift-data", credentials)
        if opens:
            assert client.list_statements(WorkgroupName="redshift-tip-enabled")["Statements"] == []
        else:
            code = refusal(client.list_statements, WorkgroupName="redshift-tip-enabled")
            assert code == "AccessDeniedException"


def test_redshift_faults_have_their_names(world, redshift_application):
    redshift = world.served.client("redshift")
    missing = f"arn:aws:redshift:us-east-1:{ACCOUNT}:redshiftidcapplication:none"
    code = refusal(redshift.delete_redshift_idc_application, RedshiftIdcApplicationArn=missing)
    assert code == "RedshiftIdcApplicationNotExists"
    again = {
        name: redshift_application[name]
        for name in ("IdcInstanceArn", "RedshiftIdcApplicationName", "IdcDisplayName", "IamRoleArn")
    }
    code = refusal(redshift.create_redshift_idc_application, **again)
    assert code == "RedshiftIdcApplicationAlreadyExists"
    nowhere = {**again, "IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}
    code = refusal(redshift.create_redshift_idc_application, **nowhere)
    assert code == "DependentServiceAccessDenied"


def test_the_warehouse_from_namespace_to_secret(world, redshift_application):
    serverless = world.served.client("redshift-serverless")
    names = {"namespaceName": "the-namespace"}
    namespace = serverless.create_namespace(
        **names,
        manageAdminPassword=True,
        adminUsername="admin",
        dbName="dev",
        redshiftIdcApplicationArn=redshift_application["RedshiftIdcApplicationArn"],
    )["namespace"]
    assert refusal(serverless.create_namespace, **names) == "ConflictException"
    assert refusal(serverless.create_namespace, namespaceName="second") == "NotImplemented"
    secret = world.served.client("secretsmanager").get_secret_value(
        SecretId=namespace["adminPasswordSecretArn"]
    )
    assert json.loads(secret["SecretString"])["username"] == "admin"
    workgroup = serverless.create_workgroup(workgroupName="the-workgroup", **names)["workgroup"]
    assert (workgroup["status"], workgroup["endpoint"]["port"]) == ("AVAILABLE", 5439)
    assert serverless.get_workgroup(workgroupName="the-workgroup")["workgroup"] == workgroup
    assert refusal(serverless.delete_namespace, **names) == "ConflictException"
    assert refusal(serverless.get_workgroup, workgroupName="no-such") == "ResourceNotFoundException"
    serverless.delete_workgroup(workgroupName="the-workgroup")
    serverless.delete_namespace(**names)
    assert serverless.list_namespaces()["namespaces"] == []


def test_what_a_namespace_would_not_do_it_does_not_take(world):
    serverless = world.served.client("redshift-serverless")
    for more, code in (
        ({"kmsKeyId": "key"}, "ValidationException"),
        ({"adminPasswordSecretKmsKeyId": "alias/key"}, "NotImplemented"),
        ({"dbName": "Other"}, "ValidationException"),
        ({"iamRoles": [f"arn:aws:iam::{ACCOUNT}:role/none"]}, "ValidationException"),
        ({"redshiftIdcApplicationArn": "arn:none"}, "ValidationException"),
        ({"manageAdminPassword": True, "adminUserPassword": "Passw0rd"}, "ValidationException"),
    ):
        assert refusal(serverless.create_namespace, namespaceName="odd", **more) == code
    assert refusal(serverless.list_snapshots) == "NotImplemented"
