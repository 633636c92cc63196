"""The whole chain end to end, as a test person: each step is named when it fails, with what explains it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra.provision.doctor import center, data_api, groups, test_person
from infra.provision.doctor.check import Check
from infra.provision.doctor.checks import client
from infra.provision.doctor.context import Context, Unclear, Waits
from infra.provision.doctor.data_api import StatementFailed
from infra.provision.doctor.fault import Fault, Finding
from infra.provision.doctor.faults import person as faults
from infra.provision.doctor.roles import exchanger, name_of
from infra.provision.doctor.test_person import NoSignIn, NoToken, code_of, said

_LEEWAY_SECONDS = 5
_ROLES = "SELECT name FROM pg_get_session_roles() AS session_roles(name name, roleid integer)"
_DENIED = "permission denied"


def not_run(context: Context) -> Iterable[Finding]:
    """Says how this part is run."""
    if context.test_token is None:
        raise Unclear(
            "It was not run. `python -m infra.provision doctor --sign-in` signs somebody in and goes the"
            " whole way as them; so does --id-token-file PATH, or - for standard input, with an ID token."
        )
    return ()


def received(context: Context) -> Iterator[Finding]:
    """The ID token is one of this issuer's for this client, in time, and names an address."""
    chain = context.chain
    try:
        said_of = context.ask(test_person.claims)
    except NoSignIn as error:
        yield faults.SIGN_IN_FAILED.found(str(error), redirect_uri=client.redirect_uri(context))
        return
    except NoToken as error:
        yield faults.NOT_A_TOKEN.found(str(error))
        return
    ended = context.clock() - _number(said_of.get("exp"))
    if ended > _LEEWAY_SECONDS:
        yield faults.TOKEN_EXPIRED.found(f"It expired {ended / 60:.0f} minutes ago.")
    issuer, audiences = str(said_of.get("iss", "")), _listed(said_of.get("aud"))
    if issuer != chain.issuer:
        yield faults.OTHER_ISSUER.found(
            f"Its issuer is {issuer[:200]}; OIDC_ISSUER is {chain.issuer}.",
            found=issuer[:200],
            wanted=chain.issuer,
        )
    if chain.client_id not in audiences:
        found = ", ".join(audiences)[:200] or "nobody"
        yield faults.OTHER_AUDIENCE.found(
            f"It is meant for {found}; OIDC_CLIENT_ID is {chain.client_id}.",
            found=found,
            wanted=chain.client_id,
        )
    if not said_of.get("email") or said_of.get("email_verified") in (False, "false"):
        what = "Its address is not verified." if said_of.get("email") else "It has no claim `email`."
        yield faults.NO_EMAIL.found(what, client=chain.client_id)
    elif chain.session_tags and test_person.tag(context, test_person.USER_TAG) != said_of["email"]:
        yield faults.NO_TAGS.found(
            f"Its tag {test_person.USER_TAG} is not its address.", client=chain.client_id
        )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value or "")]


def _good_token(context: Context) -> None:
    if any(finding.fault.severity == "error" for finding in received(context)):
        raise Waits("an ID token that is in order")


def known(context: Context) -> Iterator[Finding]:
    """IAM Identity Center has one user with the person's address."""
    _good_token(context)
    if not context.ask(test_person.user_id):
        yield faults.UNKNOWN_PERSON.found(
            f"Nobody there has {context.ask(test_person.email)[:200]}.",
            store=context.ask(center.instance)["IdentityStoreId"],
        )


def _known_person(context: Context) -> None:
    _good_token(context)
    if not context.chain.session_tags and not context.ask(test_person.user_id):
        raise Waits("a person whom IAM Identity Center knows")


def bridged(context: Context) -> Iterator[Finding]:
    """Step 1: STS gives a role for the ID token (AssumeRoleWithWebIdentity)."""
    _good_token(context)
    try:
        context.ask(test_person.bridge)
    except ClientError as error:
        yield from _explained(context, _web_identity(context, error))


def _web_identity(context: Context, error: ClientError) -> Finding:
    chain = context.chain
    role = (chain.bridge_role_arn or chain.data_role_arn).rpartition("/")[2]
    provider = chain.provider_arn
    cures = {
        "InvalidIdentityToken": "`aws iam get-open-id-connect-provider --open-id-connect-provider-arn"
        f" {provider}` must answer, and list {chain.client_id}; else `python -m infra.provision apply`.",
        "IDPCommunicationError": "AWS must reach the issuer over the internet: its discovery document and its"
        " keys, by https with a certificate that everybody trusts.",
    }
    otherwise = (
        f"`aws iam get-role --role-name {role}` shows the trust policy: it must admit {provider} with the"
        f" audience {chain.client_id}; `python -m infra.provision apply` writes it."
    )
    if code_of(error) == "ExpiredTokenException":
        return faults.TOKEN_EXPIRED.found(f"STS says so: {said(error)}")
    return faults.WEB_IDENTITY_REFUSED.found(
        f"STS said {said(error)}", cure=cures.get(code_of(error), otherwise)
    )


def exchanged(context: Context) -> Iterator[Finding]:
    """Step 2: Identity Center exchanges the token (CreateTokenWithIAM)."""
    _known_person(context)
    _after(context, test_person.bridge, "step 1")
    try:
        context.ask(test_person.identity_context)
    except ClientError as error:
        yield from _explained(context, _exchange(context, error))


def _exchange(context: Context, error: ClientError) -> Finding:
    code, what = code_of(error), f"Identity Center said {said(error)}"
    application = context.ask(center.application)["ApplicationArn"]
    if code == "AccessDeniedException":
        return faults.EXCHANGE_DENIED.found(
            what,
            email=context.ask(test_person.email)[:200],
            arn=application,
            id=context.ask(test_person.user_id),
            role=name_of(context.ask(exchanger)),
        )
    if code == "ExpiredTokenException":
        return faults.TOKEN_EXPIRED.found(what)
    if code == "InvalidGrantException":
        # Whatever else this error can mean was looked at already, and is told in its place.
        return faults.TOKEN_USED.found(f"{what} Its issuer, audience, address and time are in order.")
    return faults.EXCHANGE_REFUSED.found(
        what,
        cure=f"`aws sso-admin describe-application --application-arn {application}` and `aws sso-admin"
        f" list-application-grants --application-arn {application}` show what it takes; `python -m"
        " infra.provision apply` writes it anew.",
    )


def enhanced(context: Context) -> Iterator[Finding]:
    """Step 3: STS gives the data role with the person's context (AssumeRole)."""
    _after(context, test_person.identity_context, "step 2")
    try:
        context.ask(test_person.enhanced)
    except ClientError as error:
        yield from _explained(
            context, faults.CONTEXT_REFUSED.found(f"STS said {said(error)}", said=code_of(error))
        )


def connected(context: Context) -> Iterator[Finding]:
    """Step 4: Redshift runs a statement as the person (SELECT current_user)."""
    _with_rights(context)
    role = context.chain.data_role_arn.rpartition("/")[2]
    try:
        ((user,),) = context.ask(_as_person, "SELECT current_user")
    except ClientError as error:
        yield from _explained(
            context, faults.STATEMENT_REFUSED.found(f"AWS said {said(error)}", role=role, said=code_of(error))
        )
        return
    except StatementFailed as error:
        words = str(error)[:200]
        yield from _explained(context, faults.NOT_CONNECTED.found(f"Redshift said {words}", said=words))
        return
    address = context.ask(test_person.email)
    if str(user).rpartition(":")[2].casefold() != address.casefold():
        yield faults.OTHER_USER.found(f"current_user is {str(user)[:200]}, and not {address[:200]}.")


def _with_rights(context: Context) -> None:
    last = test_person.bridge if context.chain.session_tags else test_person.enhanced
    _after(context, last, "step 1" if context.chain.session_tags else "step 3")


def _as_person(context: Context, sql: str) -> list[data_api.Row]:
    return test_person.ask(context, sql)


def _connection(context: Context) -> None:
    _with_rights(context)
    _after(context, _as_person, "step 4", "SELECT current_user")


def in_roles(context: Context) -> Iterator[Finding]:
    """The person has a role of a group of theirs."""
    _connection(context)
    names = context.ask(test_person.groups)
    address = context.ask(test_person.email)[:200]
    if not names and context.chain.session_tags:
        yield faults.NO_ROLES_IN_TAGS.found(f"The token of {address} names none.", email=address)
        return
    if not names:
        yield faults.IN_NO_GROUP.found(
            f"{address} is in no group of IAM Identity Center, so no role is theirs and they see nothing.",
            email=address,
            store=context.ask(center.instance)["IdentityStoreId"],
            id=context.ask(test_person.user_id),
        )
        return
    held = {str(role) for (role,) in context.ask(_as_person, _ROLES)}
    wanted = [groups.role_of(context, name) for name in names]
    if not held & set(wanted):
        finding = faults.NO_ROLE_HERE.found(
            f"{address} is in {', '.join(names)}; the session has {', '.join(sorted(held)) or 'no role'}.",
            wanted=wanted[0],
        )
        yield from _explained(context, finding)


def in_sight(context: Context) -> Iterator[Finding]:
    """The person sees rows of the tables that the app asks."""
    _connection(context)
    if not context.ask(test_person.groups):
        raise Waits("a group that the person is in")
    role = groups.role_of(context, context.ask(test_person.groups)[0])
    for schema, table in context.ask(groups.tables):
        name = f"{schema}.{table}"
        try:
            ((count,),) = context.ask(_as_person, f"SELECT COUNT(*) FROM {name}")  # noqa: S608 - ours, or one that Spec let through
        except StatementFailed as error:
            if _DENIED not in str(error):
                raise Unclear(f"Redshift said: {error}") from error
            yield from _explained(
                context,
                faults.SEES_NO_TABLE.found(
                    f"{context.ask(test_person.email)[:200]} is refused {name}.",
                    schema=schema,
                    role=role,
                    table=name,
                ),
            )
            continue
        if count == "0":
            finding = faults.SEES_NO_ROWS.found(
                f"{context.ask(test_person.email)[:200]} sees 0 rows of {name}.", table=name, role=role
            )
            yield from _explained(context, finding)


def _after(context: Context, question: Callable[..., Any], name: str, *args: Any) -> None:
    """Waits where a step before this one did not succeed: it is told in its own place."""
    _known_person(context)
    try:
        context.ask(question, *args)
    except (ClientError, StatementFailed) as error:
        raise Waits(f"{name} of this part") from error


def _explained(context: Context, finding: Finding) -> Iterator[Finding]:
    """The finding, unless a link before it, which people hear of by the same code, was found to be wrong."""
    causes = [fault for fault in context.found if _same(fault, finding.fault)]
    if causes:
        raise Waits(f"{causes[0].code}, which explains why it fails here ({finding.fault.code})")
    yield finding


def _same(cause: Fault, effect: Fault) -> bool:
    return cause is not effect and cause.severity == "error" and bool(set(cause.shows) & set(effect.shows))


LINK = "A test person, end to end"
NOT_RUN = (Check(LINK, "the whole chain as a test person", not_run),)
OF_CENTER = (
    Check(LINK, "IAM Identity Center knows the person", known),
    Check(LINK, "step 2: Identity Center exchanges the ID token", exchanged),
    Check(LINK, "step 3: STS gives the data role, which then carries the person", enhanced),
)
CHECKS = (
    Check(LINK, "the ID token is of this issuer, for this client, in time, with an address", received),
    OF_CENTER[0],
    Check(LINK, "step 1: STS gives a role for the ID token", bridged),
    *OF_CENTER[1:],
    Check(LINK, "step 4: Redshift runs a statement as the person", connected),
    Check(LINK, "the person has the role of a group of theirs", in_roles),
    Check(LINK, "the person sees rows", in_sight),
)
