"""A small world behind the endpoint: an issuer, its people, the roles and the application that trust it."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from tests import outside
from tests.infra.local.aws.fault_control import FaultControl

ACCOUNT = "123456789012"
CLIENT_ID = "rowlight-demo"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
SESSION = boto3.Session()
ROOT = Path(__file__).parents[4]


class Issuer:
    """An OpenID Connect issuer, as far as those who verify its tokens see it."""

    def __init__(self) -> None:
        self.keys = {"first": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(issuer.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def document(self, path: str) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        keys = []
        for kid, key in self.keys.items():
            jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            keys.append({**jwk, "kid": kid, "use": "sig", "alg": "RS256"})
        return {"keys": keys}

    def token(self, who: str = "frank", *, kid: str = "first", key: Any = None, algorithm="RS256", **claims):
        now = int(time.time())
        content = {
            "iss": self.url,
            "sub": f"sub-{who}",
            "aud": CLIENT_ID,
            "email": f"{who}@example.com",
            "iat": now,
            "exp": now + 3600,
            "jti": secrets.token_hex(8),
            **claims,
        }
        content = {name: value for name, value in content.items() if value is not None}
        signing_key = key if key is not None or algorithm == "none" else self.keys[kid]
        return jwt.encode(content, signing_key, algorithm=algorithm, headers={"kid": kid})


@dataclass
class Served:
    """The endpoint's process."""

    process: subprocess.Popen
    log_file: Path
    port: int
    key: str
    secret: str = field(repr=False)
    instance_arn: str
    identity_store_id: str

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def say(self, text: object) -> None:
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "moved\n"

    @contextlib.contextmanager
    def later(self, seconds: float):
        """Inside, the endpoint believes that it is so much later."""
        self.say(seconds)
        try:
            yield
        finally:
            self.say(0)

    def client(self, service: str, keys: dict[str, Any] | None = None, **config):
        keys = keys or {"AccessKeyId": self.key, "SecretAccessKey": self.secret}
        region = config.pop("region", "us-east-1")
        return SESSION.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def unsigned(self, service: str):
        return SESSION.client(
            service, endpoint_url=self.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
        )


def allow(actions, resource="*", **elements) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions, **elements}
    if resource is not None:
        statement["Resource"] = resource
    return statement


def policy(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(call, **parameters) -> str:
    """The code of the error that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


@dataclass
class World:
    """The trust chain, provisioned by hand, and shortcuts through it."""

    served: Served
    issuer: Issuer
    users: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    application: str = ""
    token_issuer: str = ""

    def role(self, name: str, trust: dict[str, Any], *permissions: dict[str, Any]) -> str:
        iam = self.served.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        if permissions:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*permissions))
        return arn

    def federated_trust(self, **condition) -> dict[str, Any]:
        name = self.issuer.url.partition("://")[2]
        provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{name}"
        statement = allow("sts:AssumeRoleWithWebIdentity", None, Principal={"Federated": provider})
        return {**statement, "Condition": condition} if condition else statement

    def web_identity(self, token: str, role: str = "Bridge", **more) -> dict[str, Any]:
        return self.served.unsigned("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            RoleSessionName="frank@example.com",
            WebIdentityToken=token,
            **more,
        )

    def bridge(self, who: str = "frank", role: str = "Bridge") -> dict[str, Any]:
        return self.web_identity(self.issuer.token(who), role)["Credentials"]

    def exchange(self, token: str, *, keys=None, application: str = "", **more) -> dict[str, Any]:
        client = self.served.client("sso-oidc", keys or self.bridge())
        return client.create_token_with_iam(
            clientId=application or self.application, grantType=JWT_BEARER, assertion=token, **more
        )

    def context(self, who: str = "frank", **more) -> str:
        return self.exchange(self.issuer.token(who), **more)["awsAdditionalDetails"]["identityContext"]

    def assume(self, context: str | None, *, keys=None, role: str = "Data", provider=PROVIDER, **more):
        contexts = [{"ProviderArn": provider, "ContextAssertion": context}]
        given = {} if context is None else {"ProvidedContexts": contexts}
        return self.served.client("sts", keys or self.bridge()).assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            RoleSessionName="frank@example.com",
            **given,
            **more,
        )

    def person(self, who: str = "frank") -> dict[str, Any]:
        """Identity-enhanced credentials of somebody."""
        return self.assume(self.context(who))["Credentials"]

    def new_application(self, name: str, *, scopes=("redshift:connect",), actors=None, grant=None) -> str:
        """An application like the first, but for what is given."""
        sso = self.served.client("sso-admin")
        arn = sso.create_application(
            InstanceArn=self.served.instance_arn,
            ApplicationProviderArn="arn:aws:sso::aws:applicationProvider/custom",
            Name=name,
        )["ApplicationArn"]
        bridge = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/Bridge"}
        actors = actors or allow("sso-oauth:CreateTokenWithIAM", Principal=bridge)
        sso.put_application_authentication_method(
            ApplicationArn=arn,
            AuthenticationMethodType="IAM",
            AuthenticationMethod={"Iam": {"ActorPolicy": json.loads(policy(actors))}},
        )
        grant = grant or [{"TrustedTokenIssuerArn": self.token_issuer, "AuthorizedAudiences": [CLIENT_ID]}]
        sso.put_application_grant(
            ApplicationArn=arn, GrantType=JWT_BEARER, Grant={"JwtBearer": {"AuthorizedTokenIssuers": grant}}
        )
        sso.put_application_grant(ApplicationArn=arn, GrantType="refresh_token", Grant={"RefreshToken": {}})
        for scope in scopes:
            sso.put_application_access_scope(ApplicationArn=arn, Scope=scope)
        sso.put_application_assignment_configuration(ApplicationArn=arn, AssignmentRequired=False)
        return arn

    def provision(self) -> None:
        iam, sso = self.served.client("iam"), self.served.client("sso-admin")
        store, store_id = self.served.client("identitystore"), self.served.identity_store_id
        iam.create_open_id_connect_provider(Url=self.issuer.url, ClientIDList=[CLIENT_ID])
        bridge = self.role(
            "Bridge",
            self.federated_trust(StringEquals={f"{self.issuer.url.partition('://')[2]}:aud": CLIENT_ID}),
            allow("sso-oauth:CreateTokenWithIAM"),
            allow(["sts:AssumeRole", "sts:SetContext"]),
        )
        self.role(
            "Data",
            allow(["sts:AssumeRole", "sts:SetContext"], None, Principal={"AWS": bridge}),
            allow("redshift-data:*"),
        )
        self.groups["amer-sales"] = store.create_group(IdentityStoreId=store_id, DisplayName="amer-sales")[
            "GroupId"
        ]
        for who in ("frank", "nora"):
            self.users[who] = store.create_user(
                IdentityStoreId=store_id,
                UserName=f"{who}@example.com",
                DisplayName=who.title(),
                Name={"GivenName": who.title(), "FamilyName": "Test"},
                Emails=[{"Value": f"{who}@example.com", "Type": "work", "Primary": True}],
            )["UserId"]
        store.create_group_membership(
            IdentityStoreId=store_id,
            GroupId=self.groups["amer-sales"],
            MemberId={"UserId": self.users["frank"]},
        )
        self.token_issuer = sso.create_trusted_token_issuer(
            InstanceArn=self.served.instance_arn,
            Name="issuer",
            TrustedTokenIssuerType="OIDC_JWT",
            TrustedTokenIssuerConfiguration={
                "OidcJwtConfiguration": {
                    "IssuerUrl": self.issuer.url,
                    "ClaimAttributePath": "email",
                    "IdentityStoreAttributePath": "emails.value",
                    "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
                }
            },
        )["TrustedTokenIssuerArn"]
        self.application = self.new_application("demo")


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    log_file = tmp_path_factory.mktemp("endpoint") / "log"
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("serving.py"), log_file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)])},
    )
    yield Served(process, log_file, **json.loads(process.stdout.readline()))
    process.stdin.close()
    process.wait(10)


@pytest.fixture(scope="session")
def world(served):
    world = World(served, Issuer())
    world.provision()
    return world


@pytest.fixture(scope="session")
def admin(env):
    """A client of the account's administrator for a service."""
    return lambda service: outside.aws(env, service, outside.administrator(env))


@pytest.fixture(scope="session")
def history(admin):
    """The records that have an attribute, newest first."""

    def history(**attributes):
        ((key, value),) = attributes.items()
        pages = (
            admin("cloudtrail")
            .get_paginator("lookup_events")
            .paginate(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])
        )
        return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]

    return history


@pytest.fixture(scope="session")
def chain(env):
    """One person's way from the ID token to a row, and what AWS answered to each step."""
    id_token = outside.sign_in(env, "Frank Amer").id_token
    web = outside.aws(env, "sts").assume_role_with_web_identity(
        RoleArn=env["BRIDGE_ROLE_ARN"], RoleSessionName="frank@example.com", WebIdentityToken=id_token
    )
    exchanged = outside.aws(env, "sso-oidc", web["Credentials"]).create_token_with_iam(
        clientId=env["IDC_APPLICATION_ARN"], grantType=outside.JWT_BEARER, assertion=id_token
    )
    context = exchanged["awsAdditionalDetails"]["identityContext"]
    assumed = outside.aws(env, "sts", web["Credentials"]).assume_role(
        RoleArn=env["DATA_ROLE_ARN"],
        RoleSessionName="frank@example.com",
        ProvidedContexts=[{"ProviderArn": outside.CONTEXT_PROVIDER, "ContextAssertion": context}],
    )
    data = outside.aws(env, "redshift-data", assumed["Credentials"])
    executed = data.execute_statement(
        WorkgroupName=env["REDSHIFT_WORKGROUP"],
        Database="dev",
        Sql="SELECT count(*) AS planted_alias FROM sales_data WHERE city = :city",
        Parameters=[{"name": "city", "value": "planted value"}],
        StatementName="Overview 0a1b2c3d-7d1f0c92",
        WaitTimeSeconds=20,
    )
    result = data.get_statement_result(Id=executed["Id"])
    return {
        "id_token": id_token,
        "AssumeRoleWithWebIdentity": web,
        "CreateTokenWithIAM": exchanged,
        "AssumeRole": assumed,
        "ExecuteStatement": executed,
        "GetStatementResult": result,
    }


@pytest.fixture(scope="session")
def events(chain, history):
    """The record of each step by its name."""
    bridge = history(AccessKeyId=chain["AssumeRoleWithWebIdentity"]["Credentials"]["AccessKeyId"])
    data = history(AccessKeyId=chain["AssumeRole"]["Credentials"]["AccessKeyId"])
    web = [
        record
        for record in history(EventName="AssumeRoleWithWebIdentity")
        if record["requestID"] == chain["AssumeRoleWithWebIdentity"]["ResponseMetadata"]["RequestId"]
    ]
    return {record["eventName"]: record for record in (*web, *bridge, *data)}


@pytest.fixture
def faults(env):
    """The stand-in's switchboard, on which nothing is left."""
    control = FaultControl(env["AWS_ENDPOINT_URL"])
    yield control
    control.clear()
