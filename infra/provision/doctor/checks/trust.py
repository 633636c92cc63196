"""Who may take the bridge role and the data role."""

import json
import re
from collections.abc import Iterator
from typing import Any

from infra.provision.doctor import documents
from infra.provision.doctor.chain import Chain
from infra.provision.doctor.check import Check
from infra.provision.doctor.context import Context
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults import iam as faults
from infra.provision.doctor.roles import BUILT_IN, Role, exchanger, find, name_of, role
from infra.provision.doctor.statements import Statement, acts, conditions, like, principals, statements

LINK = "IAM"
_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
# IAM shows a deleted principal by its id.
_GONE = re.compile(r"A(ROA|IDA)[A-Z0-9]{10,}")


def bridge(context: Context) -> Iterator[Finding]:
    """The bridge role is there, for tokens of the provider that are for this client."""
    arn = context.chain.bridge_role_arn
    if context.ask(find, arn) is None:
        yield faults.NO_BRIDGE_ROLE.found(
            f"There is no {arn}.", role=name_of(arn), document=documents.federated_trust(context.chain)
        )
        return
    yield from _federated(context, context.ask(role, arn))


def host(context: Context) -> Iterator[Finding]:
    """The host's role, which signs the exchange, is there."""
    arn = context.ask(exchanger)
    if context.ask(find, arn) is None:
        yield faults.NO_HOST_ROLE.found(f"There is no {arn}.", role=arn)


def data(context: Context) -> Iterator[Finding]:
    """The data role is there, and trusts who takes it."""
    arn = context.need("data_role_arn")
    known = context.ask(find, arn)
    tags = context.chain.session_tags
    if known is None:
        trust = documents.federated_trust(context.chain)
        if not tags:
            trust = documents.data_trust(context.chain.bridge_role_arn or "<the host's role>")
        yield faults.NO_DATA_ROLE.found(f"There is no {arn}.", role=name_of(arn), document=trust)
    elif tags:
        yield from _federated(context, known)
    else:
        yield from _chained(context, known)


def _federated(context: Context, known: Role) -> Iterator[Finding]:
    """The role is open to the provider's tokens for this client, and to no others."""
    chain, client = context.chain, context.need("client_id")
    context.need("issuer")
    # It has the account's number.
    context.need("data_role_arn")
    cure: dict[str, Any] = {"role": known.name, "document": documents.federated_trust(chain)}
    names = (chain.provider_arn, *((BUILT_IN,) if chain.issuer_name == BUILT_IN else ()))
    named = [each for each in statements(known.trust) if set(principals(each, "Federated")) & set(names)]
    opening = [each for each in named if acts(each, _WEB_IDENTITY)]
    if not named:
        yield faults.BRIDGE_TRUSTS_ANOTHER.found(
            f"The trust policy of {known.name} does not name {names[0]}.", **cure
        )
    elif not opening:
        yield faults.BRIDGE_ACTION.found(f"The trust policy of {known.name} allows something else.", **cure)
    else:
        yield from _audiences(known, opening, f"{chain.issuer_name}:aud", client=client, cure=cure)
        yield from _subjects(context, known, opening)
        if chain.session_tags:
            yield from _tagged(known, named, cure)


def _tagged(known: Role, named: list[Statement], cure: dict[str, Any]) -> Iterator[Finding]:
    tagging = [each for each in named if acts(each, "sts:TagSession")]
    if not tagging:
        yield faults.NO_TAG_SESSION.found(f"{known.name} can be taken without tags alone.", **cure)
    elif not all(any(conditions(each, "aws:TagKeys")) for each in tagging):
        yield faults.ANY_TAGS.found(
            f"The trust policy of {known.name} has no condition on aws:TagKeys.", **cure
        )


def _audiences(
    known: Role, opening: list[Statement], key: str, *, client: str, cure: dict[str, Any]
) -> Iterator[Finding]:
    found = [[value for _, values in conditions(each, key) for value in values] for each in opening]
    if not all(found):
        yield faults.NO_AUDIENCE_CONDITION.found(
            f"The trust policy of {known.name} has no condition on {key}.", **cure
        )
    elif not any(like(client, value) for values in found for value in values):
        told = ", ".join(value for values in found for value in values)
        yield faults.AUDIENCE_DIFFERS.found(f"{key} must be {told}; the app's client is {client}.", **cure)


def _subjects(context: Context, known: Role, opening: list[Statement]) -> Iterator[Finding]:
    wanted = set(getattr(context.chain.spec, "subjects", ()))
    key = f"{context.chain.issuer_name}:sub"
    for each in opening if wanted else ():
        found = {value for _, values in conditions(each, key) for value in values}
        if found != wanted:
            yield faults.SUBJECTS_DIFFER.found(
                f"{known.name} is open to {', '.join(sorted(found)) or 'every subject'}.", key=key
            )


def _chained(context: Context, known: Role) -> Iterator[Finding]:
    """The role is open to whoever exchanges the tokens, with an identity context."""
    named = {each for statement in statements(known.trust) for each in principals(statement, "AWS")}
    gone = sorted(each for each in named if _GONE.fullmatch(each))
    if gone and (not context.chain.bridge_role_arn or context.chain.bridge_role_arn not in named):
        wanted = context.chain.bridge_role_arn or "<the host's role>"
        yield faults.GONE_PRINCIPAL.found(
            f"The trust policy of {known.name} names {gone[0]}.",
            role=known.name,
            document=documents.data_trust(wanted),
        )
        return
    arn = context.ask(role, context.ask(exchanger)).arn
    cure: dict[str, Any] = {"role": known.name, "document": documents.data_trust(arn)}
    trusting = [each for each in statements(known.trust) if _names(each, arn)]
    taking = [each for each in trusting if acts(each, "sts:AssumeRole")]
    if not taking:
        yield faults.DATA_TRUSTS_ANOTHER.found(
            f"The trust policy of {known.name} does not let {name_of(arn)} take it.", **cure
        )
    elif not any(acts(each, "sts:SetContext") for each in trusting):
        yield faults.DATA_NO_SET_CONTEXT.found(
            f"{name_of(arn)} can take {known.name} without an identity context alone.",
            fix=lambda: _add_set_context(context, known, taking[0]),
            **cure,
        )


def _names(statement: Statement, arn: str) -> bool:
    account = arn.split(":")[4]
    root = f"{':'.join(arn.split(':')[:4])}:{account}:root"
    return bool({arn, root, account, "*"} & set(principals(statement, "AWS")))


def _add_set_context(context: Context, known: Role, taking: Statement) -> str:
    """Adds the action to the statement that lets the role be taken; all else stays as it is."""
    found = known.trust["Statement"]
    changed = []
    for each in found if isinstance(found, list) else [found]:
        actions = each.get("Action", [])
        more = [*(actions if isinstance(actions, list) else [actions]), "sts:SetContext"]
        changed.append({**each, "Action": more} if each == taking else each)
    context.aws("iam").update_assume_role_policy(
        RoleName=known.name, PolicyDocument=json.dumps({**known.trust, "Statement": changed})
    )
    return f"the trust policy of {known.name} allows sts:SetContext"


def _by_bridge(chain: Chain) -> bool:
    return bool(chain.bridge_role_arn) and not chain.session_tags


def _by_host(chain: Chain) -> bool:
    return not chain.bridge_role_arn and not chain.session_tags


CHECKS = (
    Check(
        LINK,
        "the bridge role is there, and trusts the provider's tokens for this client alone",
        bridge,
        _by_bridge,
    ),
    Check(LINK, "the host's role is there, and signs the exchange", host, _by_host),
    Check(LINK, "the data role is there, and trusts who takes it with the person's context", data),
)
