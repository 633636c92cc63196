"""The tab of who sees what: a table, its policies in words for each person and role, and their rows."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.policies.words import in_words
from app.redshift.table import Table
from app.views import formats, states
from app.views.admin import catalogue as catalogues
from app.views.admin import counting, html, seen
from app.views.admin.asking import NoAnswer, ask
from app.views.admin.catalogue import Catalogue, Grantee, Relation
from app.views.admin.counting import CannotCount, Counts
from app.views.admin.html import Html
from app.views.admin.seen import Sees, Somebody
from app.views.formats import Marks
from app.views.reader import Reader
from app.views.waiting import Places

_EVERYBODY = "Everybody"
_HEADS = ("Who", "Reads", "Row-level security", "Masked", "Rows")
_KINDS: Mapping[str, str] = {"role": "role", "user": "person", "group": "group", "public": ""}


def draw(reader: Reader, places: Places, *, fresh: bool) -> None:
    """Draws the tab."""
    table = ask(reader, catalogues.CATALOGUE, places, fresh=fresh)
    found = catalogues.read(table.columns)
    if table.truncated:
        st.html(states.trouble("The catalogue has more entries than MAX_ROWS: this is a part of it."))
    if not found.relations:
        states.note("Nobody was granted anything.")
        return
    groups = {each.person: each.groups for each in reader.signed_in()}
    relation, people = _choose(found, seen.everybody(found, groups))
    shown = [seen.sees(found, who, relation) for who in people]
    states.note(_said(found, relation))
    counts = _count(reader, found, relation, shown, places, fresh=fresh, whole=not table.truncated)
    marks = formats.marks(st.context.locale, reader.currency)
    caption = f"Who sees what of {relation}"
    rows = [_row(each, found, counts, marks) for each in shown]
    st.html(html.table(caption, _HEADS, rows, figures=["Rows"]))
    _notes(counts, shown)


def _choose(found: Catalogue, people: Sequence[Somebody]) -> tuple[Relation, Sequence[Somebody]]:
    """The table and whom to show; a person alone can be looked at with other roles."""
    names = {_name(who): who for who in people}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tables = {str(relation): relation for relation in found.relations}
        table = st.selectbox("Table", list(tables), key="admin.table", filter_mode="contains")
        name = st.selectbox("Person or role", [_EVERYBODY, *names], key="admin.who", filter_mode="contains")
        relation = tables.get(table or "", found.relations[0])
        who = names.get(name or "")
        if who is None:
            return relation, people
        if who.grantee.kind != "user":
            return relation, [who]
        offered = [role for role in found.roles if not role.startswith(catalogues.SYSTEM_ROLES)]
        picked = st.multiselect(
            "With the roles", offered, default=who.roles, key=f"admin.roles.{who.grantee.name}"
        )
    roles = tuple(role for role in offered if role in picked)
    return relation, [Somebody(who.grantee, roles, known=who.known or bool(roles))]


def _name(who: Somebody) -> str:
    kind = _KINDS[who.grantee.kind]
    return f"{who.grantee.name} ({kind})" if kind else "PUBLIC"


def _said(found: Catalogue, relation: Relation) -> str:
    """Whether policies bound the table, and how they are joined."""
    if relation not in found.secured:
        return f"Row-level security is off on {relation}: whoever has SELECT sees every row."
    how = found.secured[relation].upper()
    means = "the rows of any" if how == "OR" else "the rows of all at once"
    return (
        f"Row-level security is on: who has no policy sees no row. CONJUNCTION TYPE {how}: several policies "
        f"for one person let through {means}."
    )


def _count(
    reader: Reader,
    found: Catalogue,
    relation: Relation,
    shown: Sequence[Sees],
    places: Places,
    *,
    fresh: bool,
    whole: bool,
) -> Counts | str:
    """The counts, or why there are none."""
    if not whole:
        return "A part of the catalogue is no ground for a count."
    try:
        asked = counting.counting(found, relation, shown)
        answer: Table = ask(reader, asked.query, places, fresh=fresh)
    except CannotCount as error:
        return str(error)
    except NoAnswer:
        return "The warehouse did not count them."
    return asked.read(answer.columns)


def _row(each: Sees, found: Catalogue, counts: Counts | str, marks: Marks) -> list[str]:
    return [_who(each), _reads(each), _security(each, found), _masks(each), _rows(each, counts, marks)]


def _who(each: Sees) -> Html:
    who = each.who
    kind = _KINDS[who.grantee.kind]
    roles = [html.quiet(html.joined("has", html.code(role))) for role in who.roles]
    unknown = [] if who.known else [html.quiet("not signed in here: groups not known")]
    return html.lines([html.joined(html.code(who.grantee.name), html.quiet(kind)), *roles, *unknown])


def _reads(each: Sees) -> Html | str:
    if each.superuser:
        return "Everything: a superuser"
    if not each.selects and not each.columns:
        return "No SELECT"
    if not each.usage:
        return f"No USAGE on the schema {each.relation.schema}"
    if each.selects:
        return html.joined("All columns", html.quiet(_by(each.selects, each.who.grantee)))
    return f"Columns {', '.join(each.columns)}"


def _by(holders: Sequence[Grantee], who: Grantee) -> str:
    """Through whom somebody has it, unless they have it themselves."""
    if who in holders:
        return ""
    return "through " + ", ".join("PUBLIC" if each.kind == "public" else each.name for each in holders)


def _security(each: Sees, found: Catalogue) -> Html | str:
    if each.security == "off":
        return "Off"
    if each.superuser:
        return "Lifted: a superuser"
    if each.security == "lifted":
        return html.joined("Lifted: IGNORE RLS", html.quiet(_by(each.lifted_by, each.who.grantee)))
    if each.security == "none":
        return "No policy: no row"
    joined = html.text(f" {each.conjunction.upper()} ")
    return Html(joined.join(_policy(name, each, found) for name in sorted(each.names)))


def _policy(name: str, each: Sees, found: Catalogue) -> Html:
    policy = found.policies.get(name)
    off = any(not attached.holds for attached in each.policies if attached.policy == name)
    if policy is None:
        return html.joined(html.code(name), html.quiet("not shown to you"))
    state = html.quiet("off") if off or not policy.enabled else ""
    return html.joined(html.code(name), state, html.quiet(in_words(policy.condition)))


def _masks(each: Sees) -> Html | str:
    if not each.masks:
        return "Nothing"
    return html.lines(
        html.joined(", ".join(mask.columns), html.quiet(f"by {mask.policy}")) for mask in each.masks
    )


def _rows(each: Sees, counts: Counts | str, marks: Marks) -> Html | str:
    if not each.reads:
        return html.quiet("refused")
    if each.security == "none":
        return formats.count(0, marks)
    if isinstance(counts, str):
        return html.quiet("not counted")
    try:
        return formats.count(counts.of(each), marks)
    except CannotCount:
        return html.quiet("not counted")


def _notes(counts: Counts | str, shown: Sequence[Sees]) -> None:
    """Why something was not counted, and what these figures are."""
    if isinstance(counts, str):
        st.html(states.trouble(f"Rows are not counted. {counts}", role="status"))
        return
    wanted = {each.names for each in shown if each.reads}
    for why in dict.fromkeys(why for names, why in counts.missing.items() if names in wanted):
        st.html(states.trouble(why, role="status"))
    states.note(
        "Counted in one statement by the policies' own conditions, as you; no row left the warehouse. "
        "Whoever owns a table reads it without a grant, and is not listed for that."
    )
