"""The groups that the chain is about, and what is expected of each one's role in the warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from infra.provision.doctor import center, redshift
from infra.provision.doctor.catalogue import IGNORE, SYSTEM, Catalogue, Relation, catalogue
from infra.provision.doctor.context import Context, Unclear, Waits
from infra.provision.specification import access

SALES: Relation = ("public", "sales_data")
_OF_REDSHIFT = ("sys:", "ds:")


@dataclass(frozen=True)
class Expected:
    """A group's role, and what rowlight.toml, or else the catalogue itself, leads to expect of it."""

    group: str
    role: str
    tables: tuple[Relation, ...]
    policies: Mapping[Relation, tuple[str, ...]]  # by name, where they are known
    all_rows: bool


def names(context: Context) -> tuple[str, ...]:
    """The groups: those of rowlight.toml, else those that Redshift's application or a role speaks of."""
    if context.chain.spec:
        return context.chain.spec.group_names
    if context.chain.session_tags:
        return tuple(sorted(role for role in _roles(context) if not role.startswith(_OF_REDSHIFT)))
    known = context.ask(center.directory)
    assigned = context.ask(center.assigned, context.ask(redshift.managed_application_arn))
    roles = {role.rpartition(":")[2] for role in _roles(context)}
    return tuple(
        sorted(name for name, number in known.items() if ("GROUP", number) in assigned or name in roles)
    )


def _roles(context: Context) -> frozenset[str]:
    """The warehouse's roles, where it can be asked: who may not ask it still hears of Identity Center."""
    try:
        return context.ask(catalogue).roles
    except (Waits, Unclear, ClientError, BotoCoreError):
        return frozenset()


def known(context: Context) -> tuple[str, ...]:
    """Of the groups, those that are in IAM Identity Center: of the others it is said there."""
    if context.chain.session_tags:
        return context.ask(names)
    there = context.ask(center.directory)
    return tuple(name for name in context.ask(names) if name in there)


def role_of(context: Context, group: str) -> str:
    """The name that the group's role must have, to the letter."""
    spec = context.chain.spec
    if spec:
        return spec.role_of(group)
    return group if context.chain.session_tags else f"{context.ask(namespace_of_roles)}:{group}"


def namespace_of_roles(context: Context) -> str:
    """What the roles of groups begin with; empty where nothing tells.

    Without rowlight.toml it is the namespace of Redshift's application, unless no role has it and some have
    another.
    """
    spec = context.chain.spec
    if spec:
        return spec.identity_namespace
    given, known = context.ask(redshift.namespace), context.ask(center.directory)
    spaces = [
        space for space, _, group in (role.rpartition(":") for role in _roles(context)) if group in known
    ]
    others = sorted({space for space in spaces if space})
    return given if given in others or not others else others[0]


def tables(context: Context) -> tuple[Relation, ...]:
    """The governed tables."""
    spec = context.chain.spec
    return tuple(_relation(table.name) for table in spec.tables) if spec else (SALES,)


def expected(context: Context) -> tuple[Expected, ...]:
    """Of the groups whose role is there: what it should have."""
    seen = context.ask(catalogue)
    roles = {group: role_of(context, group) for group in context.ask(names)}
    found = {group: role for group, role in roles.items() if role in seen.roles}
    spec = context.chain.spec
    if not spec:
        return tuple(_guessed(seen, group, role) for group, role in found.items())
    governed = {policy.name: policy.tables for policy in spec.policies}
    return tuple(_of(group, found[group.name], governed) for group in spec.groups if group.name in found)


def _of(group: access.Group, role: str, governed: Mapping[str, tuple[str, ...]]) -> Expected:
    return Expected(
        group=group.name,
        role=role,
        tables=tuple(map(_relation, group.tables)),
        policies={
            _relation(table): tuple(name for name in group.policies if table in governed.get(name, ()))
            for table in group.tables
        },
        all_rows=group.all_rows,
    )


def _guessed(seen: Catalogue, group: str, role: str) -> Expected:
    """Without rowlight.toml: a role with a policy, SELECT or IGNORE RLS is meant to see rows of the table.

    Not so the administrators', who see the system views and ignore policies to count by them.
    """
    ignores = seen.has(role, IGNORE)
    means = seen.policies(SALES, role) or seen.may(role, "SELECT", SALES)
    means = means or (ignores and not seen.has(role, SYSTEM))
    return Expected(group, role, (SALES,) if means else (), {}, all_rows=ignores)


def _relation(name: str) -> Relation:
    schema, _, table = name.partition(".")
    return schema, table
