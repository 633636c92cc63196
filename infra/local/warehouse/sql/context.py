"""What a statement knows of its surroundings: who runs it, where and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from sqlglot import exp

from infra.local.warehouse.sql.functions import FUNCTIONS
from infra.local.warehouse.sql.kinds import BOOLEAN, DATE, TEXT, TIMESTAMP, TIMESTAMPTZ

Memberships = Mapping[str, Callable[[str, str], bool]]  # what answers a function about who has which role
_NOBODYS: Memberships = MappingProxyType({})
WRITTEN = "written"  # of a constant that stands for the user, the clock or a membership: what was asked


@dataclass(frozen=True)
class Context:
    """The user's name, the database and the moment of a statement, and what may be asked of memberships."""

    user: str
    database: str
    now: datetime
    memberships: Memberships

    @classmethod
    def at(cls, user: str, database: str, memberships: Memberships = _NOBODYS) -> "Context":
        return cls(user, database, datetime.now(UTC).replace(tzinfo=None), memberships)


_MOMENTARY = frozenset({"getdate", "user_is_member_of", "role_is_member_of"})


@dataclass(frozen=True)
class Placed:
    """A tree that has its constants, and what they depend on."""

    tree: exp.Expr
    momentary: bool  # it means something else a moment later, or once somebody has another role
    personal: bool  # it means something else for another user


def place(tree: exp.Expr, *, context: Context) -> Placed:
    """The tree with the user, the clock and date parts as constants: DuckDB is never asked for them."""
    momentary = personal = False
    for node in list(tree.walk()):
        momentary = momentary or _is_momentary(node)
        personal = personal or isinstance(node, exp.CurrentUser | exp.SessionUser)
        constant = _constant(node, context)
        if constant is not None:
            constant.meta[WRITTEN] = _written(node)
            if node is tree:
                return Placed(constant, momentary, personal)
            node.replace(constant)
        elif isinstance(node, exp.Anonymous):
            _name_unit(node)
    return Placed(tree, momentary, personal)


def _written(node: exp.Expr) -> str:
    """What the constant stands for, as a plan prints it: a plan says the same to everybody, whenever."""
    if isinstance(node, exp.CurrentUser | exp.SessionUser):
        return '"session_user"()' if isinstance(node, exp.SessionUser) else '"current_user"()'
    if isinstance(node, exp.CurrentDate | exp.CurrentTimestamp):
        return "('now'::text)::" + ("date" if isinstance(node, exp.CurrentDate) else "timestamp")
    arguments = (_argument(value) for value in node.expressions)
    return f"{str(node.this).lower()}({', '.join(arguments)})"


def _argument(value: exp.Expr) -> str:
    if isinstance(value, exp.CurrentUser | exp.SessionUser):
        return _written(value)
    return "'" + value.name.replace("'", "''") + "'::text"


def _is_momentary(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower() in _MOMENTARY
    return isinstance(node, exp.CurrentTimestamp | exp.CurrentDate)


def _constant(node: exp.Expr, context: Context) -> exp.Expr | None:
    if isinstance(node, exp.CurrentUser | exp.SessionUser):
        return _literal(context.user, TEXT)
    if isinstance(node, exp.CurrentDate):
        return _literal(context.now.date().isoformat(), DATE)
    if isinstance(node, exp.CurrentTimestamp):
        kind = TIMESTAMP if node.args.get("sysdate") else TIMESTAMPTZ
        return _literal(context.now.isoformat(" ") + ("" if kind is TIMESTAMP else "+00"), kind)
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
        asked = context.memberships.get(name)
        if asked is not None:
            return _membership(asked, [_text(value, context) for value in node.expressions])
        return None if node.expressions else _named_constant(name, context)
    return None


def _membership(asked: Callable[[str, str], bool], names: list[str | None]) -> exp.Expr | None:
    """What was asked of two names; None, and so refused, where they are not written in the statement."""
    match names:
        case [str(member), str(role)]:
            return exp.Cast(this=exp.Boolean(this=asked(member, role)), to=BOOLEAN.copy())
        case _:
            return None


def _text(value: exp.Expr, context: Context) -> str | None:
    if isinstance(value, exp.CurrentUser | exp.SessionUser):
        return context.user
    return value.name if isinstance(value, exp.Literal) and value.is_string else None


def _named_constant(name: str, context: Context) -> exp.Expr | None:
    if name == "getdate":
        return _literal(context.now.replace(microsecond=0).isoformat(" "), TIMESTAMP)
    if name == "current_database":
        return _literal(context.database, TEXT)
    return _literal("public", TEXT) if name == "current_schema" else None


def _literal(text: str, kind: exp.DataType) -> exp.Expr:
    return exp.Cast(this=exp.Literal.string(text), to=kind.copy())


def _name_unit(node: exp.Anonymous) -> None:
    """Makes the first argument of DATEADD and its kin a word, so that it is not taken for a column."""
    function = FUNCTIONS.get(str(node.this).lower())
    if function is None or not function.unit or not node.expressions:
        return
    first = node.expressions[0]
    plain_column = isinstance(first, exp.Column) and not first.table
    if plain_column or (isinstance(first, exp.Literal) and first.is_string):
        first.replace(exp.Var(this=first.name.lower()))
