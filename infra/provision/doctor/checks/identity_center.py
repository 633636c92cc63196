"""IAM Identity Center: its instance, whose tokens it trusts, and at which application they are exchanged."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra.provision.doctor import center, redshift
from infra.provision.doctor.check import Check
from infra.provision.doctor.context import Context, Waits, caller
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults import identity_center as faults
from infra.provision.doctor.roles import exchanger, role
from infra.provision.doctor.statements import admits

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REFRESH_TOKEN = "refresh_token"
CONNECT = "redshift:connect"
CLAIM, ATTRIBUTE = "email", "emails.value"
_TOKEN_ISSUER_NAME = "rowlight-token-issuer"
_EXCHANGE = "sso-oauth:CreateTokenWithIAM"
_DATA_API = "redshift-data.amazonaws.com"
_DATA_API_ACTIONS = (_EXCHANGE, "sso-oauth:IntrospectTokenWithIAM", "sso-oauth:RevokeTokenWithIAM")
Members = Mapping[str, Any]


def present(context: Context) -> Iterator[Finding]:
    """There is an instance in the region, it is active, and whose it is is known."""
    seen, region = context.ask(center.instances), context.need("region")
    if not seen:
        yield faults.NO_INSTANCE.found(f"ListInstances in {region} has none.", region=region)
        return
    found = context.ask(center.instance)
    if found.get("Status", "ACTIVE") != "ACTIVE":
        yield faults.INSTANCE_NOT_ACTIVE.found(f"{found['InstanceArn']} is {found['Status']}.", region=region)
    owner, account = found.get("OwnerAccountId", ""), context.ask(caller)["Account"]
    spec = context.chain.spec
    if owner and owner not in (account, spec.instance_owner if spec else ""):
        yield faults.OTHER_OWNER.found(
            f"{found['InstanceArn']} is of account {owner}; doctor looks from {account}.",
            owner=owner,
            account=account,
        )


def trusted(context: Context) -> Iterator[Finding]:
    """The provider's tokens are trusted, and matched by the e-mail address."""
    wanted = context.need("issuer")
    known = [center.oidc(each).get("IssuerUrl", "") for each in context.ask(center.token_issuers)]
    if wanted not in known:
        near = next((url for url in known if url.rstrip("/").lower() == wanted.rstrip("/").lower()), "")
        what = (
            f"It trusts {near}, which is not {wanted}: they differ in a slash or a letter."
            if near
            else (f"It trusts {', '.join(sorted(known)) or 'no issuer'}, and not {wanted}.")
        )
        yield faults.NO_TOKEN_ISSUER.found(
            what, instance=context.ask(center.instance)["InstanceArn"], name=_new_name(context), issuer=wanted
        )
        return
    found = context.ask(center.token_issuer)
    mapping = center.oidc(found)
    pair = mapping.get("ClaimAttributePath"), mapping.get("IdentityStoreAttributePath")
    if pair != (CLAIM, ATTRIBUTE):
        arn = found["TrustedTokenIssuerArn"]
        yield faults.WRONG_MAPPING.found(
            f"{found['Name']} looks up the claim {pair[0]} as {pair[1]}.",
            arn=arn,
            fix=lambda: _map_by_email(context, arn),
        )


def _new_name(context: Context) -> str:
    taken = {each.get("Name") for each in context.ask(center.token_issuers)}
    name = context.chain.spec.token_issuer if context.chain.spec else _TOKEN_ISSUER_NAME
    return f"{name}-2" if name in taken else name


def _map_by_email(context: Context, arn: str) -> str:
    mapping = {
        "ClaimAttributePath": CLAIM,
        "IdentityStoreAttributePath": ATTRIBUTE,
        "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
    }
    context.aws("sso-admin").update_trusted_token_issuer(
        TrustedTokenIssuerArn=arn, TrustedTokenIssuerConfiguration={"OidcJwtConfiguration": mapping}
    )
    return f"{arn} matches {CLAIM} with {ATTRIBUTE}"


def enabled(context: Context) -> Iterator[Finding]:
    """The application exists and is enabled."""
    if context.chain.spec is None:
        context.need("application_arn")
    try:
        found = context.ask(center.application)
    except Waits as error:
        if str(error) != center.APPLICATION:
            raise
        spec = context.chain.spec
        asked = context.chain.application_arn or f"named {spec.application if spec else '…'}"
        yield faults.NO_APPLICATION.found(f"There is no application {asked}.")
        return
    if found.get("Status", "ENABLED") != "ENABLED":
        arn = found["ApplicationArn"]
        yield faults.APPLICATION_DISABLED.found(f"{found.get('Name', arn)} is {found['Status']}.", arn=arn)


def granted(context: Context) -> Iterator[Finding]:
    """The application takes this issuer's tokens for this client, and renews by refresh tokens."""
    arn, client = context.ask(center.application)["ApplicationArn"], context.need("client_id")
    issuer = context.ask(center.token_issuer)["TrustedTokenIssuerArn"]
    wanted = _merged(context, issuer, client)
    names = {"arn": arn, "grant": json.dumps(wanted)}

    def fix() -> str:
        context.aws("sso-admin").put_application_grant(ApplicationArn=arn, GrantType=JWT_BEARER, Grant=wanted)
        return f"the jwt-bearer grant lists {client}"

    listed = context.ask(center.grant, JWT_BEARER).get("JwtBearer", {}).get("AuthorizedTokenIssuers", [])
    audiences = {each.get("TrustedTokenIssuerArn"): each.get("AuthorizedAudiences", []) for each in listed}
    if not context.ask(center.grant, JWT_BEARER):
        yield faults.NO_JWT_GRANT.found("GetApplicationGrant has none of that kind.", fix=fix, **names)
    elif issuer not in audiences:
        yield faults.GRANT_OF_OTHERS.found(
            f"It lists {', '.join(map(str, audiences)) or 'none'}, and not {issuer}.", fix=fix, **names
        )
    elif client not in audiences[issuer]:
        yield faults.WRONG_AUDIENCE.found(
            f"It lists {', '.join(audiences[issuer]) or 'none'}, and not {client}.", fix=fix, **names
        )
    if not context.ask(center.grant, REFRESH_TOKEN):
        yield faults.NO_REFRESH_GRANT.found(
            "GetApplicationGrant has none of that kind.", fix=lambda: _refresh(context, arn), arn=arn
        )


def _merged(context: Context, issuer: str, client: str) -> Members:
    """The grant with this issuer and client; those of others stay."""
    listed = context.ask(center.grant, JWT_BEARER).get("JwtBearer", {}).get("AuthorizedTokenIssuers", [])
    kept = {each["TrustedTokenIssuerArn"]: list(each.get("AuthorizedAudiences", [])) for each in listed}
    kept[issuer] = [*kept.get(issuer, ()), client]
    issuers = [
        {"TrustedTokenIssuerArn": one, "AuthorizedAudiences": audiences} for one, audiences in kept.items()
    ]
    return {"JwtBearer": {"AuthorizedTokenIssuers": issuers}}


def _refresh(context: Context, arn: str) -> str:
    context.aws("sso-admin").put_application_grant(
        ApplicationArn=arn, GrantType=REFRESH_TOKEN, Grant={"RefreshToken": {}}
    )
    return "the application has the refresh_token grant"


def admitted(context: Context) -> Iterator[Finding]:
    """The actor policy admits the role that exchanges tokens, and the Data API."""
    sso, arn = context.aws("sso-admin"), context.ask(center.application)["ApplicationArn"]
    method: Members = center.found_or(
        lambda: sso.get_application_authentication_method(ApplicationArn=arn, AuthenticationMethodType="IAM")[
            "AuthenticationMethod"
        ],
        {},
    )
    policy = method.get("Iam", {}).get("ActorPolicy")
    signer = context.ask(role, context.ask(exchanger)).arn
    whole = json.dumps({"Iam": {"ActorPolicy": _actors(policy, signer)}})
    if not admits(policy, "Service", _DATA_API, _DATA_API_ACTIONS):
        yield faults.DATA_API_NOT_ADMITTED.found(
            f"No statement allows {_DATA_API} all three of {', '.join(_DATA_API_ACTIONS)}.",
            arn=arn,
            method=whole,
        )
    if not admits(policy, "AWS", signer, (_EXCHANGE,)):
        yield faults.ACTOR_MISSING.found(
            f"No statement allows {signer} to call {_EXCHANGE}.", arn=arn, method=whole
        )


def _actors(known: Any, signer: str) -> Members:
    """The actor policy with who must be in it; those of others stay."""
    allow = {"Effect": "Allow", "Resource": "*"}
    needed = (
        ("AWS", signer, {**allow, "Action": _EXCHANGE, "Principal": {"AWS": signer}}, (_EXCHANGE,)),
        (
            "Service",
            _DATA_API,
            {**allow, "Action": list(_DATA_API_ACTIONS), "Principal": {"Service": _DATA_API}},
            _DATA_API_ACTIONS,
        ),
    )
    kept = list(known.get("Statement", [])) if isinstance(known, Mapping) else []
    new = [statement for kind, who, statement, actions in needed if not admits(known, kind, who, actions)]
    return {"Version": "2012-10-17", "Statement": [*kept, *new]}


def scoped(context: Context) -> Iterator[Finding]:
    """The application's context opens Redshift, by its managed application."""
    sso, arn = context.aws("sso-admin"), context.ask(center.application)["ApplicationArn"]
    target = context.ask(redshift.managed_application_arn)
    scope: Members | None = center.found_or(
        lambda: sso.get_application_access_scope(ApplicationArn=arn, Scope=CONNECT), None
    )

    def fix() -> str:
        targets = sorted({target, *(scope or {}).get("AuthorizedTargets", [])})
        sso.put_application_access_scope(ApplicationArn=arn, Scope=CONNECT, AuthorizedTargets=targets)
        return f"the scope {CONNECT} reaches {target}"

    names = {"arn": arn, "target": target}
    if scope is None:
        yield faults.NO_SCOPE.found(f"{CONNECT} is not among its scopes.", fix=fix, **names)
        return
    targets = scope.get("AuthorizedTargets") or []
    if targets and not {target, context.ask(center.instance)["InstanceArn"]} & set(targets):
        yield faults.WRONG_TARGET.found(
            f"It reaches {', '.join(targets)}, and not {target}.", fix=fix, **names
        )


_LINK = "IAM Identity Center"
CHECKS = (
    Check(_LINK, "there is an active instance in the region", present),
    Check(_LINK, "it trusts the provider's tokens, and knows people by their e-mail addresses", trusted),
    Check(_LINK, "the application is there and enabled", enabled),
    Check(_LINK, "the application takes this issuer's tokens for this client, and renews", granted),
    Check(_LINK, "the application admits the role that exchanges tokens, and the Data API", admitted),
    Check(_LINK, "its identity contexts open Redshift (redshift:connect)", scoped),
)
