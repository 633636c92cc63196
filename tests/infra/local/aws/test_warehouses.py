"""Who holds the warehouse: namespaces, workgroups and clusters, made, changed, tagged and deleted."""

import json
from types import SimpleNamespace

import httpx
import pytest

from infra.local.aws.conditions import Conditions
from infra.local.aws.states import keeping
from infra.local.aws.transitions import Transitions
from tests import outside
from tests.infra.local.aws.conftest import allow, policy, refusal

NAMES = {"namespaceName": "sales-namespace"}
WORKGROUP = {"workgroupName": "sales"}
CLUSTER = {"ClusterIdentifier": "sales-cluster"}
NEW_CLUSTER = {**CLUSTER, "NodeType": "ra3.large", "MasterUsername": "admin", "ManageMasterPassword": True}
SERVICES = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]


@pytest.fixture
def client(empty):
    """A client of the administrator's for a service."""
    return lambda service: outside.aws(empty, service, outside.administrator(empty))


@pytest.fixture
def conditions(empty):
    """Makes the account and its region as they may be."""

    def change(**asked):
        answer = httpx.post(f"{empty['AWS_ENDPOINT_URL']}/_local/conditions", json=asked)
        assert answer.status_code == httpx.codes.OK, answer.text

    return change


@pytest.fixture
def role(client):
    """A role that Redshift may take, and by which it may look up Identity Center."""
    iam = client("iam")
    trust = policy(allow(["sts:AssumeRole", "sts:SetContext"], None, Principal={"Service": SERVICES}))
    arn = iam.create_role(RoleName="Redshift", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    looks_up = policy(allow(["sso:DescribeInstance", "sso:DescribeApplication"]))
    iam.put_role_policy(RoleName="Redshift", PolicyName="own", PolicyDocument=looks_up)
    return arn


@pytest.fixture
def application(empty, client, role):
    """Redshift's integration with Identity Center."""
    return client("redshift").create_redshift_idc_application(
        IdcInstanceArn=empty["IDC_INSTANCE_ARN"],
        RedshiftIdcApplicationName="redshift-app",
        IdcDisplayName="redshift-app",
        IamRoleArn=role,
        Tags=[{"Key": "made-by", "Value": "test"}],
    )["RedshiftIdcApplication"]


@pytest.fixture
def serverless(client):
    return client("redshift-serverless")


@pytest.fixture
def workgroup(serverless):
    """A workgroup of which nothing is set but what must be."""
    serverless.create_namespace(**NAMES, manageAdminPassword=True)
    return serverless.create_workgroup(**NAMES, **WORKGROUP)["workgroup"]


@pytest.fixture
def redshift(client):
    return client("redshift")


@pytest.fixture
def cluster(redshift):
    return redshift.create_cluster(**NEW_CLUSTER)["Cluster"]


def parameters(found):
    return {each["parameterKey"]: each["parameterValue"] for each in found["configParameters"]}


def secret_of(client, arn):
    return json.loads(client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


# --- workgroups and namespaces ----------------------------------------------------------------------


def test_a_workgroup_has_the_secure_defaults(serverless, workgroup):
    assert not workgroup["publiclyAccessible"]
    assert parameters(workgroup)["require_ssl"] == "true"
    assert (workgroup["baseCapacity"], workgroup["port"]) == (128, 5439)
    namespace = serverless.get_namespace(**NAMES)["namespace"]
    assert namespace["kmsKeyId"] == "AWS_OWNED_KMS_KEY"
    assert (namespace["dbName"], namespace["adminUsername"], namespace["iamRoles"]) == ("dev", "admin", [])


@pytest.mark.parametrize(
    "change",
    [
        {"baseCapacity": 16},
        {"maxCapacity": 256},
        {"enhancedVpcRouting": True},
        {"publiclyAccessible": True},
        {"port": 8192},
        {"subnetIds": ["subnet-0123456789abcdef0"]},
        {"securityGroupIds": ["sg-0123456789abcdef0"]},
    ],
)
def test_each_setting_of_a_workgroup_is_changed_by_itself(serverless, workgroup, change):
    changed = serverless.update_workgroup(**WORKGROUP, **change)["workgroup"]
    assert changed.items() >= change.items()
    assert serverless.get_workgroup(**WORKGROUP)["workgroup"].items() >= change.items()
    two = {"baseCapacity": 32, "port": 5440} | change
    assert refusal(serverless.update_workgroup, **WORKGROUP, **two) == "ValidationException"


def test_parameters_are_merged(serverless, workgroup):
    asked = [{"parameterKey": "require_ssl", "parameterValue": "false"}]
    changed = parameters(serverless.update_workgroup(**WORKGROUP, configParameters=asked)["workgroup"])
    assert changed == {**parameters(workgroup), "require_ssl": "false"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"baseCapacity": 9},
        {"baseCapacity": 2048},
        {"maxCapacity": 64},
        {"port": 80},
        {"subnetIds": ["subnet"]},
        {"configParameters": [{"parameterKey": "require_ssl", "parameterValue": "perhaps"}]},
        {"configParameters": [{"parameterKey": "no_such", "parameterValue": "1"}]},
        {"configParameters": [{"parameterKey": "query_group", "parameterValue": "a"}] * 2},
        {},
    ],
)
def test_what_a_workgroup_cannot_be_is_refused(serverless, workgroup, wrong):
    assert refusal(serverless.update_workgroup, **WORKGROUP, **wrong) == "ValidationException"
    assert serverless.get_workgroup(**WORKGROUP)["workgroup"] == workgroup


def test_roles_of_a_namespace_are_shown_as_aws_shows_them(serverless, workgroup, role):
    changed = serverless.update_namespace(**NAMES, iamRoles=[role], defaultIamRoleArn=role)["namespace"]
    assert changed["iamRoles"] == [f"IamRole(applyStatus=in-sync, iamRoleArn={role})"]
    assert changed["defaultIamRoleArn"] == role


@pytest.mark.parametrize(
    "wrong",
    [
        {"iamRoles": []},
        {"kmsKeyId": "alias/key", "logExports": ["userlog"]},
        {"logExports": ["everything"]},
        {"kmsKeyId": "no key"},
        {},
    ],
)
def test_what_a_namespace_cannot_be_is_refused(serverless, workgroup, wrong):
    before = serverless.get_namespace(**NAMES)
    assert refusal(serverless.update_namespace, **NAMES, **wrong) == "ValidationException"
    assert serverless.get_namespace(**NAMES)["namespace"] == before["namespace"]


def test_names_of_the_database_and_of_its_administrator_are_as_asked(empty, client, serverless):
    namespace = serverless.create_namespace(
        **NAMES, dbName="sales", adminUsername="chief", manageAdminPassword=True
    )["namespace"]
    serverless.create_workgroup(**NAMES, **WORKGROUP)
    env = {**empty, "REDSHIFT_WORKGROUP": "sales", "REDSHIFT_DATABASE": "sales"}
    secret = {"SecretArn": namespace["adminPasswordSecretArn"]}
    asked = "SELECT current_user, current_database()"
    assert outside.rows(client("redshift-data"), env, asked, **secret) == [("chief", "sales")]
    other = outside.run(client("redshift-data"), {**env, "REDSHIFT_DATABASE": "dev"}, asked, **secret)
    assert 'database "dev" does not exist' in other["Error"]


def test_all_goes_with_the_namespace(empty, client, serverless, workgroup):
    env = {**empty, "REDSHIFT_WORKGROUP": "sales", "REDSHIFT_DATABASE": "dev"}
    data = client("redshift-data")
    secret = serverless.get_namespace(**NAMES)["namespace"]["adminPasswordSecretArn"]
    for sql in ("CREATE TABLE kept (a int)", "CREATE ROLE kept"):
        assert outside.run(data, env, sql, SecretArn=secret)["Status"] == "FINISHED"
    assert refusal(serverless.delete_namespace, **NAMES) == "ConflictException"
    serverless.delete_workgroup(**WORKGROUP)
    assert refusal(serverless.get_workgroup, **WORKGROUP) == "ResourceNotFoundException"
    assert serverless.delete_namespace(**NAMES)["namespace"]["status"] == "DELETING"
    assert refusal(serverless.get_namespace, **NAMES) == "ResourceNotFoundException"
    assert client("secretsmanager").list_secrets()["SecretList"] == []
    assert (
        refusal(outside.run, client=data, env=env, sql="SELECT 1", SecretArn=secret) == "ValidationException"
    )
    again = serverless.create_namespace(**NAMES, manageAdminPassword=True)["namespace"]
    serverless.create_workgroup(**NAMES, **WORKGROUP)
    secret = {"SecretArn": again["adminPasswordSecretArn"]}
    assert outside.run(data, env, "SELECT * FROM kept", **secret)["Status"] == "FAILED"
    roles = "SELECT role_name FROM svv_roles WHERE role_name = 'kept'"
    assert outside.rows(data, env, roles, **secret) == []


def test_a_namespace_has_one_workgroup_and_the_account_one_warehouse(serverless, redshift, workgroup):
    more = {**NAMES, "workgroupName": "second"}
    assert refusal(serverless.create_workgroup, **more) == "ConflictException"
    assert refusal(redshift.create_cluster, **NEW_CLUSTER) == "NotImplemented"


# --- clusters ---------------------------------------------------------------------------------------


def test_a_cluster_has_the_secure_defaults(redshift, cluster):
    (found,) = redshift.describe_clusters(**CLUSTER)["Clusters"]
    assert found == cluster
    assert (found["ClusterStatus"], found["Encrypted"], found["PubliclyAccessible"]) == (
        "available",
        True,
        False,
    )
    (group,) = found["ClusterParameterGroups"]
    assert group["ParameterGroupName"] == "default.redshift-2.0"
    assert values(redshift, "default.redshift-2.0")["require_ssl"] == "true"
    assert values(redshift, "default.redshift-1.0")["require_ssl"] == "false"


def values(redshift, group):
    found = redshift.describe_cluster_parameters(ParameterGroupName=group)["Parameters"]
    return {each["ParameterName"]: each["ParameterValue"] for each in found}


def test_parameters_are_in_force_after_a_reboot(redshift, cluster):
    group = {"ParameterGroupName": "sales-parameters"}
    redshift.create_cluster_parameter_group(
        **group, ParameterGroupFamily="redshift-2.0", Description="SSL", Tags=[{"Key": "a", "Value": "b"}]
    )
    redshift.modify_cluster_parameter_group(
        **group, Parameters=[{"ParameterName": "require_ssl", "ParameterValue": "false"}]
    )
    changed = redshift.describe_cluster_parameters(**group, Source="user")["Parameters"]
    assert [(each["ParameterName"], each["ParameterValue"]) for each in changed] == [("require_ssl", "false")]
    found = redshift.modify_cluster(**CLUSTER, ClusterParameterGroupName="sales-parameters")["Cluster"]
    assert found["ClusterParameterGroups"][0]["ParameterApplyStatus"] == "pending-reboot"
    found = redshift.reboot_cluster(**CLUSTER)["Cluster"]
    assert found["ClusterParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"
    assert refusal(redshift.delete_cluster_parameter_group, **group) == "InvalidClusterParameterGroupState"
    redshift.delete_cluster(**CLUSTER, SkipFinalClusterSnapshot=True)
    redshift.delete_cluster_parameter_group(**group)
    assert refusal(redshift.describe_cluster_parameters, **group) == "ClusterParameterGroupNotFound"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"Encrypted": False}, "UnsupportedOperation"),
        ({"NodeType": "ra4.large"}, "InvalidParameterValue"),
        ({"ClusterType": "multi-node"}, "InvalidParameterCombination"),
        ({"ClusterIdentifier": "two--hyphens"}, "InvalidParameterValue"),
        ({"MasterUsername": "PUBLIC"}, "InvalidParameterValue"),
        ({"MasterUserPassword": "Passw0rd"}, "InvalidParameterCombination"),
        ({"ManageMasterPassword": False}, "InvalidParameterCombination"),
        ({"ManageMasterPassword": False, "MasterUserPassword": "short"}, "InvalidParameterValue"),
        ({"ClusterParameterGroupName": "none"}, "ClusterParameterGroupNotFound"),
        ({"RedshiftIdcApplicationArn": "arn:none"}, "RedshiftIdcApplicationNotExists"),
        ({"IamRoles": ["arn:aws:iam::123456789012:role/none"]}, "InvalidParameterValue"),
        ({"Port": 22}, "InvalidParameterValue"),
        ({"MultiAZ": True}, "NotImplemented"),
        ({"Tags": [{"Key": "aws:mine", "Value": ""}]}, "InvalidTagFault"),
    ],
)
def test_what_a_cluster_cannot_be_is_refused(redshift, more, code):
    assert refusal(redshift.create_cluster, **{**NEW_CLUSTER, **more}) == code
    assert redshift.describe_clusters()["Clusters"] == []


def test_a_cluster_is_changed_and_deleted(client, redshift, cluster, role):
    for change in ({"EnhancedVpcRouting": True}, {"NodeType": "ra3.xlplus", "NumberOfNodes": 2}):
        assert redshift.modify_cluster(**CLUSTER, **change)["Cluster"].items() >= change.items()
    found = redshift.modify_cluster_iam_roles(**CLUSTER, AddIamRoles=[role], DefaultIamRoleArn=role)[
        "Cluster"
    ]
    assert (found["IamRoles"], found["DefaultIamRoleArn"]) == (
        [{"IamRoleArn": role, "ApplyStatus": "in-sync"}],
        role,
    )
    found = redshift.modify_cluster_iam_roles(**CLUSTER, RemoveIamRoles=[role])["Cluster"]
    assert (found["IamRoles"], found.get("DefaultIamRoleArn")) == ([], None)
    assert refusal(redshift.create_cluster, **NEW_CLUSTER) == "ClusterAlreadyExists"
    assert refusal(redshift.delete_cluster, **CLUSTER) == "InvalidParameterCombination"
    redshift.delete_cluster(**CLUSTER, SkipFinalClusterSnapshot=True)
    assert refusal(redshift.describe_clusters, **CLUSTER) == "ClusterNotFound"
    assert client("secretsmanager").list_secrets()["SecretList"] == []


def test_sql_runs_on_a_cluster(client, redshift, cluster):
    secret = cluster["MasterPasswordSecretArn"]
    assert secret_of(client, secret)["username"] == "admin"
    data = client("redshift-data")
    asked = {**CLUSTER, "Database": "dev", "Sql": "SELECT current_user", "SecretArn": secret}
    done = data.execute_statement(**asked, WaitTimeSeconds=10)
    assert (done["ClusterIdentifier"], done["Status"]) == ("sales-cluster", "FINISHED")
    assert data.get_statement_result(Id=done["Id"])["Records"] == [[{"stringValue": "admin"}]]
    assert data.describe_statement(Id=done["Id"])["ClusterIdentifier"] == "sales-cluster"
    assert len(data.list_statements(**CLUSTER)["Statements"]) == 1
    assert data.list_statements(ClusterIdentifier="other")["Statements"] == []
    assert refusal(data.execute_statement, **{**asked, "ClusterIdentifier": "other"}) == "ValidationException"
    redshift.delete_cluster(**CLUSTER, SkipFinalClusterSnapshot=True)
    assert refusal(data.execute_statement, **asked) == "ValidationException"


# --- what takes its time ----------------------------------------------------------------------------


def test_what_is_created_or_changed_is_busy_meanwhile():
    now, conditions = [100.0], Conditions(warehouse_seconds=60)
    transitions = Transitions(conditions=conditions, clock=lambda: now[0])
    creating = transitions.begin("CREATING")
    assert transitions.doing(creating) == "CREATING"
    now[0] += 60
    assert transitions.doing(creating) == ""
    conditions.change({"warehouse_seconds": 0})
    assert transitions.doing(transitions.begin("CREATING")) == ""


@pytest.fixture
def takes_time(conditions):
    """Inside, what takes AWS minutes takes so many seconds."""

    def seconds(number):
        conditions(warehouse_seconds=number)

    seconds(60)
    return seconds


def test_a_workgroup_that_is_busy_is_left_alone(empty, client, serverless, takes_time):
    namespace = serverless.create_namespace(**NAMES, manageAdminPassword=True)["namespace"]
    assert namespace["status"] == "AVAILABLE"
    assert serverless.create_workgroup(**NAMES, **WORKGROUP)["workgroup"]["status"] == "CREATING"
    assert refusal(serverless.update_workgroup, **WORKGROUP, port=5440) == "ConflictException"
    assert refusal(serverless.delete_workgroup, **WORKGROUP) == "ConflictException"
    env = {**empty, "REDSHIFT_WORKGROUP": "sales", "REDSHIFT_DATABASE": "dev"}
    secret = {"SecretArn": namespace["adminPasswordSecretArn"]}
    asked = {"client": client("redshift-data"), "env": env, "sql": "SELECT 1", **secret}
    assert refusal(outside.run, **asked) == "ValidationException"
    takes_time(0)
    assert serverless.get_workgroup(**WORKGROUP)["workgroup"]["status"] == "AVAILABLE"
    takes_time(60)
    assert serverless.update_workgroup(**WORKGROUP, port=5440)["workgroup"]["status"] == "MODIFYING"
    assert outside.run(**asked)["Status"] == "FINISHED"
    assert serverless.update_namespace(**NAMES, logExports=["userlog"])["namespace"]["status"] == "MODIFYING"
    takes_time(0)
    takes_time(60)
    assert serverless.delete_workgroup(**WORKGROUP)["workgroup"]["status"] == "DELETING"
    assert serverless.get_workgroup(**WORKGROUP)["workgroup"]["status"] == "DELETING"
    assert refusal(serverless.delete_namespace, **NAMES) == "ConflictException"
    takes_time(0)
    assert refusal(serverless.get_workgroup, **WORKGROUP) == "ResourceNotFoundException"


def test_a_cluster_that_is_busy_is_left_alone(redshift, takes_time):
    assert redshift.create_cluster(**NEW_CLUSTER)["Cluster"]["ClusterStatus"] == "creating"
    assert refusal(redshift.modify_cluster, **CLUSTER, Port=5440) == "InvalidClusterState"
    takes_time(0)
    (found,) = redshift.describe_clusters()["Clusters"]
    assert found["ClusterStatus"] == "available"


# --- tags -------------------------------------------------------------------------------------------


def test_tags_of_what_serverless_has(serverless):
    tags = [{"key": "made-by", "value": "test"}]
    namespace = serverless.create_namespace(**NAMES, tags=tags)["namespace"]
    workgroup = serverless.create_workgroup(**NAMES, **WORKGROUP, tags=tags)["workgroup"]
    for arn in (namespace["namespaceArn"], workgroup["workgroupArn"]):
        assert serverless.list_tags_for_resource(resourceArn=arn)["tags"] == tags
        serverless.tag_resource(resourceArn=arn, tags=[{"key": "more", "value": ""}])
        serverless.untag_resource(resourceArn=arn, tagKeys=["made-by", "never"])
        assert serverless.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "more", "value": ""}]
        many = [{"key": str(number), "value": ""} for number in range(50)]
        assert refusal(serverless.tag_resource, resourceArn=arn, tags=many) == "TooManyTagsException"
    gone = namespace["namespaceArn"] + "0"
    assert refusal(serverless.list_tags_for_resource, resourceArn=gone) == "ResourceNotFoundException"


def test_tags_of_what_redshift_has(redshift, application, cluster):
    arn = application["RedshiftIdcApplicationArn"]
    assert application["Tags"] == [{"Key": "made-by", "Value": "test"}]
    cluster_arn = f"arn:aws:redshift:us-east-1:123456789012:cluster:{CLUSTER['ClusterIdentifier']}"
    redshift.create_tags(ResourceName=cluster_arn, Tags=[{"Key": "made-by", "Value": "hand"}])
    found = redshift.describe_tags(TagKeys=["made-by"])["TaggedResources"]
    assert {(each["ResourceName"], each["Tag"]["Value"]) for each in found} == {
        (arn, "test"),
        (cluster_arn, "hand"),
    }
    assert redshift.describe_clusters(**CLUSTER)["Clusters"][0]["Tags"] == [
        {"Key": "made-by", "Value": "hand"}
    ]
    assert redshift.describe_clusters(TagValues=["test"])["Clusters"] == []
    redshift.delete_tags(ResourceName=arn, TagKeys=["made-by"])
    assert redshift.describe_tags(ResourceName=arn)["TaggedResources"] == []
    redshift.create_tags(
        ResourceName=arn, Tags=[{"Key": f"{number:02}", "Value": ""} for number in range(45)]
    )
    pages = redshift.get_paginator("describe_tags").paginate(
        ResourceType="redshiftidcapplication", PaginationConfig={"PageSize": 20}
    )
    assert [len(page["TaggedResources"]) for page in pages] == [20, 20, 5]
    assert refusal(redshift.describe_tags, MaxRecords=5) == "InvalidParameterValue"
    assert refusal(redshift.describe_tags, Marker="mine") == "InvalidParameterValue"
    both = {"ResourceName": arn, "ResourceType": "cluster"}
    assert refusal(redshift.describe_tags, **both) == "InvalidParameterValue"
    assert refusal(redshift.describe_tags, ResourceName=arn + "0") == "ResourceNotFoundFault"


def test_tags_of_what_identity_center_has(empty, client):
    sso, tags = client("sso-admin"), [{"Key": "made-by", "Value": "test"}]
    application = sso.create_application(
        InstanceArn=empty["IDC_INSTANCE_ARN"],
        ApplicationProviderArn="arn:aws:sso::aws:applicationProvider/custom",
        Name="tagged",
        Tags=tags,
    )["ApplicationArn"]
    issuer = sso.create_trusted_token_issuer(
        InstanceArn=empty["IDC_INSTANCE_ARN"],
        Name="tagged",
        TrustedTokenIssuerType="OIDC_JWT",
        TrustedTokenIssuerConfiguration={
            "OidcJwtConfiguration": {
                "IssuerUrl": empty["OIDC_ISSUER"],
                "ClaimAttributePath": "email",
                "IdentityStoreAttributePath": "emails.value",
                "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
            }
        },
        Tags=tags,
    )["TrustedTokenIssuerArn"]
    for arn in (application, issuer):
        assert sso.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
        sso.tag_resource(ResourceArn=arn, Tags=[{"Key": "made-by", "Value": "hand"}])
        changed = sso.list_tags_for_resource(ResourceArn=arn, InstanceArn=empty["IDC_INSTANCE_ARN"])["Tags"]
        assert changed == [{"Key": "made-by", "Value": "hand"}]
        sso.untag_resource(ResourceArn=arn, TagKeys=["made-by"])
        assert sso.list_tags_for_resource(ResourceArn=arn)["Tags"] == []
        reserved = [{"Key": "aws:x", "Value": ""}]
        assert refusal(sso.tag_resource, ResourceArn=arn, Tags=reserved) == "ValidationException"
    sso.delete_application(ApplicationArn=application)
    sso.delete_trusted_token_issuer(TrustedTokenIssuerArn=issuer)
    for arn in (application, issuer):
        assert refusal(sso.list_tags_for_resource, ResourceArn=arn) == "ResourceNotFoundException"


def test_tags_of_what_moto_has(client, role):
    iam, tags = client("iam"), [{"Key": "made-by", "Value": "test"}]
    iam.tag_role(RoleName="Redshift", Tags=tags)
    assert iam.get_role(RoleName="Redshift")["Role"]["Tags"] == tags
    iam.untag_role(RoleName="Redshift", TagKeys=["made-by"])
    assert iam.list_role_tags(RoleName="Redshift")["Tags"] == []
    provider = iam.create_open_id_connect_provider(Url="https://idp.example", ClientIDList=["x"], Tags=tags)[
        "OpenIDConnectProviderArn"
    ]
    named = {"OpenIDConnectProviderArn": provider}
    assert iam.get_open_id_connect_provider(**named)["Tags"] == tags
    iam.untag_open_id_connect_provider(**named, TagKeys=["made-by"])
    iam.tag_open_id_connect_provider(**named, Tags=[{"Key": "b", "Value": "c"}])
    assert iam.list_open_id_connect_provider_tags(**named)["Tags"] == [{"Key": "b", "Value": "c"}]
    for _ in range(2):  # it is no error that there is none
        iam.delete_open_id_connect_provider(**named)
    table = client("dynamodb").create_table(
        TableName="sessions",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=tags,
    )["TableDescription"]["TableArn"]
    dynamodb = client("dynamodb")
    assert dynamodb.list_tags_of_resource(ResourceArn=table)["Tags"] == tags
    dynamodb.untag_resource(ResourceArn=table, TagKeys=["made-by"])
    dynamodb.tag_resource(ResourceArn=table, Tags=[{"Key": "b", "Value": "c"}])
    assert dynamodb.list_tags_of_resource(ResourceArn=table)["Tags"] == [{"Key": "b", "Value": "c"}]
    assert refusal(dynamodb.list_tags_of_resource, ResourceArn=table + "0") == "ResourceNotFoundException"
    dynamodb.delete_table(TableName="sessions")
    assert refusal(dynamodb.describe_table, TableName="sessions") == "ResourceNotFoundException"


def test_who_may_create_may_not_therefore_tag(empty, client):
    iam = client("iam")
    iam.create_user(UserName="maker")
    keys = iam.create_access_key(UserName="maker")["AccessKey"]
    iam.put_user_policy(
        UserName="maker",
        PolicyName="own",
        PolicyDocument=policy(allow(["redshift-serverless:CreateNamespace", "iam:CreateRole"])),
    )
    serverless = outside.aws(empty, "redshift-serverless", keys)
    tagged = {**NAMES, "tags": [{"key": "a", "value": "b"}]}
    assert refusal(serverless.create_namespace, **tagged) == "AccessDeniedException"
    serverless.create_namespace(**NAMES)
    trust = policy(allow("sts:AssumeRole", None, Principal={"Service": SERVICES}))
    code = refusal(
        outside.aws(empty, "iam", keys).create_role,
        RoleName="Tagged",
        AssumeRolePolicyDocument=trust,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    assert code == "AccessDenied"


def test_a_role_with_policies_is_not_deleted(client, role):
    iam = client("iam")
    assert refusal(iam.delete_role, RoleName="Redshift") == "DeleteConflict"
    iam.delete_role_policy(RoleName="Redshift", PolicyName="own")
    iam.delete_role(RoleName="Redshift")
    assert refusal(iam.get_role, RoleName="Redshift") == "NoSuchEntity"


# --- Identity Center's people -----------------------------------------------------------------------


PROVIDERS = "SELECT name, type, namespc, enabled FROM svv_identity_providers"


def test_an_integration_is_an_identity_provider_of_the_warehouse(empty, client, serverless, application):
    arn = application["RedshiftIdcApplicationArn"]
    namespace = serverless.create_namespace(**NAMES, manageAdminPassword=True, redshiftIdcApplicationArn=arn)
    serverless.create_workgroup(**NAMES, **WORKGROUP)
    env = {**empty, "REDSHIFT_WORKGROUP": "sales", "REDSHIFT_DATABASE": "dev"}
    secret = {"SecretArn": namespace["namespace"]["adminPasswordSecretArn"]}
    data = client("redshift-data")
    assert outside.rows(data, env, PROVIDERS, **secret) == [("redshift-app", "awsidc", "AWSIDC", True)]
    managed, role = application["IdcManagedApplicationArn"], application["IamRoleArn"]

    def run(sql):
        done = outside.run(data, env, sql, **secret)
        return done.get("Error", done["Status"])

    create = "CREATE IDENTITY PROVIDER \"{}\" TYPE AWSIDC NAMESPACE '{}' APPLICATION_ARN '{}' IAM_ROLE '{}'"
    assert "already exists" in run(create.format("second", "OTHER", managed, role))
    assert run('CREATE ROLE "AWSIDC:amer-sales"') == "FINISHED"
    assert "depend on it" in run('DROP IDENTITY PROVIDER "redshift-app"')
    assert run('DROP IDENTITY PROVIDER "redshift-app" CASCADE') == "FINISHED"
    assert (
        outside.rows(data, env, "SELECT role_name FROM svv_roles WHERE role_name LIKE 'AWS%'", **secret) == []
    )
    assert "cannot be reached" in run(create.format("second", "OTHER", "arn:aws:sso::1:application/x", role))
    assert run(create.format("second", "OTHER", managed, role)) == "FINISHED"
    assert run('ALTER IDENTITY PROVIDER "second" DISABLE') == "FINISHED"
    assert outside.rows(data, env, PROVIDERS, **secret) == [("second", "awsidc", "OTHER", False)]


@pytest.mark.parametrize("broken", ["trust", "context", "permission", "role"])
def test_redshift_must_be_able_to_look_up_identity_center(empty, client, application, role, broken):
    serverless = client("redshift-serverless")
    namespace = serverless.create_namespace(
        **NAMES,
        manageAdminPassword=True,
        redshiftIdcApplicationArn=application["RedshiftIdcApplicationArn"],
    )["namespace"]
    serverless.create_workgroup(**NAMES, **WORKGROUP)
    iam = client("iam")
    trust = {
        "trust": allow(
            ["sts:AssumeRole", "sts:SetContext"], None, Principal={"Service": "ec2.amazonaws.com"}
        ),
        "context": allow("sts:AssumeRole", None, Principal={"Service": SERVICES}),
    }
    if broken in trust:
        iam.update_assume_role_policy(RoleName="Redshift", PolicyDocument=policy(trust[broken]))
    else:
        iam.delete_role_policy(RoleName="Redshift", PolicyName="own")
    if broken == "role":
        iam.delete_role(RoleName="Redshift")
    redshift = client("redshift")
    code = refusal(
        redshift.create_redshift_idc_application,
        IdcInstanceArn=empty["IDC_INSTANCE_ARN"],
        RedshiftIdcApplicationName="second",
        IdcDisplayName="second",
        IamRoleArn=role,
    )
    assert code == "DependentServiceAccessDenied"
    assert len(redshift.describe_redshift_idc_applications()["RedshiftIdcApplications"]) == 1
    managed = client("sso-admin").list_applications(InstanceArn=empty["IDC_INSTANCE_ARN"])["Applications"]
    assert [each["Name"] for each in managed] == ["redshift-app"]
    # Who is no person of Identity Center needs none of it.
    env = {**empty, "REDSHIFT_WORKGROUP": "sales", "REDSHIFT_DATABASE": "dev"}
    secret = {"SecretArn": namespace["adminPasswordSecretArn"]}
    assert outside.rows(client("redshift-data"), env, "SELECT 1", **secret) == [(1,)]


# --- accounts and regions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {},
        [],
        {"seconds": 1},
        {"warehouse_seconds": "1"},
        {"warehouse_seconds": -1},
        {"warehouse_seconds": True},
        {"instance_owner": "me"},
        {"instance_status": "GONE"},
        {"quotas": {"L-00000001": "many"}},
        {"long_polling": 0},
    ],
)
def test_what_an_account_cannot_be_is_refused(empty, asked):
    address = f"{empty['AWS_ENDPOINT_URL']}/_local/conditions"
    before = httpx.get(address).json()
    assert httpx.post(address, json=asked).status_code == 400
    assert httpx.get(address).json() == before


def test_an_instance_may_be_another_accounts(empty, client, conditions):
    sso, instance = client("sso-admin"), {"InstanceArn": empty["IDC_INSTANCE_ARN"]}
    conditions(instance_owner="999999999999")
    assert sso.list_instances()["Instances"][0]["OwnerAccountId"] == "999999999999"
    assert sso.list_trusted_token_issuers(**instance)["TrustedTokenIssuers"] == []
    conditions(instance_delegated=False)
    assert refusal(sso.list_trusted_token_issuers, **instance) == "AccessDeniedException"
    store = {"IdentityStoreId": empty["IDENTITY_STORE_ID"]}
    assert refusal(client("identitystore").list_groups, **store) == "AccessDeniedException"
    assert sso.list_applications(**instance)["Applications"] == []
    conditions(instance_status="CREATE_IN_PROGRESS")
    assert sso.describe_instance(**instance)["Status"] == "CREATE_IN_PROGRESS"
    conditions(instance_status="none")
    assert sso.list_instances()["Instances"] == []
    assert refusal(sso.list_applications, **instance) == "AccessDeniedException"


def test_quotas_are_shown(client, conditions):
    quotas = client("service-quotas")
    found = quotas.list_service_quotas(ServiceCode="redshift-serverless")["Quotas"]
    assert {each["QuotaName"]: each["Value"] for each in found} == {
        "Number of namespaces": 25,
        "Number of workgroups": 25,
    }
    code = found[0]["QuotaCode"]
    conditions(quotas={code: 1})
    asked = {"ServiceCode": "redshift-serverless", "QuotaCode": code}
    assert quotas.get_service_quota(**asked)["Quota"]["Value"] == 1
    assert quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"] == 25
    assert refusal(quotas.list_service_quotas, ServiceCode="ec2") == "NoSuchResourceException"


def test_a_region_may_not_know_waiting(client, cluster, conditions):
    conditions(long_polling=False)
    asked = {**CLUSTER, "Database": "dev", "Sql": "SELECT 1", "SecretArn": cluster["MasterPasswordSecretArn"]}
    data = client("redshift-data")
    assert refusal(data.execute_statement, **asked, WaitTimeSeconds=1) == "ValidationException"
    assert data.execute_statement(**asked)["Id"]


def test_what_is_kept_is_a_copy():
    owner = SimpleNamespace(names=["first"])
    put_back = keeping(owner, "names")
    for _ in range(2):
        owner.names.append("second")
        put_back()
        assert owner.names == ["first"]
