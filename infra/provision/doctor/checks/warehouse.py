"""What the warehouse's own catalogue says: roles of groups, row-level security, and grants."""

from collections.abc import Callable, Iterator

from infra.provision.doctor import groups
from infra.provision.doctor.catalogue import EXPLAIN, IGNORE, SYSTEM, Relation, catalogue
from infra.provision.doctor.check import Check
from infra.provision.doctor.context import Context
from infra.provision.doctor.data_api import rows
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults import warehouse as faults

PERSONAL: tuple[Relation, ...] = (("rowlight", "saved_views"), ("rowlight", "alerts"))
_PERSONAL_RIGHTS = ("SELECT", "INSERT", "DELETE")


def _dotted(relation: Relation) -> str:
    return ".".join(relation)


def _by(context: Context, sql: str) -> Callable[[], str]:
    """A fix that runs one statement as the warehouse's admin."""

    def fix() -> str:
        context.ask(rows, (sql,))
        return f"ran {sql}"

    return fix


def made(context: Context) -> Iterator[Finding]:
    """The tables that the app asks are there."""
    seen = context.ask(catalogue)
    for table in context.ask(groups.tables):
        if table not in seen.tables:
            yield faults.NO_TABLE.found(f"There is no {_dotted(table)}.", table=_dotted(table))


def named(context: Context) -> Iterator[Finding]:
    """Every group has a role, named namespace:group to the letter."""
    known = context.ask(catalogue).roles
    for group in context.ask(groups.known):
        wanted = groups.role_of(context, group)
        if wanted in known:
            continue
        near = sorted(role for role in known if _alike(role) == _alike(wanted))
        if near:
            yield faults.ROLE_MISNAMED.found(
                f'The group is {group}; the role "{near[0]}" is not "{wanted}".', found=near[0], wanted=wanted
            )
        else:
            yield faults.NO_ROLE.found(f'The group is {group}; there is no role "{wanted}".', wanted=wanted)


def _alike(role: str) -> str:
    return role.rpartition(":")[2].casefold().replace("_", "-").strip()


def protected(context: Context) -> Iterator[Finding]:
    """Row-level security is on, and policies join by OR."""
    seen = context.ask(catalogue)
    for table in context.ask(groups.tables):
        if table not in seen.tables:
            continue
        how, name = seen.conjunction(table), _dotted(table)
        if not how:
            sql = f"ALTER TABLE {name} ROW LEVEL SECURITY ON CONJUNCTION TYPE OR"
            yield faults.RLS_OFF.found(f"{name} has it off.", table=name, fix=_by(context, sql))
        elif how == "and" and len(seen.policies(table)) > 1:
            yield faults.JOINED_BY_AND.found(
                f"{name} has the conjunction AND and {len(seen.policies(table))} policies.", table=name
            )


def governed(context: Context) -> Iterator[Finding]:
    """Every role that should see rows of a table has a policy on it, or is meant to see all."""
    seen = context.ask(catalogue)
    for each in context.ask(groups.expected):
        if seen.has(each.role, IGNORE):
            if context.chain.spec and not each.all_rows and each.tables:
                yield faults.SEES_ALL_ROWS.found(
                    f'"{each.role}" has IGNORE RLS.', role=each.role, group=each.group
                )
            continue
        for table in each.tables:
            attached, wanted = seen.policies(table, each.role), each.policies.get(table, ())
            lacking = [policy for policy in wanted if policy not in attached]
            if lacking or not attached:
                yield faults.NO_POLICY.found(
                    f'"{each.role}" lacks {lacking[0] if lacking else "any policy"} on {_dotted(table)}.',
                    role=each.role,
                    table=_dotted(table),
                    policy=lacking[0] if lacking else "<policy>",
                )


def granted(context: Context) -> Iterator[Finding]:
    """Every role that should see rows may read the table and use its schema."""
    seen = context.ask(catalogue)
    for each in context.ask(groups.expected):
        for table in each.tables:
            if table not in seen.tables:
                continue
            if not seen.may(each.role, "SELECT", table):
                yield faults.NO_SELECT.found(
                    f'"{each.role}" has no SELECT on {_dotted(table)}.', role=each.role, table=_dotted(table)
                )
            if not seen.uses(each.role, table[0]):
                yield faults.NO_USAGE.found(
                    f'"{each.role}" has no USAGE on the schema {table[0]}.', role=each.role, schema=table[0]
                )


def explained(context: Context) -> Iterator[Finding]:
    """Every such role may be told the condition of its policies."""
    seen = context.ask(catalogue)
    for each in context.ask(groups.expected):
        if each.tables and not seen.has(each.role, EXPLAIN):
            yield faults.NO_EXPLAIN.found(
                f'"{each.role}" lacks it.',
                role=each.role,
                fix=_by(context, f'GRANT EXPLAIN RLS TO ROLE "{each.role}"'),
            )


def kept(context: Context) -> Iterator[Finding]:
    """Where people keep views and alerts, the tables are there, granted, and each sees their own rows."""
    if context.chain.personal_tables != "on":
        return
    seen = context.ask(catalogue)
    for table in PERSONAL:
        name = _dotted(table)
        if table not in seen.tables:
            yield faults.NO_PERSONAL_TABLE.found(f"There is no {name}.")
            continue
        if not seen.conjunction(table):
            yield faults.PERSONAL_OPEN.found(
                f"{name} has it off.",
                table=name,
                fix=_by(context, f"ALTER TABLE {name} ROW LEVEL SECURITY ON"),
            )
        for each in context.ask(groups.expected):
            if not each.tables or seen.has(each.role, SYSTEM):
                continue
            lacking = [right for right in _PERSONAL_RIGHTS if not seen.may(each.role, right, table)]
            if lacking or not seen.uses(each.role, table[0]):
                yield faults.PERSONAL_NOT_GRANTED.found(
                    f'"{each.role}" lacks {", ".join(lacking) or "USAGE of the schema"} on {name}.',
                    role=each.role,
                    table=name,
                )


_LINK = "The warehouse's rights"
CHECKS = (
    Check(_LINK, "the tables that the app asks are there", made),
    Check(_LINK, "every group has its role, spelt alike", named),
    Check(_LINK, "row-level security is on, and policies join by OR", protected),
    Check(_LINK, "every role that should see rows has a policy, or is meant to see all", governed),
    Check(_LINK, "every role that should see rows may read the table", granted),
    Check(_LINK, "the condition of a policy may be told to those it holds for", explained),
    Check(_LINK, "saved views and alerts are kept, and kept apart", kept),
)
