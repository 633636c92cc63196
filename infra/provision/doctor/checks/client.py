"""The app's client at the provider: asked as the app asks, with what can do no harm."""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import httpx
from botocore.exceptions import ClientError

from infra.provision.doctor.check import Check
from infra.provision.doctor.checks import provider
from infra.provision.doctor.consoles import GRANTS, REDIRECT, SCOPES, SECRET, SIGN_OUT, where
from infra.provision.doctor.context import Context, Unclear, Waits
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults import provider as faults

LINK = "App's client"
POPUP_PATH = "/component/streamlit_oauth.authorize_button/index.html"
CALLBACK_PATH = "/auth/callback"
SIGNED_OUT_PATH = "/auth/signed-out"
_BACK = "post_logout_redirect_uri"
_SCOPES = ("openid", "profile", "email")
_OPTIONAL_SCOPES = ("groups", "offline_access")
_METHODS = ("client_secret_basic", "client_secret_post")
_ERROR_NAME = re.compile(r"[a-z_]{1,40}")
# What providers say of a client whose id or secret is wrong; several have words of their own.
_REFUSALS = ("invalid_client", "unauthorized_client", "access_denied", "unauthorized")
# Entra ID says so of a malformed code before it looks at the secret.
_ENTRA_MALFORMED = 9002313


def secret(context: Context) -> str:
    """The client's secret, read where the app reads it."""
    if context.chain.client_secret:
        return context.chain.client_secret
    arn = context.need("client_secret_arn")
    found = context.aws("secretsmanager").get_secret_value(SecretId=arn)
    text: str = found.get("SecretString", "")
    context.hide(text)
    return text


def kept(context: Context) -> Iterator[Finding]:
    """The client's secret is where the settings say."""
    try:
        context.ask(secret)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield faults.NO_SECRET.found(
            "There is no secret of the ARN in OIDC_CLIENT_SECRET_ARN.", region=context.need("region")
        )


def answer(context: Context) -> httpx.Response:
    """What the token endpoint says to a code that nobody was given: it looks at the client first."""
    code, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    return redeemed(context, code=code, uri=redirect_uri(context), verifier=verifier)


def redeemed(context: Context, *, code: str, uri: str, verifier: str) -> httpx.Response:
    """What the token endpoint gives for a code."""
    url = context.ask(provider.endpoint, "token_endpoint")
    client_id, password = context.need("client_id"), _secret(context)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": uri,
        "code_verifier": verifier,
    }
    headers = {"Accept": "application/json"}
    if _posts(context):
        form |= {"client_id": client_id, "client_secret": password}
        return context.http.post(url, data=form, headers=headers)
    auth = httpx.BasicAuth(quote_plus(client_id), quote_plus(password))
    return context.http.post(url, data=form, headers=headers, auth=auth)


def _secret(context: Context) -> str:
    try:
        return context.ask(secret)
    except ClientError as error:
        raise Waits("the client's secret") from error


def _posts(context: Context) -> bool:
    return "client_secret_basic" not in _methods(context.ask(provider.discovery))


def _methods(document: Mapping[str, Any]) -> tuple[str, ...]:
    # OpenID Connect Discovery's default.
    return provider.texts(document.get("token_endpoint_auth_methods_supported")) or ("client_secret_basic",)


def authenticates(context: Context) -> Iterator[Finding]:
    """The client's id and secret are accepted."""
    offered = _methods(context.ask(provider.discovery))
    if not set(offered) & set(_METHODS):
        yield faults.NO_SECRET_METHOD.found(
            f"It offers {', '.join(offered)[:200]}.",
            client=context.need("client_id"),
            where=where(context.chain, SECRET),
        )
        return
    response = context.ask(answer)
    said, error = _said(response)
    if error in _REFUSALS or (response.status_code == httpx.codes.UNAUTHORIZED and error != "invalid_grant"):
        yield faults.CLIENT_REFUSED.found(
            f"The token endpoint answers {response.status_code}, {error}.",
            client=context.need("client_id"),
            where=where(context.chain, SECRET),
        )
    elif error != "invalid_grant" or _ENTRA_MALFORMED in said.get("error_codes", ()):
        raise Unclear(
            f"The token endpoint answers {response.status_code}, {error}, before it says anything of the"
            " secret; the first sign-in tells."
        )


def _said(response: httpx.Response) -> tuple[Mapping[str, Any], str]:
    """The answer's members, and its error's name: a description may repeat what was sent."""
    try:
        found = response.json()
    except (ValueError, RecursionError):
        found = {}
    members = found if isinstance(found, dict) else {}
    name = members.get("error")
    return members, name if isinstance(name, str) and _ERROR_NAME.fullmatch(name) else "no reason given"


def known(context: Context) -> None:
    """Waits unless the provider accepts the client: to a stranger it says nothing of the rest."""
    if any(True for _ in authenticates(context)):
        raise Waits("the client's id and secret")


def redirect_uri(context: Context) -> str:
    """Where the provider sends people back to, as SIGN_IN has it."""
    path = CALLBACK_PATH if context.chain.sign_in == "redirect" else POPUP_PATH
    return context.need("app_url") + path


def scopes(context: Context) -> str:
    """What the app asks for: of the optional ones, those that the provider publishes."""
    offered = provider.texts(context.ask(provider.discovery).get("scopes_supported"))
    return " ".join((*_SCOPES, *(scope for scope in _OPTIONAL_SCOPES if scope in offered)))


def returns(context: Context) -> Iterator[Finding]:
    """The redirect URI is registered, and the client may begin a sign-in."""
    context.ask(_accepted)
    uri, client = redirect_uri(context), context.need("client_id")
    url = context.ask(provider.endpoint, "authorization_endpoint")
    response = _begun(context, url, uri)
    back = _back(response, uri)
    if back is None:
        yield from _not_back(context, response, _begun(context, url, _made_up(context)))
    elif back == "invalid_scope":
        yield faults.SCOPE_REFUSED.found(
            f"It sends people back with {back}.",
            scopes=scopes(context),
            client=client,
            where=where(context.chain, SCOPES),
        )
    elif back in ("unauthorized_client", "unsupported_response_type", "access_denied"):
        yield faults.CLIENT_MAY_NOT.found(
            f"It sends people back with {back}.", client=client, where=where(context.chain, GRANTS)
        )


def _accepted(context: Context) -> None:
    try:
        known(context)
    except Unclear:
        return


def _begun(context: Context, url: str, uri: str) -> httpx.Response:
    """The provider's answer to a sign-in that asks for silence, as a browser without cookies gets it."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": context.need("client_id"),
        "redirect_uri": uri,
        "scope": scopes(context),
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    return _opened(context, url, asked)


def _opened(context: Context, url: str, asked: Mapping[str, str]) -> httpx.Response:
    # Without the cookies of an answer before it: each is a browser of its own.
    context.http.cookies.clear()
    return context.http.get(url + ("&" if urlsplit(url).query else "?") + urlencode(asked))


def _made_up(context: Context) -> str:
    return f"https://{secrets.token_hex(8)}.invalid" + urlsplit(redirect_uri(context)).path


def _back(response: httpx.Response, uri: str) -> str | None:
    """The error with which the answer leads back to the app; None where it does not lead there."""
    location = response.headers.get("location", "")
    if not (response.is_redirect and location.startswith(uri)):
        return None
    parts = urlsplit(location)
    found = parse_qs(parts.query or parts.fragment).get("error", [""])[0]
    return found if _ERROR_NAME.fullmatch(found) else ""


def _not_back(context: Context, response: httpx.Response, other: httpx.Response) -> Iterator[Finding]:
    uri, client = redirect_uri(context), context.need("client_id")
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Unclear(f"The provider answers {response.status_code}; the first sign-in tells.")
    # Asked for silence, a provider leads back to an address that it knows. Google has a page of errors.
    lost = _kind(response) == _kind(other) and "error" in urlsplit(response.headers.get("location", "")).path
    if response.is_error or lost:
        yield faults.REDIRECT_NOT_REGISTERED.found(
            f"To a sign-in that leads back to {uri} the provider answers {response.status_code}.",
            uri=uri,
            client=client,
            where=where(context.chain, REDIRECT),
        )
    elif _kind(response) == _kind(other):
        raise Unclear(
            f"The provider answers alike, whether {uri} is registered or not; the first sign-in tells."
        )


def _kind(response: httpx.Response) -> tuple[object, ...]:
    """What tells a provider's error page from its sign-in page."""
    return response.status_code, urlsplit(response.headers.get("location", "")).path


def leaves(context: Context) -> Iterator[Finding]:
    """The address for after a sign-out is registered."""
    context.ask(_accepted)
    if context.ask(provider.discovery).get("end_session_endpoint") is None:
        raise Waits("the provider's end_session_endpoint")
    url = context.ask(provider.endpoint, "end_session_endpoint")
    uri, client = context.need("app_url") + SIGNED_OUT_PATH, context.need("client_id")
    to_ours, to_other, to_none = (
        _opened(context, url, {"client_id": client, **back})
        for back in ({_BACK: uri}, {_BACK: _made_up(context)}, {})
    )
    if to_ours.is_error and not to_none.is_error:
        yield faults.SIGN_OUT_NOT_REGISTERED.found(
            f"To a sign-out that leads to {uri} the provider answers {to_ours.status_code}.",
            uri=uri,
            client=client,
            where=where(context.chain, SIGN_OUT),
        )
    elif _kind(to_ours) == _kind(to_other):
        # Who asks without an ID token is asked who they are, at many.
        raise Unclear(f"The provider answers alike, whether {uri} is registered or not; a sign-out tells.")


CHECKS = (
    Check(LINK, "its secret is where the settings say", kept, lambda chain: not chain.client_secret),
    Check(LINK, "the provider accepts its id and secret", authenticates),
    Check(LINK, "its redirect URI is registered, and it may begin a sign-in", returns),
    Check(LINK, "its address for after a sign-out is registered", leaves),
)
