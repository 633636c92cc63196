"""Where a person's chain holds, where it ends, and why they see what they see. No Streamlit in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.chain import Chain
from app.errors import AccessError, AppError, QueryDenied, RoleRefused
from app.policies.words import together_in_words
from app.views import formats
from app.views.formats import Marks
from app.views.how.asked import Counted, Plan, Rights, Who
from app.views.how.learned import Known, Proven

State = Literal["holds", "ends", "unknown"]

_SHORT = 14  # characters of an id in the picture
_REMEDY = (
    "What would change it: whoever looks after access adds you, at the identity provider, to a group whose "
    "role holds SELECT on this table. "
)
_HEARD = "It counts as soon as IAM Identity Center has heard of it: then press Refresh."
_RENEWED = "It counts once you sign in again, or when this sign-in is renewed."
_NO_ROLE = "Only roles hold SELECT here, and without SELECT no row is shown, whatever the policies say."


@dataclass(frozen=True)
class Link:
    """A link of the chain: its name, what stands for it here, and whether it holds."""

    name: str
    value: str
    state: State


@dataclass(frozen=True)
class Verdict:
    """What the person sees of a table, why, and what would change it."""

    headline: str
    reasons: tuple[str, ...]
    remedy: str = ""


# Where the chain holds.


def links(known: Known, marks: Marks) -> tuple[Link, ...]:
    """From the ID token to the rows of the page's first table; after one that ends, none is reached."""
    chain, who = known.chain, known.who
    found = [
        Link("ID token", chain.signed_in.email, "holds"),
        *_of_center(known),
        Link("Role session", _role(chain), _in_session(known)),
        Link("Redshift", who.user, "holds") if isinstance(who, Who) else Link("Redshift", "", _asked(who)),
    ]
    if known.tables:
        found += _of_table(known, known.tables[0], marks)
    shown: list[Link] = []
    for link in found:
        reached = not shown or shown[-1].state == "holds"
        shown.append(link if reached else Link(link.name, "", "unknown"))
    return tuple(shown)


def _short(name: str) -> str:
    return name if len(name) <= _SHORT else f"{name[:8]}…{name[-4:]}"


def _role(chain: Chain) -> str:
    return chain.session.role_arn.rpartition("/")[2] if chain.session else ""


def _of_center(known: Known) -> tuple[Link, ...]:
    """IAM Identity Center's link, where it is in the chain."""
    chain = known.chain
    if chain.tagged:
        return ()
    return (Link("IAM Identity Center", _short(chain.user.user_id) if chain.user else "", _at_center(known)),)


def _at_center(known: Known) -> State:
    if known.chain.user is not None:
        return "holds"
    return "ends" if isinstance(known.who, AccessError) else "unknown"


def _in_session(known: Known) -> State:
    if isinstance(known.who, AccessError):
        reached = known.chain.tagged or known.chain.user is not None or isinstance(known.who, RoleRefused)
        return "ends" if reached else "unknown"
    return "holds" if known.chain.session is not None else "unknown"


def _asked(error: AppError) -> State:
    return "ends" if isinstance(error, QueryDenied) else "unknown"


def _of_table(known: Known, proven: Proven, marks: Marks) -> tuple[Link, Link]:
    counted, select, rows = proven.counted, f"on {proven.table}", "Rows"
    if not isinstance(counted, Counted):
        denied = isinstance(counted, QueryDenied)
        said = f"{select}: not granted to you" if denied else select
        return Link("SELECT", said, "ends" if denied else "unknown"), Link(rows, "", "unknown")
    held = known.rights.select(proven.table) if isinstance(known.rights, Rights) else ()
    state: State = "holds" if counted.rows else "ends"
    by = f" by {held[0]}" if held else ""
    return Link("SELECT", f"{select}{by}", "holds"), Link(rows, _seen(counted, marks), state)


def _seen(counted: Counted, marks: Marks) -> str:
    return f"{formats.count(counted.rows, marks)} row{'' if counted.rows == 1 else 's'}"


# Why.


def verdict(known: Known, proven: Proven, marks: Marks) -> Verdict:
    """What the person sees of a table, and why."""
    counted, table = proven.counted, proven.table
    if isinstance(counted, QueryDenied):
        why = "Every link up to Redshift holds: it knows you by name, and it answers you."
        remedy = _REMEDY + (_RENEWED if known.chain.tagged else _HEARD)
        return Verdict(f"You see no rows of {table}.", (why, why_no_select(known, table)), remedy)
    if isinstance(counted, AppError):
        return Verdict(f"What you see of {table} could not be counted.", (counted.message,))
    seen = _seen(counted, marks) if counted.rows else "no rows"
    security = f"Row-level security is {secured(known, proven)}"
    return Verdict(f"You see {seen} of {table}.", (f"SELECT is {held(known, table)}", security))


def why_no_select(known: Known, table: str) -> str:
    """The first link that is missing."""
    who, rights = known.who, known.rights
    if not isinstance(who, Who) or not isinstance(rights, Rights):
        return f"Redshift refuses you SELECT on {table}."
    if not who.roles:
        return f"{_without_role(known.chain)} {_NO_ROLE}"
    names = [role.name for role in who.roles]
    have = f"Your role is {names[0]}." if len(names) == 1 else f"Your roles are {_and(names)}."
    if rights.select(table) and not rights.usage(table):
        schema = table.rpartition(".")[0]
        return f"{have} SELECT on the table is held, but not USAGE on its schema {schema}."
    if columns := rights.columns(table):
        listed = "; ".join(f"{_and(some)} by {holder}" for holder, some in columns.items())
        return f"{have} SELECT is held on some columns alone: {listed}."
    others = rights.others(table)
    elsewhere = f" {_and(others)} {'holds' if len(others) == 1 else 'hold'} it." if others else ""
    return f"{have} {'It does' if len(names) == 1 else 'They do'} not hold SELECT on {table}.{elsewhere}"


def _without_role(chain: Chain) -> str:
    """Why Redshift gives the person no role at all."""
    groups, roles = chain.signed_in.groups, chain.signed_in.database_roles
    if chain.tagged and roles:
        return f"Redshift has no role of the name {_and(roles)}."
    if chain.tagged:
        return "Your ID token's tags name no role, so Redshift gives you none."
    if not groups:
        return "You are in no group, so Redshift gives you no role."
    return (
        f"Redshift has no role for {_and(groups)}, or IAM Identity Center has not heard that you are in it."
    )


def held(known: Known, table: str) -> str:
    """Through whom the person holds SELECT on it."""
    if not isinstance(known.rights, Rights):
        return "held; through whom could not be learned."
    if holders := known.rights.select(table):
        return f"held by {_and(holders)}."
    if columns := known.rights.columns(table):
        return f"held, on some columns alone, by {_and(list(columns))}."
    return "held in a way that Redshift's views do not tell you."


def secured(known: Known, proven: Proven) -> str:
    """What row-level security does for this person: lifted, off, or on, with what it lets through."""
    plan, rights = proven.plan, known.rights
    if isinstance(plan, Plan) and plan.secured:
        return f"on. {_let_through(plan, rights)}"
    if isinstance(rights, Rights) and (lifted := rights.system("IGNORE RLS")):
        return f"lifted for {_and(lifted)} by IGNORE RLS: every row comes through."
    if isinstance(plan, Plan):
        return "off on this table: SELECT alone decides, and every row comes through."
    return "perhaps on: how Redshift reads the table for you could not be learned."


def _let_through(plan: Plan, rights: Rights | AppError) -> str:
    """Which rows the policies let through, as far as Redshift tells the person."""
    if plan.closed:
        return "No policy for you or for a role of yours lets rows through, and without one no row is shown."
    if not plan.conditions:
        explains = isinstance(rights, Rights) and rights.system("EXPLAIN RLS")
        why = "" if explains else ": none of your roles has EXPLAIN RLS"
        return f"On which condition, Redshift does not tell you{why}."
    if not plan.simple:
        return "What holds for you looks at other tables as well: the plan has it in Redshift's words."
    return f"What holds for you lets through {together_in_words(plan.conditions, 'AND')}."


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
