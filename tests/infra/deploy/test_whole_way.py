"""The app as the stacks run it: their settings, the task role as ECS hands it out, and nothing else."""

import base64
import http.client
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from infra.provision.apply import apply
from infra.provision.iam import policies
from infra.provision.resources.iam import HOST_POLICY
from infra.provision.specification.spec import Spec
from tests import outside, replica, stand_in
from tests.infra.deploy.filters import matches
from tests.infra.deploy.render import Rendered, rendered, template
from tests.provisioned import specification
from tests.replica import Browser, Replica

REFUSALS = {"AccessDenied", "AccessDeniedException"}
ORDERS = "SELECT count(*) FROM public.sales_data"


@dataclass(frozen=True)
class Deployed:
    """The stacks in the stand-in's account, and what ECS hands to their tasks."""

    env: dict[str, str] = field(repr=False)
    service: Rendered
    spec: Spec
    keys: dict[str, Any] = field(repr=False)
    credentials_url: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the container is told; the stand-in's addresses stand for the company's and AWS's."""
        instead = {name: self.env[name] for name in ("APP_URL", "OIDC_ISSUER", "AWS_ENDPOINT_URL")}
        return {
            **self.service.environment,
            **instead,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.credentials_url,
        }

    def admin(self, service: str) -> Any:
        return outside.aws(self.env, service, outside.administrator(self.env))

    def task(self, service: str) -> Any:
        return outside.aws(self.env, service, self.keys)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ecs")


@pytest.fixture(scope="module")
def deployed(home: Path) -> Iterator[Deployed]:
    """In the order of docs/deploy-ecs.md: secrets, state, chain of trust, service."""
    with stand_in.running(home / "stand-in") as running:
        env = running.env
        secrets = outside.aws(env, "secretsmanager", outside.administrator(env))
        held = {
            "OidcClientSecretArn": ("rowlight/client-secret", env["OIDC_CLIENT_SECRET"]),
            "SessionKeyArn": ("rowlight/session-key", base64.b64encode(os.urandom(32)).decode()),
        }
        arns = {
            parameter: secrets.create_secret(Name=name, SecretString=value)["ARN"]
            for parameter, (name, value) in held.items()
        }
        service = rendered(
            OidcClientId=env["OIDC_CLIENT_ID"],
            IdcApplicationArn=env["IDC_APPLICATION_ARN"],
            DataRoleArn=env["DATA_ROLE_ARN"],
            RedshiftWorkgroup=env["REDSHIFT_WORKGROUP"],
            RedshiftDatabase=env["REDSHIFT_DATABASE"],
            **arns,
        )
        stand_in.session_table(env, service.outputs["SessionTable"])
        keys = task_credentials(env, service)
        spec = specification(
            env,
            host_role_arn=service.outputs["TaskRoleArn"],
            session_table=service.outputs["SessionTable"],
            client_secret_arn=arns["OidcClientSecretArn"],
            session_key_arn=arns["SessionKeyArn"],
        )
        with handing_out(keys) as url:
            yield Deployed(env, service, spec, keys, url, home)


def task_credentials(env: dict[str, str], service: Rendered) -> dict[str, Any]:
    """Makes the role as the stacks do, and is ECS: only a service may take it, which the stand-in has not."""
    iam = outside.aws(env, "iam", outside.administrator(env))
    name = service.outputs["TaskRoleName"]
    principal = {"AWS": "arn:aws:iam::123456789012:user/administrator"}
    ours = policies.policy(policies.allow("Ecs", "sts:AssumeRole", Principal=principal))
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ours))
    sts = outside.aws(env, "sts", outside.administrator(env))
    keys = sts.assume_role(RoleArn=service.outputs["TaskRoleArn"], RoleSessionName="task")["Credentials"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(service.trusts["TaskRole"]))
    document = json.dumps(service.permissions["TaskRole"])
    iam.put_role_policy(RoleName=name, PolicyName=HOST_POLICY, PolicyDocument=document)
    return dict(keys)


@contextmanager
def handing_out(keys: dict[str, Any]) -> Iterator[str]:
    """Where the SDK finds a task's credentials: ECS's address within the container."""
    answer = json.dumps(
        {
            "AccessKeyId": keys["AccessKeyId"],
            "SecretAccessKey": keys["SecretAccessKey"],
            "Token": keys["SessionToken"],
            "Expiration": keys["Expiration"].isoformat(),
        }
    ).encode()

    class Ecs(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ecs)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v2/credentials/task"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def administrator(deployed: Deployed) -> Iterator[boto3.Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", deployed.env["AWS_ENDPOINT_URL"])
        keys = outside.administrator(deployed.env)
        yield boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], region_name=deployed.env["AWS_REGION"]
        )


@pytest.fixture(scope="module")
def chain(deployed: Deployed, administrator: boto3.Session) -> tuple[str, ...]:
    """What `apply` changes, once the stack's role is there."""
    return apply(deployed.spec, administrator).changes


@pytest.fixture(scope="module")
def tasks(deployed: Deployed, chain: tuple[str, ...]) -> Iterator[tuple[Replica, Replica]]:
    assert chain
    with (
        replica.running(deployed.environment, deployed.home / "a") as a,
        replica.running(deployed.environment, deployed.home / "b") as b,
    ):
        yield a, b


def events(task: Replica, name: str) -> list[dict[str, Any]]:
    """What the audit trail in the container's log has of this kind."""
    found = [json.loads(line) for line in task.log().splitlines() if line.startswith("{")]
    return [each for each in found if each["logger"] == "app.audit" and each["event"] == name]


def test_apply_has_the_data_role_trust_the_task_role_and_leaves_its_policy_alone(
    deployed: Deployed, chain: tuple[str, ...], administrator: boto3.Session
) -> None:
    assert not any(HOST_POLICY in change for change in chain)
    assert apply(deployed.spec, administrator).changes == ()
    iam = deployed.admin("iam")
    kept = iam.get_role_policy(RoleName=deployed.spec.host_role_name, PolicyName=HOST_POLICY)
    assert kept["PolicyDocument"] == deployed.service.permissions["TaskRole"]
    trust = iam.get_role(RoleName=deployed.spec.data_role)["Role"]["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"AWS": deployed.service.outputs["TaskRoleArn"]}


def test_signed_in_at_one_task_somebody_sees_their_own_rows_at_both(
    deployed: Deployed, tasks: tuple[Replica, Replica]
) -> None:
    browser = Browser(deployed.env["APP_URL"], tasks[0])
    assert browser.sign_in("Frank Amer").status_code == 303
    truth = outside.aws(
        deployed.env,
        "redshift-data",
        outside.exchange_by(
            deployed.env, deployed.keys, outside.sign_in(deployed.env, "Frank Amer").id_token
        ),
    )
    ((name,),) = outside.rows(truth, deployed.env, "SELECT current_user")
    assert name == "AWSIDC:frank@example.com"
    for task in tasks:
        with browser.at(task).tab() as tab:
            page = tab.run()
        assert "frank@example.com" in page.text
        assert page.metrics["Total sales"]
        assert {each["outcome"] for each in events(task, "query")} == {"ok"}
    # Two steps, signed by the task role: nobody asks for a bridge role.
    steps = [each["step"] for task in tasks for each in events(task, "exchange")]
    assert sorted(steps) == ["AssumeRole", "CreateTokenWithIAM"]
    table = deployed.service.outputs["SessionTable"]
    assert deployed.admin("dynamodb").scan(TableName=table)["Count"] > 0
    assert all(browser.at(task).stands() for task in tasks)


def test_the_health_check_is_answered_by_whatever_name_it_asks(
    deployed: Deployed, tasks: tuple[Replica, Replica]
) -> None:
    """A load balancer calls a target by its address."""
    targets = deployed.service.properties["Targets"]
    for task in tasks:
        url = f"http://127.0.0.1:{task.port}{targets['HealthCheckPath']}"
        answer = httpx.get(url, headers={"Host": "10.0.3.17:8501"})
        assert str(answer.status_code) == targets["Matcher"]["HttpCode"]
        assert httpx.get(f"http://127.0.0.1:{task.port}/", headers={"Host": "10.0.3.17"}).status_code == 421


def test_the_scaling_counts_the_people_of_each_task(
    deployed: Deployed, tasks: tuple[Replica, Replica]
) -> None:
    pattern = template("service")["Resources"]["SessionsInLog"]["Properties"]["FilterPattern"]
    for task in tasks:
        told = [json.loads(line) for line in task.log().splitlines() if matches(pattern, line)]
        assert told
        assert {type(each["sessions"]) for each in told} == {int}


def test_a_refused_sign_in_is_counted_from_the_containers_log(
    deployed: Deployed, tasks: tuple[Replica, Replica]
) -> None:
    pattern = template("service")["Resources"]["RefusalsInLog"]["Properties"]["FilterPattern"]

    def counted() -> int:
        return sum(matches(pattern, line) for line in tasks[0].log().splitlines())

    before = counted()
    browser = Browser(deployed.env["APP_URL"], tasks[0])
    browser.http.get("/auth/login")
    browser.http.get("/auth/callback", params={"code": "made-up", "state": "made-up"})
    assert counted() == before + 1


SPELLED = (
    "/auth/login",
    "/auth/login?return_to=/",
    "/auth/%6cogin",
    "/%61%75%74%68/login",
    "/auth%2flogin",
    "/auth/%256cogin",
    "/auth/Login",
    "//auth/login",
    "/auth//login",
    "/auth/./login",
    "/x/../auth/login",
    "/auth/login/",
    "/auth/login;x",
    "/auth/login%00",
    "http://rowlight.example.com/auth/login",
)


def answered(task: Replica, host: str, method: str, spelled: str) -> tuple[int, str, str]:
    """Status, address and page for a path that no client tidies up first."""
    connection = http.client.HTTPConnection("127.0.0.1", task.port)
    connection.request(method, spelled, headers={"Host": host})
    answer = connection.getresponse()
    told = answer.status, answer.getheader("Location") or "", answer.read().decode()
    connection.close()
    return told


def counts(statement: dict[str, Any], method: str, spelled: str) -> bool:
    """Whether a statement of the firewall is true for a request."""
    ((kind, told),) = statement.items()
    if kind != "ByteMatchStatement":
        inner = [counts(each, method, spelled) for each in told["Statements"]]
        return {"OrStatement": any, "AndStatement": all}[kind](inner)
    (field,), (transformed,) = told["FieldToMatch"], told["TextTransformations"]
    text = {"Method": method, "UriPath": spelled.partition("?")[0]}[field]
    text = {"URL_DECODE": unquote, "NONE": str}[transformed["Type"]](text)
    wanted: str = told["SearchString"]
    return {"STARTS_WITH": text.startswith(wanted), "EXACTLY": text == wanted}[told["PositionalConstraint"]]


def limited(on: Deployed) -> dict[str, dict[str, Any]]:
    """What each rule of the firewall counts by address; who comes too often hears 429."""
    rules = [each for each in on.service.properties["Firewall"]["Rules"] if "Action" in each]
    for rule in rules:
        assert rule["Action"] == {"Block": {"CustomResponse": {"ResponseCode": 429}}}
        assert rule["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    return {each["Name"]: each["Statement"]["RateBasedStatement"]["ScopeDownStatement"] for each in rules}


@pytest.mark.parametrize("spelled", SPELLED)
def test_no_spelling_of_the_sign_in_gets_around_its_limit(
    deployed: Deployed, tasks: tuple[Replica, Replica], spelled: str
) -> None:
    """Whatever the app takes for the beginning of a sign-in, or its end, the firewall counts as one."""
    host, rules = urlsplit(deployed.env["APP_URL"]).netloc, limited(deployed)
    _, location, _ = answered(tasks[0], host, "GET", spelled)
    begins = location.startswith(deployed.env["OIDC_ISSUER"])
    assert counts(rules["SignInsOfOneAddress"], "GET", spelled) or not begins
    if spelled in SPELLED[:3]:
        assert begins

    returns = spelled.replace("login", "callback").replace("%6cogin", "c%61llback")
    for method, path in (("GET", returns), ("POST", spelled.replace("login", "session"))):
        _, _, page = answered(tasks[0], host, method, path)
        ends = "RL-223" in page or "RL-237" in page
        assert counts(rules["AnswersOfOneAddress"], method, path) or not ends
        if path == "/auth/callback":
            assert ends


def test_what_open_tabs_ask_is_not_counted(deployed: Deployed) -> None:
    for path in ("/", "/auth/session", "/auth/sign-in", "/auth/page.js"):
        assert not [name for name, rule in limited(deployed).items() if counts(rule, "GET", path)]


def test_two_hundred_people_of_one_address_pass_the_firewall() -> None:
    numbers = template("service")["Parameters"]
    assert min(numbers[f"{what}PerAddress"]["Default"] for what in ("SignIns", "Answers")) >= 5 * 200


def test_the_containers_log_has_no_secret(deployed: Deployed, tasks: tuple[Replica, Replica]) -> None:
    held = [deployed.env["OIDC_CLIENT_SECRET"], *(str(deployed.keys[name]) for name in deployed.keys)]
    for task in tasks:
        assert not [value for value in held if len(value) > 12 and value in task.log()]


def exchanges(on: Deployed) -> None:
    outside.exchange_by(on.env, on.keys, outside.sign_in(on.env, "Frank Amer").id_token)


NEEDED = {
    "KeepSessions": lambda on: on.task("dynamodb").scan(TableName=on.spec.session_table),
    "ReadSecrets": lambda on: on.task("secretsmanager").get_secret_value(SecretId=on.spec.client_secret_arn),
    "ExchangeTokens": exchanges,
    "TakeDataRole": exchanges,
    "BringIdentityContext": exchanges,
}


def test_each_statement_of_the_task_role_is_here(deployed: Deployed) -> None:
    statements = deployed.service.permissions["TaskRole"]["Statement"]
    assert [each["Sid"] for each in statements] == list(NEEDED)


@pytest.mark.parametrize("sid", NEEDED)
def test_without_one_statement_the_app_lacks_something(
    deployed: Deployed, chain: tuple[str, ...], sid: str
) -> None:
    whole = deployed.service.permissions["TaskRole"]
    less = policies.policy(*(each for each in whole["Statement"] if each["Sid"] != sid))
    role = {"RoleName": deployed.spec.host_role_name, "PolicyName": HOST_POLICY}
    iam = deployed.admin("iam")
    NEEDED[sid](deployed)
    iam.put_role_policy(**role, PolicyDocument=json.dumps(less))
    try:
        with pytest.raises(ClientError) as caught:
            NEEDED[sid](deployed)
    finally:
        iam.put_role_policy(**role, PolicyDocument=json.dumps(whole))
    assert caught.value.response["Error"]["Code"] in REFUSALS


def take(deployed: Deployed, role: str, **more: Any) -> Any:
    return deployed.task("sts").assume_role(RoleArn=role, RoleSessionName="task", **more)


NOT_THEIRS = {
    "another role": lambda on: take(on, on.spec.role_arn(on.spec.load_role)),
    "itself": lambda on: take(on, on.service.outputs["TaskRoleArn"]),
    "who is in the account": lambda on: on.task("iam").list_roles(),
    "its own policy": lambda on: on.task("iam").put_role_policy(
        RoleName=on.spec.host_role_name, PolicyName=HOST_POLICY, PolicyDocument="{}"
    ),
    "the data role's trust": lambda on: on.task("iam").update_assume_role_policy(
        RoleName=on.spec.data_role, PolicyDocument="{}"
    ),
    "another secret": lambda on: on.task("secretsmanager").get_secret_value(
        SecretId=on.env["ADMIN_SECRET_ARN"]
    ),
    "other secrets' names": lambda on: on.task("secretsmanager").list_secrets(),
    "a secret of its own making": lambda on: on.task("secretsmanager").put_secret_value(
        SecretId=on.spec.client_secret_arn, SecretString="mine"
    ),
    "another table": lambda on: on.task("dynamodb").scan(TableName="another"),
    "the table itself": lambda on: on.task("dynamodb").delete_table(TableName=on.spec.session_table),
    "the data": lambda on: on.task("s3").list_objects_v2(Bucket=on.env["S3_BUCKET"]),
    "the warehouse, as nobody": lambda on: on.task("redshift-data").execute_statement(
        WorkgroupName=on.env["REDSHIFT_WORKGROUP"], Database=on.env["REDSHIFT_DATABASE"], Sql="SELECT 1"
    ),
    "the warehouse, as its administrator": lambda on: on.task("redshift-data").execute_statement(
        WorkgroupName=on.env["REDSHIFT_WORKGROUP"],
        Database=on.env["REDSHIFT_DATABASE"],
        Sql="SELECT 1",
        SecretArn=on.env["ADMIN_SECRET_ARN"],
    ),
    "who took what": lambda on: on.task("cloudtrail").lookup_events(),
    "its role, by an administrator": lambda on: on.admin("sts").assume_role(
        RoleArn=on.service.outputs["TaskRoleArn"], RoleSessionName="task"
    ),
}


@pytest.mark.parametrize("what", NOT_THEIRS)
def test_whoever_runs_code_in_a_task_is_refused(
    deployed: Deployed, chain: tuple[str, ...], what: str
) -> None:
    with pytest.raises(ClientError) as caught:
        NOT_THEIRS[what](deployed)
    assert caught.value.response["Error"]["Code"] in REFUSALS


def test_the_data_role_without_a_person_reaches_no_database(
    deployed: Deployed, chain: tuple[str, ...]
) -> None:
    keys = take(deployed, deployed.env["DATA_ROLE_ARN"])["Credentials"]
    client = outside.aws(deployed.env, "redshift-data", keys)
    with pytest.raises(ClientError) as caught:
        client.execute_statement(
            WorkgroupName=deployed.env["REDSHIFT_WORKGROUP"],
            Database=deployed.env["REDSHIFT_DATABASE"],
            Sql="SELECT 1",
        )
    assert caught.value.response["Error"]["Code"] in REFUSALS
