"""What each role of the templates may and may not do, who may be it, and who uses the key and the topic."""

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from infra.local.aws.policy import Request, decide, decide_for_principals
from infra.provision.iam import policies
from infra.provision.iam.policies import Policy
from infra.provision.resources.iam import HOST_POLICY
from tests.infra.deploy.render import ACCOUNT, GIVEN, REGION, STACKS, Rendered
from tests.infra.provision import documents, linter
from tests.infra.provision.documents import Document

ROLES = ("TaskRole", "ExecutionRole")


def test_the_task_role_may_what_infra_provision_says_and_nothing_else(service: Rendered) -> None:
    """One source: `apply` and the stack write one policy by one name; the second changes nothing."""
    spec = documents.spec(
        region=REGION,
        host_role_arn=service.outputs["TaskRoleArn"],
        session_table=service.outputs["SessionTable"],
        client_secret_arn=GIVEN["OidcClientSecretArn"],
        session_key_arn=GIVEN["SessionKeyArn"],
    )
    wanted = policies.host_permissions(spec, application_arn=GIVEN["IdcApplicationArn"])
    assert service.permissions["TaskRole"] == wanted
    assert service.properties["TaskPolicy"]["PolicyName"] == HOST_POLICY


# By AWS's list of its actions, all of them -----------------------------------------------------------------

ACTIONS = [
    f"{service['prefix']}:{privilege['privilege']}"
    for service in linter._PARLIAMENT.iam_definition
    for privilege in service["privileges"]
]
IN_ACCOUNT = f"{REGION}:{ACCOUNT}"
# What is not theirs, much of it named alike.
STRANGE = (
    "*",
    f"arn:aws:dynamodb:{IN_ACCOUNT}:table/another",
    f"arn:aws:secretsmanager:{IN_ACCOUNT}:secret:rowlight/client-secret-2-AbCdEf",
    f"arn:aws:secretsmanager:{IN_ACCOUNT}:secret:redshift!workgroup-admin-a1b2c3",
    f"arn:aws:iam::{ACCOUNT}:role/RedshiftDataLoadRole",
    f"arn:aws:iam::{ACCOUNT}:role/Administrator",
    f"arn:aws:sso::{ACCOUNT}:application/ssoins-0123456789abcdef/apl-another",
    f"arn:aws:ecr:{IN_ACCOUNT}:repository/another",
    f"arn:aws:logs:{IN_ACCOUNT}:log-group:/another/log:log-stream:task/app/1",
    f"arn:aws:redshift-serverless:{IN_ACCOUNT}:workgroup/1",
    f"arn:aws:redshift:{IN_ACCOUNT}:cluster:sales",
    f"arn:aws:kms:{IN_ACCOUNT}:key/another",
    "arn:aws:s3:::sales-data",
    "arn:aws:s3:::sales-data/sales_data/1.parquet",
)


@dataclass(frozen=True)
class Theirs:
    """The resources that the roles are about."""

    service: Rendered

    @property
    def table(self) -> str:
        return self.service.outputs["SessionTableArn"]

    @property
    def log(self) -> str:
        return f"arn:aws:logs:{IN_ACCOUNT}:log-group:{self.service.outputs['LogGroup']}"

    @property
    def stream(self) -> str:
        return f"{self.log}:log-stream:task/app/1"

    @property
    def repository(self) -> str:
        return f"arn:aws:ecr:{IN_ACCOUNT}:repository/{GIVEN['Repository']}"

    @property
    def all(self) -> tuple[str, ...]:
        own = [
            GIVEN[name]
            for name in ("OidcClientSecretArn", "SessionKeyArn", "IdcApplicationArn", "DataRoleArn")
        ]
        near = [
            f"{self.table}/index/by-person",
            f"{self.table}/stream/2026",
            f"{self.table}-copy",
            f"{self.log}:log-stream:another/1",
            f"{self.log}-copy:log-stream:task/app/1",
            f"{self.repository}-copy",
            f"{GIVEN['DataRoleArn']}2",
            self.service.outputs["TaskRoleArn"],
            self.service.outputs["KeyArn"],
            self.service.outputs["AlarmTopic"],
        ]
        return (
            *own,
            *near,
            self.table,
            self.log,
            f"{self.log}:log-stream:task/app/1",
            self.repository,
            *STRANGE,
        )


def may(policy: Policy, resources: tuple[str, ...]) -> set[tuple[str, str]]:
    """Every action of AWS's on one of these resources that the policy lets through."""
    text = [json.dumps(policy)]
    return {
        (action, resource)
        for action in ACTIONS
        for resource in resources
        if decide(text, Request(action, resource)).granted
    }


def test_the_task_role_may_these_eight_things_and_nothing_else_of_all(service: Rendered) -> None:
    theirs = Theirs(service)
    assert may(service.permissions["TaskRole"], theirs.all) == {
        ("dynamodb:GetItem", theirs.table),
        ("dynamodb:PutItem", theirs.table),
        ("dynamodb:DeleteItem", theirs.table),
        ("dynamodb:Scan", theirs.table),
        ("secretsmanager:GetSecretValue", GIVEN["OidcClientSecretArn"]),
        ("secretsmanager:GetSecretValue", GIVEN["SessionKeyArn"]),
        ("sso-oauth:CreateTokenWithIAM", GIVEN["IdcApplicationArn"]),
        ("sts:AssumeRole", GIVEN["DataRoleArn"]),
        ("sts:SetContext", GIVEN["DataRoleArn"]),
    }


def test_the_execution_role_pulls_one_image_and_writes_one_log(service: Rendered) -> None:
    theirs = Theirs(service)
    assert may(service.permissions["ExecutionRole"], theirs.all) == {
        *(("ecr:GetAuthorizationToken", resource) for resource in theirs.all),
        ("ecr:BatchCheckLayerAvailability", theirs.repository),
        ("ecr:BatchGetImage", theirs.repository),
        ("ecr:GetDownloadUrlForLayer", theirs.repository),
        ("logs:CreateLogStream", theirs.stream),
        ("logs:PutLogEvents", theirs.stream),
    }


def test_the_list_of_actions_is_aws_whole(service: Rendered) -> None:
    """Else the two tests above would have overlooked something."""
    assert len(ACTIONS) > 10_000
    everything = policies.policy(policies.allow("All", "*", Resource="*"))
    assert len(may(everything, ("*",))) == len(set(ACTIONS))
    named = {
        action
        for policy in service.permissions.values()
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert named <= set(ACTIONS)


def test_no_other_providers_context_is_brought_along(service: Rendered) -> None:
    def brings(provider: str) -> bool:
        context = {"sts:requestcontextproviders": (f"arn:aws:iam::aws:contextProvider/{provider}",)}
        text = [json.dumps(service.permissions["TaskRole"])]
        return decide(text, Request("sts:SetContext", GIVEN["DataRoleArn"], context)).granted

    assert brings("IdentityCenter")
    assert not brings("Another")


# Whoever comes to a role, to the key, to the topic ---------------------------------------------------------

TASK_ROLE = "arn:aws:iam::123456789012:role/…"  # its name is CloudFormation's to give
LOG = f"arn:aws:logs:{IN_ACCOUNT}:log-group:/rowlight/{STACKS['state']}"
ALARM = f"arn:aws:cloudwatch:{IN_ACCOUNT}:alarm:{STACKS['service']}-Faults-1A2B3C"


@dataclass(frozen=True)
class Caller:
    """Who asks a resource for what, and what AWS tells of them."""

    resource: str
    sid: str
    kind: str
    name: str
    action: str
    context: Mapping[str, str]

    def let_in(self, service: Rendered, policy: Policy | None = None) -> bool:
        policy = policy or {**service.trusts, **service.of_resources}[self.resource]
        name = service.outputs["TaskRoleArn"] if self.name == TASK_ROLE else self.name
        context = {key.lower(): (value,) for key, value in self.context.items()}
        request = Request(self.action, "*", context, {self.kind: frozenset({name})})
        return decide_for_principals(json.dumps(policy), request).granted


OF_ACCOUNT = {"aws:SourceAccount": ACCOUNT}
OF_A_TASK = {**OF_ACCOUNT, "aws:SourceArn": f"arn:aws:ecs:{IN_ACCOUNT}:task/rowlight/0f9e8d7c"}
OF_AN_ALARM = {**OF_ACCOUNT, "aws:SourceArn": ALARM}
BY_WAY_OF_DYNAMODB = {"kms:CallerAccount": ACCOUNT, "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}
FOR_THE_LOG = {"kms:EncryptionContext:aws:logs:arn": LOG}
ECS, CLOUDWATCH, LOGS = "ecs-tasks.amazonaws.com", "cloudwatch.amazonaws.com", f"logs.{REGION}.amazonaws.com"
LET_IN = {
    **{
        f"a task to its {role}": Caller(
            role, "TasksOfThisAccount", "Service", ECS, "sts:AssumeRole", OF_A_TASK
        )
        for role in ROLES
    },
    "sign-ins to their key": Caller(
        "Key", "SignInsByTheTaskRole", "AWS", TASK_ROLE, "kms:Decrypt", BY_WAY_OF_DYNAMODB
    ),
    "the log to its key": Caller("Key", "ThisLog", "Service", LOGS, "kms:GenerateDataKey", FOR_THE_LOG),
    "alarms to their key": Caller(
        "Key", "AlarmsOfThisAccount", "Service", CLOUDWATCH, "kms:GenerateDataKey", OF_AN_ALARM
    ),
    "alarms to their topic": Caller(
        "Alarms", "AlarmsOfThisStack", "Service", CLOUDWATCH, "sns:Publish", OF_AN_ALARM
    ),
}


def test_each_statement_about_others_is_here(service: Rendered) -> None:
    found = {
        (resource, statement["Sid"])
        for resource, policy in {**service.trusts, **service.of_resources}.items()
        for statement in policy["Statement"]
    }
    # Whom that lets in, IAM decides.
    assert found == {(each.resource, each.sid) for each in LET_IN.values()} | {("Key", "AccountDecidesByIam")}


@pytest.mark.parametrize("who", LET_IN)
def test_who_has_to_come_is_let_in(service: Rendered, who: str) -> None:
    assert LET_IN[who].let_in(service)


@pytest.mark.parametrize(("who", "key"), [(who, key) for who, each in LET_IN.items() for key in each.context])
def test_each_condition_is_what_refuses(service: Rendered, who: str, key: str) -> None:
    """The confused deputy: the same service or role, but for somebody or something else, or nobody."""
    caller = LET_IN[who]
    another = caller.context[key].replace(ACCOUNT, "999999999999").replace("dynamodb", "secretsmanager")
    others = [
        replace(caller, context={**caller.context, key: another}),
        replace(caller, context={name: value for name, value in caller.context.items() if name != key}),
    ]
    assert another != caller.context[key]
    assert not any(other.let_in(service) for other in others)
    policy = copy.deepcopy({**service.trusts, **service.of_resources}[caller.resource])
    (statement,) = (each for each in policy["Statement"] if each["Sid"] == caller.sid)
    for keys in statement["Condition"].values():
        keys.pop(key, None)
    assert all(other.let_in(service, policy) for other in others)


TASK, SIGN_INS = LET_IN["a task to its TaskRole"], LET_IN["sign-ins to their key"]
REFUSED = {
    "a function to the role": replace(TASK, name="lambda.amazonaws.com"),
    "a machine to the role": replace(TASK, name="ec2.amazonaws.com"),
    "ECS itself to the role": replace(TASK, name="ecs.amazonaws.com"),
    "the administrator to the role": replace(
        TASK, kind="AWS", name=f"arn:aws:iam::{ACCOUNT}:user/administrator"
    ),
    "the account to the role": replace(TASK, kind="AWS", name=f"arn:aws:iam::{ACCOUNT}:root"),
    "the role to itself": replace(TASK, kind="AWS", name=TASK_ROLE),
    "an ID token to the role": replace(
        TASK,
        kind="Federated",
        name=f"arn:aws:iam::{ACCOUNT}:oidc-provider/example.okta.com",
        action="sts:AssumeRoleWithWebIdentity",
    ),
    "tags to the role": replace(TASK, action="sts:TagSession"),
    "the execution role to the key": replace(SIGN_INS, name=f"arn:aws:iam::{ACCOUNT}:role/ExecutionRole"),
    "the data role to the key": replace(SIGN_INS, name=GIVEN["DataRoleArn"]),
    **{
        f"the task role to the key with {action}": replace(SIGN_INS, action=f"kms:{action}")
        for action in ("CreateGrant", "PutKeyPolicy", "ScheduleKeyDeletion", "DisableKey", "GenerateRandom")
    },
    "another log to the key": replace(
        LET_IN["the log to its key"], context={"kms:EncryptionContext:aws:logs:arn": f"{LOG}-copy"}
    ),
    "another region's log to the key": replace(
        LET_IN["the log to its key"], name="logs.eu-west-1.amazonaws.com"
    ),
    "alarms that decide on the key": replace(LET_IN["alarms to their key"], action="kms:PutKeyPolicy"),
    "another stack's alarms to the topic": replace(
        LET_IN["alarms to their topic"],
        context={**OF_ACCOUNT, "aws:SourceArn": ALARM.replace(STACKS["service"], "another")},
    ),
    "alarms that subscribe": replace(LET_IN["alarms to their topic"], action="sns:Subscribe"),
    "another account to the topic": replace(
        LET_IN["alarms to their topic"], kind="AWS", name="arn:aws:iam::999999999999:root"
    ),
}


@pytest.mark.parametrize("who", REFUSED)
def test_nobody_else_is_let_in(service: Rendered, who: str) -> None:
    assert not REFUSED[who].let_in(service)


# A linter that knows AWS's actions, resources and conditions -----------------------------------------------

KNOWN: dict[str, dict[str, str]] = {
    # It takes the data role: that is what the chain is about, and the statement names the role.
    "permissions of TaskRole": {"CREDENTIALS_EXPOSURE": r"\['sts:assumerole'\]"},
    # ecr:GetAuthorizationToken has no resources, and gives a password for ECR: for pulling from there.
    "permissions of ExecutionRole": {
        "RESOURCE_STAR": r".*ecr:getauthorizationtoken.*",
        "CREDENTIALS_EXPOSURE": r"\['ecr:getauthorizationtoken'\]",
    },
    "trust of TaskRole": {"CREDENTIALS_EXPOSURE": r"\['sts:assumerole'\]"},
    "trust of ExecutionRole": {"CREDENTIALS_EXPOSURE": r"\['sts:assumerole'\]"},
}


# AWS's own first statement of a key: without it, nobody could change the key's policy again.
ACCOUNT_DECIDES = {
    "Sid": "AccountDecidesByIam",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def lintable(service: Rendered) -> dict[str, Document]:
    """Each policy as the linter reads them: those of resources as of a role, about the resource itself."""
    found = {}
    for name in ROLES:
        found[f"permissions of {name}"] = Document(name, name, service.permissions[name], "permissions")
        found[f"trust of {name}"] = Document(name, name, service.trusts[name], "trust")
    for name, arn in (("Key", service.outputs["KeyArn"]), ("Alarms", service.outputs["AlarmTopic"])):
        statements = [
            {**{key: value for key, value in each.items() if key != "Principal"}, "Resource": arn}
            for each in service.of_resources[name]["Statement"]
            if each != ACCOUNT_DECIDES
        ]
        found[f"policy of {name}"] = Document(name, name, policies.policy(*statements), "permissions")
    return found


TITLES = [f"{kind} of {name}" for name in ROLES for kind in ("permissions", "trust")]


@pytest.mark.parametrize("title", [*TITLES, "policy of Key", "policy of Alarms"])
def test_the_linter_finds_nothing(service: Rendered, title: str) -> None:
    for kind, what in linter.findings(lintable(service)[title]):
        assert re.fullmatch(KNOWN.get(title, {}).get(kind, "nothing"), what), (kind, what)
