"""Under exactly these policies the app does all that it does, and nothing beyond."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from app.audit import NOBODY
from app.auth.aws import Aws, read_secret
from app.auth.exchange import IdentityContext, exchange
from app.errors import AppError
from app.redshift.query import Query
from app.session.assembly import assemble
from app.session.cookies import new_id
from app.session.dynamodb import DynamoStore
from app.settings import load
from infra.provision.apply import apply
from infra.provision.iam import policies
from infra.provision.iam.policies import Policy
from infra.provision.specification.spec import Spec
from tests import outside
from tests.app.test_sign_in_to_rows import sign_in, user_of
from tests.infra.provision import documents
from tests.infra.provision.test_policies import listed
from tests.stand_in import session_table

WHO = Query("who am I", "SELECT current_user AS name")
SALES = Query("sales", "SELECT sku, quantity FROM public.sales_data ORDER BY sku LIMIT 3000")
KEEP = Query("keep", "INSERT INTO rowlight.alerts SELECT * FROM rowlight.alerts WHERE owner = current_user")
TABLE = "sessions-of-policies"
FOREVER = 2_000_000_000.0


@dataclass(frozen=True)
class World:
    """A provisioned account: as whom the app acts there, and the policies, for a while others."""

    env: dict[str, str]
    spec: Spec
    shared: Any
    host: dict[str, str]

    def admin(self, service: str) -> Any:
        return outside.aws(self.env, service, outside.administrator(self.env))

    @property
    def documents(self) -> dict[str, Policy]:
        """What each role, the app's host and the application have."""
        application = self.env["IDC_APPLICATION_ARN"]
        return {
            "trust of IDCBridgeRole": policies.bridge_trust(self.spec),
            "permissions of IDCBridgeRole": policies.bridge_permissions(
                self.spec, application_arn=application
            ),
            "trust of RedshiftDataAPIClientRole": policies.data_trust(self.spec),
            "permissions of RedshiftDataAPIClientRole": policies.data_permissions(
                self.spec, warehouse_arn=self.workgroup_arn
            ),
            "trust of RedshiftDataLoadRole": policies.load_trust(self.spec),
            "permissions of RedshiftDataLoadRole": policies.load_permissions(self.spec),
            "host": policies.host_permissions(self.spec, application_arn=application),
            "actors": policies.actors(self.spec),
        }

    @property
    def workgroup_arn(self) -> str:
        if self.shared is None:
            return documents.warehouse_arn(self.spec)
        found = self.admin("redshift-serverless").get_workgroup(workgroupName=self.spec.workgroup)
        arn: str = found["workgroup"]["workgroupArn"]
        return arn

    def put(self, title: str, policy: Policy) -> None:
        """Gives the account this policy in that place."""
        kind, _, role = title.partition(" of ")
        iam, text = self.admin("iam"), json.dumps(policy)
        if kind == "trust":
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=text)
        elif kind == "permissions":
            (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)
        elif kind == "host":
            iam.put_user_policy(UserName="policy-host", PolicyName="RowlightHost", PolicyDocument=text)
        else:
            self.admin("sso-admin").put_application_authentication_method(
                ApplicationArn=self.env["IDC_APPLICATION_ARN"],
                AuthenticationMethodType="IAM",
                AuthenticationMethod={"Iam": {"ActorPolicy": policy}},
            )

    @contextmanager
    def having(self, title: str, policy: Policy) -> Iterator[None]:
        self.put(title, policy)
        try:
            yield
        finally:
            self.put(title, self.documents[title])


@pytest.fixture(scope="module")
def world(env: dict[str, str], spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The stand-in as it was provisioned, and a host with its table, its secret and its policy."""
    iam, secrets = (outside.aws(env, name, outside.administrator(env)) for name in ("iam", "secretsmanager"))
    for table in (TABLE, "another-table"):
        session_table(env, table)
    arn = secrets.create_secret(Name="rowlight/client", SecretString="hidden")["ARN"]
    secrets.create_secret(Name="rowlight/another", SecretString="hidden too")
    iam.create_user(UserName="policy-host")
    key = iam.create_access_key(UserName="policy-host")["AccessKey"]
    narrow = replace(spec, session_table=TABLE, client_secret_arn=arn, also_readable=spec.also_readable[1:])
    with pytest.MonkeyPatch.context() as patch:
        none = str(tmp_path_factory.mktemp("aws") / "none")
        patch.setenv("AWS_CONFIG_FILE", none)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", none)
        for name, value in env.items():
            if not name.startswith("ADMIN_"):
                patch.setenv(name, value)
        found = World(env, narrow, assemble(load(None)), key)
        for title, policy in found.documents.items():
            found.put(title, policy)
        yield found
    found.put("permissions of RedshiftDataLoadRole", policies.load_permissions(spec))
    iam.delete_user_policy(UserName="policy-host", PolicyName="RowlightHost")
    iam.delete_access_key(UserName="policy-host", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="policy-host")
    for table in (TABLE, "another-table"):
        found.admin("dynamodb").delete_table(TableName=table)
    for name in ("rowlight/client", "rowlight/another"):
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_the_account_was_given_these_policies(world: World, spec: Spec) -> None:
    """All but what was narrowed above: a test of these policies is one of what is provisioned."""
    keys = outside.administrator(world.env)
    administrator = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name=spec.region)
    assert not any("trust" in each for each in apply(spec, administrator).changes)
    iam = world.admin("iam")
    for title, policy in replace(world, spec=spec).documents.items():
        kind, _, role = title.partition(" of ")
        if kind == "trust":
            assert policies.same(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"], policy)
        elif kind == "permissions":
            (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
            found = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            assert policies.same(found, policy)
    for title, policy in world.documents.items():
        world.put(title, policy)


# What the app does ---------------------------------------------------------------------------------------


def person(world: World, name: str = "Frank Amer") -> dict[str, str]:
    """The credentials that the app has for somebody who signs in."""
    identity = sign_in(world.shared, name).identity
    settings = world.shared.settings
    keys = exchange(identity, aws=Aws(settings.aws_region), settings=settings, trail=NOBODY)
    return {
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
    }


def signs_in_and_reads(world: World) -> None:
    user = user_of(world.shared, "Frank Amer")
    assert user.warehouse.fetch(WHO).frame["name"].tolist() == ["AWSIDC:frank@example.com"]
    assert len(user.warehouse.fetch(SALES, fresh=True).frame) > 0
    user.warehouse.run(KEEP)


def renews(world: World) -> None:
    kept: list[IdentityContext] = []
    identity = sign_in(world.shared, "Frank Amer").identity
    steps = {"aws": Aws("us-east-1"), "settings": world.shared.settings, "trail": NOBODY}
    exchange(identity, **steps, kept=kept.append)
    exchange(identity, **steps, refresh_token=kept[0].refresh_token)


def data_api(world: World, name: str = "Frank Amer") -> Any:
    return outside.aws(world.env, "redshift-data", person(world, name))


def place(env: dict[str, str]) -> dict[str, str]:
    return {"WorkgroupName": env["REDSHIFT_WORKGROUP"], "Database": env["REDSHIFT_DATABASE"]}


def stops(world: World) -> None:
    client = data_api(world)
    done = outside.run(client, world.env, "SELECT 1")
    with pytest.raises(ClientError) as caught:
        client.cancel_statement(Id=done["Id"])
    if caught.value.response["Error"]["Code"] != "ValidationException":  # over already, as it says
        raise caught.value


def finds_own_statements(world: World) -> None:
    client = data_api(world)
    done = outside.run(client, world.env, "SELECT 1", StatementName="mine")
    found = client.list_statements(WorkgroupName=world.env["REDSHIFT_WORKGROUP"], StatementName="mine")
    assert done["Id"] in [each["Id"] for each in found["Statements"]]


def runs_a_batch(world: World) -> None:
    data_api(world).batch_execute_statement(Sqls=["SELECT 1", "SELECT 2"], **place(world.env))


def keeps_sessions(world: World) -> None:
    store = DynamoStore(outside.aws(world.env, "dynamodb", world.host), TABLE)
    kind = new_id()[:8]
    assert store.get(f"{kind}#1") is None
    assert store.add(f"{kind}#1", b"sealed", expires_at=FOREVER)
    assert [key for key, _ in store.entries(kind)] == [f"{kind}#1"]
    assert store.take(f"{kind}#1")


def reads_its_secret(world: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", world.host["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", world.host["SecretAccessKey"])
        assert read_secret(world.spec.client_secret_arn, world.env["AWS_REGION"]) == "hidden"


def copies(world: World) -> None:
    """What the administrator loads; nothing is there below the prefix but what the role could list."""
    for location in world.spec.readable:
        told = outside.run(
            world.admin("redshift-data"),
            world.env,
            f"COPY public.sales_data FROM 's3://{location}nothing' IAM_ROLE default CSV",
            SecretArn=world.env["ADMIN_SECRET_ARN"],
        )
        if "does not exist" not in told["Error"]:
            raise PermissionError(told["Error"])


def loads(world: World) -> None:
    told = outside.run(
        world.admin("redshift-data"),
        world.env,
        f"COPY rowlight.alerts FROM 's3://{world.spec.readable[0]}' IAM_ROLE default FORMAT AS PARQUET",
        SecretArn=world.env["ADMIN_SECRET_ARN"],
    )
    if "Access Denied" in told["Error"]:  # else: the columns are others
        raise PermissionError(told["Error"])


# Which of it shows that a policy has lost something.
APP: dict[str, tuple[Callable[[World], None], ...]] = {
    "trust of IDCBridgeRole": (signs_in_and_reads,),
    "permissions of IDCBridgeRole": (signs_in_and_reads, renews),
    "trust of RedshiftDataAPIClientRole": (signs_in_and_reads,),
    "permissions of RedshiftDataAPIClientRole": (
        signs_in_and_reads,
        stops,
        finds_own_statements,
        runs_a_batch,
    ),
    "trust of RedshiftDataLoadRole": (copies,),
    "permissions of RedshiftDataLoadRole": (copies, loads),
    "host": (keeps_sessions, reads_its_secret),
    "actors": (signs_in_and_reads,),
}
# The stand-in's Data API asks the application nothing: whether AWS's needs this, the stand-in cannot show.
UNPROVED = {"DataApiForItsCallers"}


def refused(world: World, title: str) -> bool:
    """Whether the app can no longer do all that it does."""
    for does in APP[title]:
        try:
            does(world)
        except (AppError, ClientError, PermissionError):
            return True
    return False


@pytest.mark.parametrize("does", dict.fromkeys(does for each in APP.values() for does in each))
def test_the_app_does_what_it_does(world: World, does: Callable[[World], None]) -> None:
    does(world)


def example(**changes: Any) -> World:
    """The same policies without an account: to know beforehand what is in them."""
    env = {"IDC_APPLICATION_ARN": "arn:aws:sso::123456789012:application/ssoins-1/apl-1"}
    given = documents.spec(
        session_table=TABLE,
        client_secret_arn=documents.secret("client"),
        also_readable=("other/x/",),
        **changes,
    )
    return World(env, given, None, {})


ACTIONS = [
    (title, statement["Sid"], action)
    for title, policy in example().documents.items()
    for statement in policy["Statement"]
    for action in listed(statement["Action"])
    if statement["Sid"] not in UNPROVED
]


@pytest.mark.parametrize(("title", "sid", "action"), ACTIONS)
def test_without_any_action_the_app_lacks_something(world: World, title: str, sid: str, action: str) -> None:
    policy = copy.deepcopy(world.documents[title])
    (statement,) = (each for each in policy["Statement"] if each["Sid"] == sid)
    left = [each for each in listed(statement["Action"]) if each != action]
    statement["Action"] = left or "s3:ListAllMyBuckets"
    with world.having(title, policy):
        assert refused(world, title)


# What nobody may -----------------------------------------------------------------------------------------

REFUSALS = {"AccessDenied", "AccessDeniedException"}


def code_of(call: Callable[..., Any], /, *given: Any, **named: Any) -> str:
    """The code of the error that a call ends in; empty where it is let through."""
    try:
        call(*given, **named)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def bridge(world: World, name: str = "Frank Amer") -> dict[str, str]:
    return outside.bridge(world.env, outside.sign_in(world.env, name).id_token)


def take(world: World, keys: dict[str, str], role: str, **more: Any) -> dict[str, str]:
    sts = outside.aws(world.env, "sts", keys)
    answer = sts.assume_role(RoleArn=world.spec.role_arn(role), RoleSessionName="outside", **more)
    return dict(answer["Credentials"])


@contextmanager
def open_role(world: World) -> Iterator[str]:
    """A role that trusts everybody of the account, with and without a context."""
    anybody = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": ["sts:AssumeRole", "sts:SetContext"],
    }
    iam = world.admin("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    iam.create_role(RoleName="Open", AssumeRolePolicyDocument=trust)
    try:
        yield "Open"
    finally:
        iam.delete_role(RoleName="Open")


def test_the_bridge_role_exchanges_at_no_other_application(world: World) -> None:
    sso = world.admin("sso-admin")
    other = sso.create_application(
        InstanceArn=world.spec.instance_arn,
        ApplicationProviderArn="arn:aws:sso::aws:applicationProvider/custom",
        Name="another",
    )["ApplicationArn"]
    try:
        token = outside.sign_in(world.env, "Frank Amer").id_token
        client = outside.aws(world.env, "sso-oidc", outside.bridge(world.env, token))
        asked = {"grantType": outside.JWT_BEARER, "assertion": token}
        assert code_of(client.create_token_with_iam, clientId=other, **asked) in REFUSALS
        assert code_of(client.create_token_with_iam, clientId=world.env["IDC_APPLICATION_ARN"], **asked) == ""
    finally:
        sso.delete_application(ApplicationArn=other)


def test_the_bridge_role_takes_no_other_role(world: World) -> None:
    with open_role(world) as role:
        assert code_of(take, world, outside.administrator(world.env), role) == ""
        assert code_of(take, world, bridge(world), role) in REFUSALS
        assert code_of(take, world, person(world), role) in REFUSALS
    for role in (world.spec.load_role, world.spec.redshift_role, world.spec.bridge_role):
        assert code_of(take, world, bridge(world), role) in REFUSALS


def test_nobody_else_takes_the_data_role(world: World) -> None:
    """Not even the account's administrator, whose own policies allow everything."""
    for role in (world.spec.data_role, world.spec.load_role, world.spec.redshift_role):
        assert code_of(take, world, outside.administrator(world.env), role) in REFUSALS
    assert code_of(take, world, person(world), world.spec.data_role) in REFUSALS


def test_without_an_identity_context_the_data_role_reaches_no_database(world: World) -> None:
    keys = take(world, bridge(world), world.spec.data_role)
    client = outside.aws(world.env, "redshift-data", keys)
    assert code_of(client.execute_statement, Sql="SELECT 1", **place(world.env)) in REFUSALS


def test_the_data_role_runs_nothing_elsewhere_and_as_nobody_else(world: World) -> None:
    client, where = data_api(world), place(world.env)
    for given in (
        {**where, "WorkgroupName": "another-workgroup"},
        {"ClusterIdentifier": "another-cluster", "Database": "dev", "DbUser": "admin"},
        {**where, "SecretArn": world.env["ADMIN_SECRET_ARN"]},
    ):
        assert code_of(client.execute_statement, Sql="SELECT 1", **given) in REFUSALS
    assert code_of(client.list_tables, **where) in REFUSALS
    assert code_of(client.describe_table, Table="sales_data", **where) in REFUSALS
    assert code_of(client.list_sessions, WorkgroupName=where["WorkgroupName"]) in REFUSALS


def test_nobody_follows_or_stops_somebody_elses_statement(world: World) -> None:
    statement = outside.run(data_api(world), world.env, "SELECT 1")["Id"]
    for name in ("Ethan Global", "Ada Admin"):
        client = data_api(world, name)
        for call in (client.describe_statement, client.get_statement_result, client.cancel_statement):
            assert code_of(call, Id=statement) in {*REFUSALS, "ResourceNotFoundException"}
        found = client.list_statements(WorkgroupName=world.env["REDSHIFT_WORKGROUP"])["Statements"]
        assert statement not in [each["Id"] for each in found]


OTHER_CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "roles": ("iam", lambda client: client.list_roles()),
    "users": ("identitystore", lambda client: client.list_users(IdentityStoreId="d-0000000000")),
    "applications": ("sso-admin", lambda client: client.list_instances()),
    "buckets": ("s3", lambda client: client.list_buckets()),
    "workgroups": ("redshift-serverless", lambda client: client.list_workgroups()),
    "statements": (
        "redshift-data",
        lambda client: client.list_statements(WorkgroupName="redshift-tip-enabled"),
    ),
    "trail": ("cloudtrail", lambda client: client.lookup_events()),
    "secret": ("secretsmanager", lambda client: client.get_secret_value(SecretId="rowlight/another")),
    "table": ("dynamodb", lambda client: client.scan(TableName="another-table")),
}


@pytest.mark.parametrize("what", OTHER_CALLS)
def test_nobody_reaches_what_is_not_theirs(world: World, what: str) -> None:
    service, call = OTHER_CALLS[what]
    theirs = {"host": world.host, "bridge": bridge(world), "person": person(world)}
    if service == "redshift-data":
        del theirs["person"]
    for keys in theirs.values():
        assert code_of(call, outside.aws(world.env, service, keys)) in REFUSALS


def test_the_host_does_no_more_with_its_table_and_its_secret(world: World) -> None:
    dynamodb = outside.aws(world.env, "dynamodb", world.host)
    secrets = outside.aws(world.env, "secretsmanager", world.host)
    condition = {"KeyConditionExpression": "#k = :k", "ExpressionAttributeNames": {"#k": "key"}}
    for call, given in (
        (dynamodb.describe_table, {}),
        (dynamodb.delete_table, {}),
        (dynamodb.query, {**condition, "ExpressionAttributeValues": {":k": {"S": "x"}}}),
    ):
        assert code_of(call, TableName=TABLE, **given) in REFUSALS
    own = world.spec.client_secret_arn
    assert code_of(secrets.put_secret_value, SecretId=own, SecretString="mine") in REFUSALS
    assert code_of(secrets.delete_secret, SecretId=own) in REFUSALS


# Each condition, with a policy under which it is what refuses, and whom -----------------------------------


def takes_the_bridge_role(world: World) -> bool:
    return code_of(bridge, world) == ""


def brings_a_context(world: World) -> bool:
    try:
        person(world)
    except AppError:
        return False
    return True


def follows_under_another_name(world: World) -> bool:
    """Frank, whose session bears another name than the one that ran the statement."""
    token = outside.sign_in(world.env, "Frank Amer").id_token
    other = outside.aws(world.env, "redshift-data", outside.exchange(world.env, token, "another-name"))
    statement = outside.run(data_api(world), world.env, "SELECT 1")["Id"]
    return code_of(other.describe_statement, Id=statement) == ""


def copy_told(world: World, location: str) -> str:
    sql = f"COPY public.sales_data FROM '{location}' IAM_ROLE default CSV"
    told = outside.run(world.admin("redshift-data"), world.env, sql, SecretArn=world.env["ADMIN_SECRET_ARN"])
    return str(told["Error"])


def copies_as_administrator(world: World) -> bool:
    return "not authorized to assume" not in copy_told(
        world, f"s3://{world.spec.data_bucket}/sales_data/none"
    )


def lists_another_prefix(world: World) -> bool:
    return "Access Denied" not in copy_told(world, f"s3://{world.spec.data_bucket}/elsewhere/none")


def another_context(policy: Policy) -> Policy:
    changed: Policy = json.loads(json.dumps(policy).replace("contextProvider/Id", "contextProvider/Another"))
    return changed


Attack = tuple[str, Callable[[World], Policy], Callable[[World], bool]]
CONDITIONS: dict[tuple[str, str], Attack] = {
    ("PeopleOfThisApp", "aud"): (
        "trust of IDCBridgeRole",
        lambda world: policies.bridge_trust(replace(world.spec, client_id="another-app")),
        takes_the_bridge_role,
    ),
    ("PeopleOfThisApp", "sub"): (
        "trust of IDCBridgeRole",
        lambda world: policies.bridge_trust(replace(world.spec, subjects=("somebody-else",))),
        takes_the_bridge_role,
    ),
    ("BringIdentityContext", "sts:RequestContextProviders"): (
        "permissions of IDCBridgeRole",
        lambda world: another_context(world.documents["permissions of IDCBridgeRole"]),
        brings_a_context,
    ),
    ("FollowOwnStatements", "redshift-data:statement-owner-iam-userid"): (
        "permissions of RedshiftDataAPIClientRole",
        lambda world: world.documents["permissions of RedshiftDataAPIClientRole"],
        follows_under_another_name,
    ),
    ("LoadAsAdministrator", "sts:ExternalId"): (
        "trust of RedshiftDataLoadRole",
        lambda world: policies.load_trust(replace(world.spec, admin_user="somebody_else")),
        copies_as_administrator,
    ),
    ("ListPlace1", "s3:prefix"): (
        "permissions of RedshiftDataLoadRole",
        lambda world: world.documents["permissions of RedshiftDataLoadRole"],
        lists_another_prefix,
    ),
}


def test_each_condition_of_the_policies_is_here() -> None:
    with_subjects = example(subjects=("00u1",)).documents.values()
    found = {
        (statement["Sid"], key.removeprefix("example.okta.com/oauth2/default:"))
        for policy in with_subjects
        for statement in policy["Statement"]
        for keys in statement.get("Condition", {}).values()
        for key in keys
    }
    assert found == {*CONDITIONS, ("ListPlace2", "s3:prefix")}


def without(policy: Policy, sid: str, condition: str) -> Policy:
    left = copy.deepcopy(policy)
    (statement,) = (each for each in left["Statement"] if each["Sid"] == sid)
    for operator, keys in [*statement["Condition"].items()]:
        kept = {key: value for key, value in keys.items() if not key.endswith(condition)}
        statement["Condition"][operator] = kept
        if not kept:
            del statement["Condition"][operator]
    if not statement["Condition"]:
        del statement["Condition"]
    return left


@pytest.mark.parametrize(("sid", "condition"), CONDITIONS)
def test_each_condition_is_what_refuses(world: World, sid: str, condition: str) -> None:
    title, attacked, let_in = CONDITIONS[sid, condition]
    policy = attacked(world)
    with world.having(title, policy):
        assert not let_in(world)
    with world.having(title, without(policy, sid, condition)):
        assert let_in(world)
