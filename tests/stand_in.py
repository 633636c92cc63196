"""A stand-in in a process of its own, and what an app's host needs in its account.

Plain boto3 as the account's administrator, by what `/_local/env` says: it shares no code with app/ or infra/.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests import outside
from tests.conftest import free_ports

ROOT = Path(__file__).parents[1]
START_SECONDS = 300
TABLE = "rowlight-sessions"
# What a host may do with the table of the sessions, and nothing else.
TABLE_ACTIONS = ("GetItem", "PutItem", "DeleteItem", "Scan")


@dataclass(frozen=True)
class StandIn:
    """A running stand-in: what it tells clients, and what it wrote to its log."""

    env: dict[str, str] = field(repr=False)
    log_file: Path

    def log(self) -> str:
        return self.log_file.read_text()

    def uses(self) -> list[str]:
        """The jti of each ID token that Identity Center exchanged, in their order."""
        mark = "infra.local.aws.sso_oidc jwt-bearer jti="
        found = (line.partition(mark)[2] for line in self.log().splitlines() if mark in line)
        return [rest.split(" ")[0] for rest in found if rest.endswith(": accepted")]

    def reuses(self) -> list[str]:
        """The lines that tell of an ID token that was sent a second time."""
        return [line for line in self.log().splitlines() if "The assertion was used before." in line]


@contextlib.contextmanager
def running(log_file: Path, **settings: str) -> Iterator[StandIn]:
    """`python -m infra.local` on free ports, with its log at INFO; settings such as ID_TOKEN_SECONDS="8"."""
    ports = dict(zip(("APP_PORT", "IDP_PORT", "AWS_PORT"), map(str, free_ports(3)), strict=True))
    given = {"DEMO_ROWS": "2000", "LOG_LEVEL": "INFO", **ports, **settings}
    with log_file.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            env={**os.environ, **given},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://localhost:{given['AWS_PORT']}"
        _wait_until_ready(process, url, log_file)
        yield StandIn(httpx.get(f"{url}/_local/env").json(), log_file)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def _wait_until_ready(process: subprocess.Popen, url: str, log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log_file.read_text()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/_local/health").status_code == httpx.codes.OK:
                return
        time.sleep(0.05)
    raise AssertionError(f"not ready within {START_SECONDS} seconds: {log_file.read_text()}")


def session_table(env: Mapping[str, str], name: str = TABLE) -> str:
    """Makes the table of the sessions as `infra.provision apply --session-table` does; returns its ARN."""
    dynamodb = outside.aws(env, "dynamodb", outside.administrator(env))
    arn = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True},
    )["TableDescription"]["TableArn"]
    dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )
    return arn


def host_user(env: Mapping[str, str], table: str = TABLE, user: str = "rowlight-host") -> dict[str, str]:
    """The settings of an app process that keeps its sessions in the table, as a user who may do only that.

    The table has to be there. The bridge role exchanges the tokens, as the stand-in's own settings say.
    """
    iam = outside.aws(env, "iam", outside.administrator(env))
    iam.create_user(UserName=user)
    iam.put_user_policy(
        UserName=user, PolicyName="RowlightHost", PolicyDocument=_policy(_sessions(env, table))
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "SESSION_STORE": f"dynamodb:{table}",
    }


def host_role(env: Mapping[str, str], table: str = TABLE, role: str = "RowlightHost") -> dict[str, str]:
    """The settings of an app process whose host signs the exchange itself: a role's session, no bridge role.

    The application's actor policy and the data role's trust admit the role, beside the bridge role; with a
    table, its sessions are kept there, else in memory. The credentials last an hour.
    """
    account = env["DATA_ROLE_ARN"].split(":")[4]
    arn = f"arn:aws:iam::{account}:role/{role}"
    iam = outside.aws(env, "iam", outside.administrator(env))
    anybody = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
    }
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=_policy(anybody))
    statements = [_allow("sso-oauth:CreateTokenWithIAM", env["IDC_APPLICATION_ARN"])]
    statements.append(_allow(["sts:AssumeRole", "sts:SetContext"], env["DATA_ROLE_ARN"]))
    if table:
        statements.append(_sessions(env, table))
    iam.put_role_policy(RoleName=role, PolicyName="RowlightHost", PolicyDocument=_policy(*statements))
    _admit(env, arn)
    sts = outside.aws(env, "sts", outside.administrator(env))
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="rowlight")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "BRIDGE_ROLE_ARN": "",
        **({"SESSION_STORE": f"dynamodb:{table}"} if table else {}),
    }


def _admit(env: Mapping[str, str], arn: str) -> None:
    """The application and the data role trust this role, too."""
    administrator, principal = outside.administrator(env), {"AWS": arn}
    iam, sso = outside.aws(env, "iam", administrator), outside.aws(env, "sso-admin", administrator)
    name = env["DATA_ROLE_ARN"].rpartition("/")[2]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    added = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:SetContext"], "Principal": principal}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=_policy(*trust, added))
    asked = {"ApplicationArn": env["IDC_APPLICATION_ARN"], "AuthenticationMethodType": "IAM"}
    method = sso.get_application_authentication_method(**asked)["AuthenticationMethod"]
    actors = method["Iam"]["ActorPolicy"]["Statement"]
    actors.append({**_allow("sso-oauth:CreateTokenWithIAM", "*"), "Principal": principal})
    sso.put_application_authentication_method(**asked, AuthenticationMethod=method)


def _sessions(env: Mapping[str, str], table: str) -> dict[str, object]:
    account, region = env["DATA_ROLE_ARN"].split(":")[4], env["AWS_REGION"]
    arn = f"arn:aws:dynamodb:{region}:{account}:table/{table}"
    return _allow([f"dynamodb:{action}" for action in TABLE_ACTIONS], arn)


def _allow(action: str | list[str], resource: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
