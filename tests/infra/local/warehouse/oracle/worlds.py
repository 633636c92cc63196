"""Warehouses at random."""

from hypothesis import strategies as st

from tests.infra.local.warehouse.oracle.expressions import VALUES
from tests.infra.local.warehouse.oracle.queries import Scope, view_queries
from tests.infra.local.warehouse.oracle.rules import COLUMNS, PERSONS, masking_policies, row_conditions
from tests.infra.local.warehouse.oracle.world import (
    GRANTEES,
    GROUP_ROLES,
    KINDS,
    PUBLIC,
    ROLES,
    SECURITY_ADMIN,
    USERS,
    Attachment,
    Grant,
    Grantee,
    Mask,
    MaskingPolicy,
    Membership,
    Policy,
    Relation,
    Table,
    View,
    World,
)

_MASKS = 4  # of a relation
# Those who are many more often than one alone: what is given to nobody who asks tells little.
_GRANTEES = st.sampled_from((*GRANTEES, PUBLIC, PUBLIC, *(Grantee("role", role) for role in GROUP_ROLES)))


@st.composite
def _some(draw, of, *, least: int = 1):
    """Some of the things, in their order; at least so many of them."""
    marked = [draw(st.booleans()) for _ in of]
    chosen = [thing for thing, mark in zip(of, marked, strict=True) if mark]
    return tuple(chosen if len(chosen) >= least else of[:least])


def cells(kind):
    """A value of the kind, now and then NULL."""
    return st.sampled_from((*VALUES[kind], None))


_SCHEMAS = st.sampled_from(("public", "shop"))
_FEW = st.sampled_from((2, 3, 4, 0))  # policies attached
_LEAST = st.sampled_from((5, 7, 3, 0))  # rows


@st.composite
def _tables(draw):
    found = []
    for number in range(draw(st.sampled_from((2, 3, 1)))):
        columns = ("id", *draw(_some(COLUMNS, least=2)))
        rows = draw(
            st.lists(
                st.tuples(*(cells(KINDS[name]) for name in columns[1:])), min_size=draw(_LEAST), max_size=8
            )
        )
        numbered = tuple((position, *row) for position, row in enumerate(rows))
        found.append(Table(draw(_SCHEMAS), f"t{number}", columns, numbered))
    return tuple(found)


@st.composite
def _lookups(draw):
    rows = st.tuples(st.sampled_from((*PERSONS, None)), cells("int"), cells("text"))
    return tuple(
        Table(draw(_SCHEMAS), f"l{number}", ("person", "v", "t"), tuple(draw(content)))
        for number, content in enumerate([st.lists(rows, min_size=3, max_size=8)] * 2)
    )


_NAMES = {"int": ("n", "m", "id"), "decimal": ("d",), "text": ("s", "r"), "boolean": ("b",), "date": ("w",)}


def _named(kinds: tuple[str, ...]) -> tuple[str, ...] | None:
    """Names for columns of these kinds, if there are enough of them."""
    names = []
    for position, kind in enumerate(kinds):
        taken = kinds[:position].count(kind)
        if taken == len(_NAMES[kind]):
            return None
        names.append(_NAMES[kind][taken])
    return tuple(names)


@st.composite
def _views(draw, tables, bare):
    """Views, each over what was there before; a materialized one over `bare` tables alone."""
    found: list[View] = []
    for number in range(draw(st.sampled_from((1, 2, 3, 0)))):
        materialized = bool(bare) and draw(st.integers(0, 2)) == 2
        named = bare if materialized else (*tables, *found)
        scope = Scope({relation: relation.columns for relation in named}, frozenset(r.key for r in named))
        query, kinds = draw(view_queries(scope))
        names = _named(kinds)
        if names is not None:
            sources = frozenset(key for key, _ in query.reads)
            schema = draw(_SCHEMAS)
            found.append(View(schema, f"v{number}", names, query.sql, sources, materialized))
    return tuple(found)


@st.composite
def _members(draw):
    """Who has which role; a role has only roles before it, so that none has itself."""
    found = [
        Membership(member, role) for member in USERS for role in draw(_some(("reader", "auditor"), least=0))
    ]
    found += [
        Membership(Grantee("role", role), draw(st.sampled_from(ROLES[:position])))
        for position, role in enumerate(ROLES)
        if position and draw(st.integers(0, 2)) == 2
    ]
    if draw(st.integers(0, 9)) == 9:
        found.append(Membership(draw(st.sampled_from(GRANTEES[:-1])), SECURITY_ADMIN))
    return tuple(found)


@st.composite
def _grants(draw, relations: tuple[Relation, ...], writable: tuple[str, ...]):
    """Grants, and revokes of some of them: one form of a privilege for each relation and grantee."""
    given: list[Grant] = []
    taken: list[Grant] = []
    for relation in relations:
        for grantee in draw(st.lists(_GRANTEES, min_size=1, max_size=3, unique=True)):
            privileges = ("SELECT",)
            if relation.key in writable and draw(st.integers(0, 2)) < 2:
                privileges = ("SELECT", "UPDATE", "DELETE", "INSERT")
            for privilege in privileges:
                columned = privilege in ("SELECT", "UPDATE") and draw(st.integers(0, 2)) == 2
                columns = draw(_some(relation.columns)) if columned else None
                given.append(Grant(privilege, relation.key, columns, grantee))
                if draw(st.integers(0, 5)) == 5:
                    taken.append(_revoke(draw, given[-1]))
    return tuple(given), tuple(taken)


def _revoke(draw, grant: Grant) -> Grant:
    if grant.columns is None or draw(st.booleans()):
        return grant._replace(columns=None)
    return grant._replace(columns=draw(_some(grant.columns)))


@st.composite
def _policies(draw, tables, lookups):
    """One or two policies made for each table; they fit others with the same columns, too."""
    made = [
        draw(row_conditions(table.columns[1:], lookups))
        for table in tables
        for _ in range(draw(st.integers(1, 2)))
    ]
    return tuple(Policy(f"p{number}", condition) for number, condition in enumerate(made))


@st.composite
def _attachments(draw, relations, policies):
    found, secured = [], {}
    for relation in relations:
        words = (
            ("AND", "AND", "OR", "OR", None) if isinstance(relation, Table) else ("AND", "OR", *(None,) * 4)
        )
        word = draw(st.sampled_from(words))
        if word is not None:
            secured[relation.key] = word
        fitting = [policy for policy in policies if policy.condition.columns() <= set(relation.columns)]
        if not fitting or (word is None and not isinstance(relation, Table)):
            continue
        pairs = st.tuples(st.sampled_from(fitting), _GRANTEES)
        for policy, grantee in draw(st.lists(pairs, min_size=draw(_FEW), max_size=5, unique=True)):
            found.append(Attachment(policy.name, relation.key, grantee))
    return tuple(found), secured


@st.composite
def _masking(draw, lookups):
    """Masking policies, two for a kind: so a column has several masks."""
    kinds = [draw(st.sampled_from(tuple(VALUES))) for _ in range(2)] * 2
    return tuple(draw(masking_policies(f"m{number}", kind, lookups)) for number, kind in enumerate(kinds))


def _mask(draw, relation: Relation, policy: MaskingPolicy, present: list[Mask]) -> Mask | None:
    """The policy attached to columns of its kinds; None where that cannot be.

    Of a relation no two masks have one priority, and of a column no two have one grantee.
    """
    of_kind = [[name for name in relation.columns if KINDS[name] == kind] for _, kind in policy.inputs]
    if not all(of_kind):
        return None
    again = {column for mask in present for column in mask.outputs}
    inputs = tuple(
        draw(st.sampled_from([c for c in columns if c in again] * 2 + columns)) for columns in of_kind
    )
    outputs, grantee = inputs[: len(policy.values)], draw(_GRANTEES)
    masked = {column for mask in present if mask.grantee == grantee for column in mask.outputs}
    if len(set(inputs)) < len(inputs) or masked & set(outputs):
        return None
    taken = {mask.priority for mask in present}
    priority = draw(st.sampled_from([number for number in (0, 5, 10, 20) if number not in taken]))
    return Mask(policy.name, relation.key, outputs, inputs, grantee, priority)


@st.composite
def _masks(draw, relations, policies):
    """Masks on about every other relation."""
    found: list[Mask] = []
    for relation in relations:
        present: list[Mask] = []
        some = st.lists(st.sampled_from(policies), min_size=1, max_size=_MASKS)
        for policy in draw(some) if policies and draw(st.integers(0, 3)) < 3 else ():
            mask = _mask(draw, relation, policy, present)
            present += [mask] if mask else []
        found += present
    return tuple(found)


@st.composite
def worlds(draw, *, common: bool = False) -> World:
    """A warehouse with everything in it; or with what Redshift and PostgreSQL have in common.

    PostgreSQL has no masks, no row security on views, and its materialized views have nobody's policies.
    """
    tables, lookups = draw(_tables()), draw(_lookups())
    bare = tuple(table for table in tables if draw(st.integers(0, 4)) == 4)
    views = draw(_views((*tables, *lookups), () if common else (*bare, *lookups)))
    policies = draw(_policies(tables, lookups))
    masking = () if common else draw(_masking(lookups))
    grants, revokes = draw(_grants((*tables, *lookups, *views), tuple(table.key for table in tables)))
    guarded = (*(table for table in tables if table not in bare), *(() if common else views))
    attachments, secured = draw(_attachments(guarded, policies))
    found = draw(_masks(guarded, masking))
    used = {*(attachment.policy for attachment in attachments), *(mask.policy for mask in found)}
    return World(
        tables=tables,
        lookups=lookups,
        views=views,
        members=draw(_members()),
        usages=tuple(draw(st.lists(_GRANTEES, min_size=1, max_size=3, unique=True))),
        grants=grants,
        revokes=revokes,
        ignoring=draw(st.sampled_from(((), (), (), ("auditor",), ("AWSIDC:west",)))),
        policies=tuple(policy for policy in policies if policy.name in used),
        attachments=attachments,
        secured=secured,
        masking=tuple(policy for policy in masking if policy.name in used),
        masks=found,
    )
