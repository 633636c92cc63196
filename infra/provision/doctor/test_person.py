"""A test person's ID token, and the chain's steps with it; nothing of either is ever shown."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.provision.doctor import center, data_api, redshift
from infra.provision.doctor.checks.identity_center import JWT_BEARER
from infra.provision.doctor.context import Context, Unclear, Waits, caller
from infra.provision.doctor.data_api import Row
from infra.provision.doctor.roles import exchanger, name_of

CONTEXT_PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
USER_TAG, ROLES_TAG = "RedshiftDbUser", "RedshiftDbRoles"
TokenSource = Callable[[Context], str]
_TAGS = "https://aws.amazon.com/tags"
_SESSION_NAME = re.compile(r"[^\w+=,.@-]")
_LONGEST_NAME, _LONGEST_TOKEN = 64, 20_000
_PARTS = 3


class NoToken(Unclear):
    """There is no ID token to go on with; the text says why, and never what was given instead."""


class NoSignIn(NoToken):
    """The sign-in did not end in an ID token; the text says what to do."""


def token(context: Context) -> str:
    """The test person's ID token, unverified: STS and Identity Center verify it."""
    if context.test_token is None:
        raise Waits("a test person's ID token")
    found = context.test_token(context).strip()
    context.hide(found)
    return found


def claims(context: Context) -> Mapping[str, Any]:
    """What the person's token says, unverified."""
    return claims_of(context.ask(token))


def claims_of(unverified: str) -> Mapping[str, Any]:
    """What a token says, unverified; raises NoToken for what is none."""
    parts = unverified.split(".")
    if len(parts) != _PARTS or len(unverified) > _LONGEST_TOKEN:
        raise NoToken("It does not consist of three parts between dots.")
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise NoToken("Its middle part is not JSON in base64url.") from error
    if not isinstance(found, dict):
        raise NoToken("Its middle part is no JSON object.")
    return found


def email(context: Context) -> str:
    """The person's address."""
    return str(context.ask(claims).get("email", ""))


def user_id(context: Context) -> str:
    """The person's id in the identity store; empty where nobody has the address."""
    name: Any = {"AttributePath": "emails.value", "AttributeValue": context.ask(email)}
    store = context.aws("identitystore")
    found: str = center.found_or(
        lambda: store.get_user_id(
            IdentityStoreId=context.ask(center.instance)["IdentityStoreId"],
            AlternateIdentifier={"UniqueAttribute": name},
        )["UserId"],
        "",
    )
    return found


def tag(context: Context, name: str) -> str:
    """A tag that the token carries for STS, in either of the forms that STS reads; empty without it."""
    said, claim = context.ask(claims), context.ask(claims).get(_TAGS)
    tags = claim.get("principal_tags") if isinstance(claim, dict) else None
    value = tags.get(name) if isinstance(tags, dict) else said.get(f"{_TAGS}/principal_tags/{name}")
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    return value if isinstance(value, str) else ""


def groups(context: Context) -> tuple[str, ...]:
    """The names of the groups that the person is in, or that their token says they are in."""
    if context.chain.session_tags:
        return tuple(name for name in tag(context, ROLES_TAG).split(":") if name)
    store = context.aws("identitystore")
    listed = center.pages(
        store,
        "list_group_memberships_for_member",
        "GroupMemberships",
        IdentityStoreId=context.ask(center.instance)["IdentityStoreId"],
        MemberId={"UserId": context.ask(user_id)},
    )
    ids = {each["GroupId"] for each in listed}
    return tuple(sorted(name for name, number in context.ask(center.directory).items() if number in ids))


def session_name(context: Context) -> str:
    """The name of the person's sessions, as the app gives it."""
    return _SESSION_NAME.sub("-", context.ask(email))[:_LONGEST_NAME].ljust(2, "-")


def bridge(context: Context) -> Mapping[str, str]:
    """Step 1: the credentials of the role that exchanges tokens."""
    role = context.chain.data_role_arn if context.chain.session_tags else context.chain.bridge_role_arn
    if not role:
        return _host(context)
    answer = context.unsigned("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName=context.ask(session_name), WebIdentityToken=context.ask(token)
    )
    found: Mapping[str, str] = answer["Credentials"]
    return found


def _host(context: Context) -> Mapping[str, str]:
    """The host's own credentials, where doctor runs on the host."""
    if f":assumed-role/{name_of(context.ask(exchanger))}/" in context.ask(caller)["Arn"]:
        return {}
    raise Unclear(
        "BRIDGE_ROLE_ARN is empty, so the host's own role exchanges tokens: run doctor on the host, under"
        " that role."
    )


def identity_context(context: Context) -> str:
    """Step 2: the person, sealed by IAM Identity Center."""
    client = context.client_of("sso-oidc", context.ask(bridge))
    answer = client.create_token_with_iam(
        clientId=context.ask(center.application)["ApplicationArn"],
        grantType=JWT_BEARER,
        assertion=context.ask(token),
    )
    found: str = answer["awsAdditionalDetails"]["identityContext"]
    return found


def enhanced(context: Context) -> Mapping[str, str]:
    """Step 3: the data role's credentials, which carry the person."""
    answer = context.client_of("sts", context.ask(bridge)).assume_role(
        RoleArn=context.need("data_role_arn"),
        RoleSessionName=context.ask(session_name),
        ProvidedContexts=[
            {"ProviderArn": CONTEXT_PROVIDER, "ContextAssertion": context.ask(identity_context)}
        ],
    )
    found: Mapping[str, str] = answer["Credentials"]
    return found


def ask(context: Context, sql: str) -> list[Row]:
    """Step 4: the rows of a statement that runs as the person."""
    keys = context.ask(bridge) if context.chain.session_tags else context.ask(enhanced)
    where = {**context.ask(redshift.warehouse).target, "Database": context.need("database")}
    wait = context.ask(data_api.long_polling)
    return data_api.run(context.client_of("redshift-data", keys), (sql,), where, wait=wait)[0]


def code_of(error: ClientError) -> str:
    """AWS's own name of an error."""
    return str(error.response.get("Error", {}).get("Code", "no code"))


def said(error: ClientError) -> str:
    """AWS's words, short: they may repeat what was sent."""
    found = error.response
    words = found.get("error_description") or found.get("Error", {}).get("Message", "")
    return f"{code_of(error)}: {str(words)[:200]}"
