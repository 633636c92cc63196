"""What the roles may do: enough for the app, and no more than that."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.provision.doctor import center, documents
from infra.provision.doctor.chain import Chain
from infra.provision.doctor.check import Check
from infra.provision.doctor.context import Context, Waits
from infra.provision.doctor.fault import Fault, Finding
from infra.provision.doctor.faults import iam as faults
from infra.provision.doctor.roles import exchanger, may, name_of, permissions, role
from infra.provision.doctor.statements import Statement, acts, concerns, conditions, principals, statements
from infra.provision.specification.spec import DRIVER

LINK = "IAM"
_EXCHANGE = "sso-oauth:CreateTokenWithIAM"
_TAKE = ("sts:AssumeRole", "sts:SetContext")
_QUERY = ("redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement")
_RESULT = "redshift-data:GetStatementResult"
_CREDENTIALS = ("redshift-serverless:GetCredentials", "redshift:GetClusterCredentialsWithIAM")


def application_arn(context: Context) -> str:
    """The application that exchanges tokens; waits where it is not there."""
    return str(context.ask(center.application)["ApplicationArn"])


def warehouse_arn(context: Context) -> str:
    """The workgroup's or the cluster's ARN, which policies name."""
    chain = context.chain
    if chain.cluster:
        region, account = context.need("region"), chain.account_id
        return f"arn:{chain.partition}:redshift:{region}:{account}:cluster:{chain.cluster}"
    name, serverless = context.need("workgroup"), context.aws("redshift-serverless")
    try:
        arn: str = serverless.get_workgroup(workgroupName=name)["workgroup"]["workgroupArn"]
    except serverless.exceptions.ResourceNotFoundException as error:
        raise Waits(f"the workgroup {name}") from error
    return arn


def exchanges(context: Context) -> Iterator[Finding]:
    """The role that signs may exchange tokens at the application."""
    resource = context.ask(application_arn)
    yield from may(
        context,
        context.ask(exchanger),
        _EXCHANGE,
        resource,
        otherwise=faults.MAY_NOT_EXCHANGE,
        policy="RowlightExchange",
        document=documents.permission(_EXCHANGE, resource),
    )


def takes(context: Context) -> Iterator[Finding]:
    """The role that signs may take the data role with a context."""
    resource = context.ask(role, context.need("data_role_arn")).arn
    for action, fault in zip(_TAKE, (faults.MAY_NOT_ASSUME, faults.MAY_NOT_SET_CONTEXT), strict=True):
        yield from may(
            context,
            context.ask(exchanger),
            action,
            resource,
            otherwise=fault,
            policy="RowlightDataRole",
            document=documents.permission(list(_TAKE), resource),
        )


def queries(context: Context) -> Iterator[Finding]:
    """The data role may reach the warehouse, by the path that the app takes."""
    resource = context.ask(warehouse_arn)
    if context.chain.query_path == DRIVER:
        action = f"{_service(context)}:GetIdentityCenterAuthToken"
        yield from _first(context, (action,), resource, faults.MAY_NOT_GET_TOKEN, "RowlightToken")
        return
    yield from _first(context, _QUERY, resource, faults.MAY_NOT_QUERY, "RowlightQuery")
    if context.chain.session_tags:
        resource = _database_arn(context) if context.chain.cluster else resource
        action = _CREDENTIALS[bool(context.chain.cluster)]
        yield from _first(context, (action,), resource, faults.MAY_NOT_GET_CREDENTIALS, "RowlightCredentials")


def _first(
    context: Context, actions: Sequence[str], resource: str, otherwise: Fault, policy: str
) -> Iterator[Finding]:
    """The first of the actions that the data role may not do: one policy allows them all."""
    document = documents.permission([*actions], resource) if resource != "*" else documents.follow()
    for action in actions:
        for finding in may(
            context,
            context.need("data_role_arn"),
            action,
            resource,
            otherwise=otherwise,
            policy=policy,
            document=document,
        ):
            yield finding
            return


def _service(context: Context) -> str:
    return "redshift" if context.chain.cluster else "redshift-serverless"


def _database_arn(context: Context) -> str:
    chain = context.chain
    return context.ask(warehouse_arn).replace(":cluster:", ":dbname:") + f"/{chain.database}"


def follows(context: Context) -> Iterator[Finding]:
    """The data role may follow its own statements."""
    actions = [f"redshift-data:{name}" for name in documents.FOLLOW]
    yield from _first(context, actions, "*", faults.MAY_NOT_READ, "RowlightFollow")


def narrow(context: Context) -> Iterator[Finding]:
    """Neither role may do to others what it may do to the app's own."""
    data_role = context.need("data_role_arn")
    warehouse = {action: _sibling(context.ask(warehouse_arn)) for action in _QUERY}
    if not context.chain.session_tags:
        arn = context.ask(exchanger)
        own = {_EXCHANGE: _sibling(context.ask(application_arn))} | dict.fromkeys(_TAKE, _sibling(data_role))
        for policy, document in context.ask(permissions, arn).items():
            yield from _wide(name_of(arn), policy, document, own)
    for policy, document in context.ask(permissions, data_role).items():
        wide = tuple(_wide(name_of(data_role), policy, document, warehouse))
        yield from wide or _beyond(context, policy, document)


def _sibling(arn: str) -> str:
    """Another resource of the same kind: who may use this one as well may use any."""
    return re.split(r"[^/:]*$", arn)[0] + "made-up-by-doctor"


def _wide(name: str, policy: str, document: Any, siblings: Mapping[str, str]) -> Iterator[Finding]:
    found = sorted(
        action
        for action, sibling in siblings.items()
        if any(
            acts(each, action) and concerns(each, sibling) and not _by_resource(each)
            for each in statements(document)
        )
    )
    if found:
        yield faults.TOO_WIDE.found(
            f"{policy} of {name} allows {', '.join(found)} on more than the app's own.",
            policy=policy,
            role=name,
        )


def _by_resource(statement: Statement) -> bool:
    """Whether a condition on the resource itself narrows a statement."""
    condition = statement.get("Condition", {})
    return any(key.lower().startswith("aws:resource") for keys in condition.values() for key in keys)


def _beyond(context: Context, policy: str, document: Any) -> Iterator[Finding]:
    """What the data role may do to the statements of others, and without a person."""
    told: dict[str, Any] = {"policy": policy, "role": name_of(context.chain.data_role_arn)}
    allowed = tuple(statements(document))
    if any(acts(each, _RESULT) and not any(conditions(each, documents.OWNER)) for each in allowed):
        yield faults.OTHERS_STATEMENTS.found(
            f"{policy} of {told['role']} allows {_RESULT} without a condition on {documents.OWNER}.", **told
        )
    resource = context.ask(warehouse_arn)
    database = _database_arn(context) if context.chain.cluster else resource
    for action in () if context.chain.session_tags else _CREDENTIALS:
        if any(
            acts(each, action) and (concerns(each, resource) or concerns(each, database)) for each in allowed
        ):
            yield faults.WITHOUT_CONTEXT.found(
                f"{policy} of {told['role']} allows {action}.", action=action, **told
            )


def strangers(context: Context) -> Iterator[Finding]:
    """No trust policy opens a role to more than its own."""
    chain, data_role = context.chain, context.need("data_role_arn")
    federated = documents.federated_trust(chain)
    if chain.bridge_role_arn and not chain.session_tags:
        yield from _opened(context, chain.bridge_role_arn, federated)
    document = federated if chain.session_tags else documents.data_trust(context.ask(exchanger))
    yield from _opened(context, data_role, document)


def _opened(context: Context, arn: str, document: str) -> Iterator[Finding]:
    known, account = context.ask(role, arn), context.chain.account_id
    told: dict[str, Any] = {"role": known.name, "document": document}
    for statement in statements(known.trust):
        named = {*principals(statement, "AWS"), *principals(statement, "Federated")}
        accounts = {_account(each) for each in named} - {""}
        if "*" in named and not _of_whom(statement):
            yield faults.ANYBODY.found(f"The trust policy of {known.name} names the principal *.", **told)
        if accounts - {account}:
            yield faults.OTHER_ACCOUNT_TRUSTED.found(
                f"The trust policy of {known.name} names {', '.join(sorted(accounts - {account}))}.", **told
            )
        if named & {account, f"arn:{context.chain.partition}:iam::{account}:root"}:
            yield faults.WHOLE_ACCOUNT.found(f"The trust policy of {known.name} names {account}.", **told)


def _account(principal: str) -> str:
    found = re.fullmatch(r"(?:arn:[^:]+:(?:iam|sts)::)?([0-9]{12})(?::.*)?", principal)
    return found[1] if found else ""


def _of_whom(statement: Statement) -> bool:
    """Whether a condition says who of everybody it is."""
    condition = statement.get("Condition", {})
    return any(key.lower().startswith("aws:principal") for keys in condition.values() for key in keys)


def _by_context(chain: Chain) -> bool:
    return not chain.session_tags


def _by_data_api(chain: Chain) -> bool:
    return chain.query_path != DRIVER


CHECKS = (
    Check(LINK, "the role that signs may exchange tokens at the application", exchanges, _by_context),
    Check(LINK, "the role that signs may take the data role with a person's context", takes, _by_context),
    Check(LINK, "the data role may reach the warehouse, by the path that the app takes", queries),
    Check(LINK, "the data role may follow its own statements", follows, _by_data_api),
    Check(LINK, "neither role may do more than the app needs", narrow),
    Check(LINK, "no trust policy opens a role to strangers", strangers),
)
