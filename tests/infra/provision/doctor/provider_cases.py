"""Faults of the settings, the provider, the clocks and the client."""

import email.utils
import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import boto3
import flask
import httpx

from tests.infra.provision.doctor.case import Case
from tests.infra.provision.doctor.world import World


def setting(name: str, value: str) -> Any:
    """The setting has that value; without one, it is not there."""
    return lambda world: world.env.update({name: value})


def says(**members: object) -> Any:
    """The discovery document has these members; None is a member that it lacks."""

    def inject(world: World) -> AbstractContextManager[None]:
        def change(document: dict[str, Any]) -> None:
            document.update(members)
            for name in [name for name, value in members.items() if value is None]:
                del document[name]

        return world.published(change)

    return inject


def answers(view: str, text: str, status: int) -> Any:
    return lambda world: world.answering(view, lambda: flask.make_response(text, status))


def keys(*, drop: str = "", **members: object) -> Any:
    def inject(world: World) -> AbstractContextManager[None]:
        def change(document: dict[str, Any]) -> None:
            document["keys"][0].update(members)
            document["keys"][0].pop(drop, None)

        return world.published(change, view="jwks")

    return inject


def unreachable(world: World) -> None:
    """Connections to the provider are refused."""
    issuer = httpx.URL(world.env["OIDC_ISSUER"])
    real = httpx.HTTPTransport()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.port == issuer.port:
            raise httpx.ConnectError("Connection refused")
        return real.handle_request(request)

    world.http = lambda: httpx.Client(transport=httpx.MockTransport(handle))


def denied(world: World) -> None:
    """The administrator may not look at roles."""
    statement = {"Effect": "Deny", "Action": "iam:ListRolePolicies", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    world.aws("iam").put_user_policy(UserName="administrator", PolicyName="Less", PolicyDocument=document)


def stranger(world: World) -> None:
    world.session = boto3.Session(
        aws_access_key_id="AKIAAAAAAAAAAAAAAAAA", aws_secret_access_key="x" * 40, region_name="us-east-1"
    )


def another_account(world: World) -> None:
    for name in ("BRIDGE_ROLE_ARN", "DATA_ROLE_ARN", "IDC_APPLICATION_ARN"):
        world.env[name] = world.env[name].replace("123456789012", "210987654321")


def late(world: World) -> None:
    world.clock = lambda: time.time() - 300


def fast_provider(world: World) -> AbstractContextManager[None]:
    own = world.idp.view_functions["discovery"]

    def answer() -> flask.Response:
        response: flask.Response = flask.jsonify(own())
        response.headers["Date"] = email.utils.formatdate(time.time() + 600, usegmt=True)
        return response

    return world.answering("discovery", answer)


def sends_back(error: str) -> Any:
    """The provider answers each request for a sign-in with an error, at the app's address."""

    def answer() -> Any:
        return flask.redirect(f"{flask.request.args['redirect_uri']}?error={error}")

    return lambda world: world.answering("authorize", answer)


@contextmanager
def strict_sign_out(world: World) -> Iterator[None]:
    """As Keycloak and Auth0 do, an address that is not registered is refused; and ours is not."""
    own = world.idp.view_functions["end_session"]

    def answer() -> Any:
        return flask.abort(400) if "post_logout_redirect_uri" in flask.request.args else own()

    with world.answering("end_session", answer):
        yield


def no_secret(world: World) -> None:
    del world.env["OIDC_CLIENT_SECRET"]
    world.env["OIDC_CLIENT_SECRET_ARN"] = "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf"


def says_otherwise(world: World) -> None:
    world.spec = replace(world.provisioned, database="sales")


def another_claim(world: World) -> None:
    world.spec = world.provisioned
    world.env["OIDC_EMAIL_VERIFIED"] = "xms_edov"


CASES = (
    Case("the administrator may not look", "RLD-001", denied, ("ListRolePolicies",)),
    Case("unknown credentials", "RLD-003", stranger, ("aws sso login",)),
    Case("another account", "RLD-004", another_account, ("210987654321",)),
    Case("no client id", "RLD-010", setting("OIDC_CLIENT_ID", ""), ("OIDC_CLIENT_ID",)),
    Case("no secret", "RLD-010", setting("OIDC_CLIENT_SECRET", ""), ("OIDC_CLIENT_SECRET",)),
    Case("no application", "RLD-010", setting("IDC_APPLICATION_ARN", ""), ("IDC_APPLICATION_ARN",)),
    Case("no role", "RLD-010", setting("DATA_ROLE_ARN", ""), ("DATA_ROLE_ARN",)),
    Case("no workgroup", "RLD-010", setting("REDSHIFT_WORKGROUP", ""), ("REDSHIFT_WORKGROUP",)),
    Case("no address", "RLD-010", setting("APP_URL", ""), ("APP_URL",)),
    Case("no issuer", "RLD-010", setting("OIDC_ISSUER", ""), ("OIDC_ISSUER",)),
    Case("no region", "RLD-010", setting("AWS_REGION", ""), ("AWS_REGION",)),
    Case("no database", "RLD-010", setting("REDSHIFT_DATABASE", ""), ("REDSHIFT_DATABASE",)),
    Case("an ARN that is none", "RLD-011", setting("DATA_ROLE_ARN", "DataRole"), ("DATA_ROLE_ARN",)),
    Case("an issuer without https", "RLD-011", setting("OIDC_ISSUER", "example.okta.com"), ("OIDC_ISSUER",)),
    Case("another database", "RLD-012", says_otherwise, ("REDSHIFT_DATABASE", "sales")),
    Case("nobody answers", "RLD-101", unreachable, ("curl -sv http://localhost",)),
    Case("not found", "RLD-103", answers("discovery", "{}", 404), ("/.well-known/openid-configuration",)),
    Case("not JSON", "RLD-103", answers("discovery", "<html>", 200), ("OIDC_ISSUER",)),
    Case(
        "another issuer",
        "RLD-104",
        says(issuer="https://example.okta.com/oauth2/default"),
        ("/oauth2/default",),
    ),
    Case("plain http", "RLD-105", says(token_endpoint="http://idp.example/token"), ("token_endpoint",)),
    Case("no token endpoint", "RLD-105", says(token_endpoint=None), ("token_endpoint",)),
    Case("keys behind a sign-in", "RLD-106", answers("jwks", "Who are you?", 401), ("/jwks",)),
    Case("keys without kid", "RLD-107", keys(drop="kid"), ("/jwks",)),
    Case("keys to encrypt with", "RLD-107", keys(use="enc"), ("/jwks",)),
    Case("ES256 alone", "RLD-108", says(id_token_signing_alg_values_supported=["ES256"]), ("RS256",)),
    Case("implicit alone", "RLD-109", says(response_types_supported=["id_token"]), ("rowlight-demo",)),
    Case("plain challenges alone", "RLD-110", says(code_challenge_methods_supported=["plain"]), ("S256",)),
    Case(
        "no refresh tokens",
        "RLD-111",
        says(grant_types_supported=["authorization_code"], scopes_supported=["openid", "profile", "email"]),
        ("offline_access", "rowlight-demo"),
    ),
    Case("no sign-out", "RLD-112", says(end_session_endpoint=None), ("end_session_endpoint",)),
    Case("another's claim", "RLD-115", another_claim, ("OIDC_EMAIL_VERIFIED to email_verified",)),
    Case("a clock that is late", "RLD-113", late, ("timedatectl",)),
    Case("a provider from the future", "RLD-114", fast_provider, ("localhost:",)),
    Case(
        "a wrong secret", "RLD-120", setting("OIDC_CLIENT_SECRET", "planted-wrong-secret"), ("rowlight-demo",)
    ),
    Case(
        "signed assertions alone",
        "RLD-121",
        says(token_endpoint_auth_methods_supported=["private_key_jwt"]),
        ("rowlight-demo",),
    ),
    Case(
        "another address",
        "RLD-122",
        setting("APP_URL", "https://rowlight.example.com"),
        ("https://rowlight.example.com/component/streamlit_oauth.authorize_button/index.html",),
    ),
    Case("a scope that may not be had", "RLD-123", sends_back("invalid_scope"), ("offline_access",)),
    Case("a client that may not", "RLD-124", sends_back("unauthorized_client"), ("rowlight-demo",)),
    Case("sign-out to nowhere", "RLD-125", strict_sign_out, ("/auth/signed-out", "rowlight-demo")),
    Case("a secret that is gone", "RLD-126", no_secret, ("us-east-1",)),
)
