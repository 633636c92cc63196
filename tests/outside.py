"""A client that knows nothing of the app: standard OIDC over HTML forms, then the exchange in plain boto3.

What the pages show is compared with what this client is told, so it shares no code with app/.
"""

import base64
import contextlib
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import boto3
import httpx
import jwt
from botocore import UNSIGNED
from botocore.config import Config

CONTEXT_PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Reading the services' models costs more than all else that a client does here: they are read once. Making
# clients of one session is not safe between threads, using them is.
_SESSION = boto3.Session()
_MAKING = threading.Lock()


@dataclass
class Form:
    """A form of a page and what each of its buttons would send."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str]] = field(default_factory=list)


class Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._button: dict[str, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").lower()))
        elif tag == "input" and self.forms and values.get("type") == "hidden":
            self.forms[-1].fields[values["name"]] = values.get("value", "")
        elif tag == "button" and self.forms:
            self._button = {**values, "text": ""}
            self.forms[-1].buttons.append(self._button)

    def handle_endtag(self, tag):
        if tag == "button":
            self._button = None

    def handle_data(self, data):
        if self._button is not None:
            self._button["text"] += data


@dataclass(frozen=True)
class SignIn:
    """What a sign-in at the provider gave."""

    tokens: Mapping[str, str]
    nonce: str

    @property
    def id_token(self) -> str:
        return self.tokens["id_token"]


def press(client: httpx.Client, page: httpx.Response, label: str, **typed: str) -> httpx.Response:
    """Presses the button of that label on a page, as a browser would, after typing into its fields."""
    form = pressed(page.text, label)
    return client.request(form.method, urljoin(str(page.url), form.action), data=form.fields | typed)


def pressed(html: str, label: str) -> Form:
    """The form of the button of that label, with all that it would send."""
    for form in Forms(html).forms:
        for button in form.buttons:
            if label in button["text"]:
                named = {button["name"]: button.get("value", "")} if button.get("name") else {}
                return Form(form.action, form.method, form.fields | named)
    raise AssertionError(f"no button {label!r}: {html[:300]}")


def authorize(
    env: Mapping[str, str],
    name: str,
    *,
    scope: str = "openid profile email groups offline_access",
    browser: httpx.Client | None = None,
) -> tuple[dict[str, str], str, str]:
    """Signs in at the provider as that person: the answer's parameters, the PKCE verifier and the nonce."""
    verifier, nonce, state = (secrets.token_urlsafe(48) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    discovery = httpx.get(f"{env['OIDC_ISSUER']}/.well-known/openid-configuration").json()
    with contextlib.nullcontext(browser) if browser else httpx.Client(follow_redirects=False) as client:
        page = client.get(
            discovery["authorization_endpoint"],
            params={
                "response_type": "code",
                "client_id": env["OIDC_CLIENT_ID"],
                "redirect_uri": env["OUTSIDE_REDIRECT_URI"],
                "scope": scope,
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )
        while page.is_redirect and not page.headers["location"].startswith(env["OUTSIDE_REDIRECT_URI"]):
            page = client.get(urljoin(str(page.url), page.headers["location"]))
        answer = press(client, page, name)
        while answer.is_redirect and not answer.headers["location"].startswith(env["OUTSIDE_REDIRECT_URI"]):
            answer = client.get(urljoin(str(answer.url), answer.headers["location"]))
    values = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert values["state"] == state
    return values, verifier, nonce


def sign_in(env: Mapping[str, str], name: str, *, browser: httpx.Client | None = None) -> SignIn:
    """Signs in, in a browser of one's own or a new one, and exchanges the code."""
    values, verifier, nonce = authorize(env, name, browser=browser)
    discovery = httpx.get(f"{env['OIDC_ISSUER']}/.well-known/openid-configuration").json()
    answer = httpx.post(
        discovery["token_endpoint"],
        auth=(env["OIDC_CLIENT_ID"], env["OIDC_CLIENT_SECRET"]),
        data={
            "grant_type": "authorization_code",
            "code": values["code"],
            "redirect_uri": env["OUTSIDE_REDIRECT_URI"],
            "code_verifier": verifier,
        },
    )
    answer.raise_for_status()
    return SignIn(answer.json(), nonce)


def aws(env: Mapping[str, str], service: str, credentials: Mapping[str, str] | None = None, **more):
    """A plain boto3 client of the endpoint; without credentials its calls are unsigned."""
    keys = {}
    if credentials:
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials.get("SessionToken"),
        }
    own = {"retries": {"total_max_attempts": 1}, **({} if credentials else {"signature_version": UNSIGNED})}
    place = {"region_name": env["AWS_REGION"], "endpoint_url": env["AWS_ENDPOINT_URL"]}
    with _MAKING:
        return _SESSION.client(service, **place, **keys, config=Config(**own, **more))


def administrator(env: Mapping[str, str]) -> dict[str, str]:
    return {
        "AccessKeyId": env["ADMIN_AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": env["ADMIN_AWS_SECRET_ACCESS_KEY"],
    }


def bridge(env: Mapping[str, str], id_token: str, session: str = "outside") -> dict[str, str]:
    return aws(env, "sts").assume_role_with_web_identity(
        RoleArn=env["BRIDGE_ROLE_ARN"], RoleSessionName=session, WebIdentityToken=id_token
    )["Credentials"]


def exchange(env: Mapping[str, str], id_token: str, session: str = "outside") -> dict[str, str]:
    """An ID token becomes credentials that carry the person: by the three steps, or by its tags in one."""
    if env.get("PROPAGATION") == "session_tags":
        return tagged(env, id_token)
    return exchange_by(env, bridge(env, id_token, session), id_token, session)


def tagged(env: Mapping[str, str], id_token: str, session: str = "") -> dict[str, str]:
    """The one step without IAM Identity Center; the session is called as the person unless it is said how."""
    email = jwt.decode(id_token, options={"verify_signature": False})["email"]
    return aws(env, "sts").assume_role_with_web_identity(
        RoleArn=env["DATA_ROLE_ARN"], RoleSessionName=session or email, WebIdentityToken=id_token
    )["Credentials"]


def exchange_by(
    env: Mapping[str, str], credentials: Mapping[str, str], id_token: str, session: str = "outside"
) -> dict[str, str]:
    """The last two of the three steps, signed by these credentials."""
    token = aws(env, "sso-oidc", credentials).create_token_with_iam(
        clientId=env["IDC_APPLICATION_ARN"], grantType=JWT_BEARER, assertion=id_token
    )
    return enhance(env, credentials, token, session)


def enhance(
    env: Mapping[str, str], credentials: Mapping[str, str], token: Mapping, session: str = "outside"
) -> dict[str, str]:
    """The last of the three steps: what Identity Center answered opens the data role."""
    context = token["awsAdditionalDetails"]["identityContext"]
    return aws(env, "sts", credentials).assume_role(
        RoleArn=env["DATA_ROLE_ARN"],
        RoleSessionName=session,
        ProvidedContexts=[{"ProviderArn": CONTEXT_PROVIDER, "ContextAssertion": context}],
    )["Credentials"]


def credentials_of(env: Mapping[str, str], name: str) -> dict[str, str]:
    return exchange(env, sign_in(env, name).id_token)


def run(client, env: Mapping[str, str], sql: str, **arguments) -> dict:
    """Runs one statement to its end and returns its description."""
    answer = client.execute_statement(
        WorkgroupName=env["REDSHIFT_WORKGROUP"], Database=env["REDSHIFT_DATABASE"], Sql=sql, **arguments
    )
    while True:
        description = client.describe_statement(Id=answer["Id"], WaitTimeSeconds=20)
        if description["Status"] in {"FINISHED", "FAILED", "ABORTED"}:
            return description


def rows(client, env: Mapping[str, str], sql: str, **arguments) -> list[tuple]:
    """The rows of one statement, as the Data API's JSON gives them."""
    description = run(client, env, sql, **arguments)
    assert description["Status"] == "FINISHED", description.get("Error")
    pages = client.get_paginator("get_statement_result").paginate(Id=description["Id"])
    return [
        tuple(None if "isNull" in cell else next(iter(cell.values())) for cell in record)
        for page in pages
        for record in page["Records"]
    ]
