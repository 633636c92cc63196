"""The tab of policies: in words and as SQL, where each is attached and to whom, who changed it and when."""

from collections.abc import Iterable, Sequence

import streamlit as st

from app.policies.words import in_words, masked_in_words
from app.views import clock, states
from app.views.admin import catalogue as catalogues
from app.views.admin import html
from app.views.admin.asking import ask
from app.views.admin.catalogue import Catalogue, Grantee, Policy
from app.views.admin.html import Html
from app.views.reader import Reader
from app.views.waiting import Places

_HEADS = ("Policy", "Lets through", "Attached", "Changed")
_MASKING = ("Policy", "Shows instead", "Attached", "Changed")


def draw(reader: Reader, places: Places, *, fresh: bool) -> None:
    """Draws the tab."""
    table = ask(reader, catalogues.CATALOGUE, places, fresh=fresh)
    found = catalogues.read(table.columns)
    if table.truncated:
        st.html(states.trouble("The catalogue has more entries than MAX_ROWS: this is a part of it."))
    if found.policies:
        st.html(html.table("Row-level security policies", _HEADS, _policies(found)))
    else:
        states.note("There is no row-level security policy.")
    if found.masking:
        st.html(html.table("Masking policies", _MASKING, _masking(found)))
    else:
        states.note("There is no masking policy.")


def _policies(found: Catalogue) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for name, policy in sorted(found.policies.items()):
        by_relation: dict[str, list[Html]] = {}
        for each in found.attached:
            if each.policy == name:
                off = "" if each.holds else " (off)"
                by = html.quiet(f"by {each.by}{off}") if each.by else html.quiet(off)
                by_relation.setdefault(_table(each.relation, found), []).append(
                    html.joined(_grantee(each.grantee), by)
                )
        what = html.joined(in_words(policy.condition) + ".", html.details("SQL", html.sql(policy.condition)))
        state = "" if policy.enabled else html.quiet("off")
        rows.append([html.joined(html.code(name), state), what, _attached(by_relation), _changed(policy)])
    return rows


def _table(relation: catalogues.Relation, found: Catalogue) -> str:
    joined = found.secured.get(relation)
    return f"{relation} (joined by {joined.upper()})" if joined else f"{relation} (row-level security is off)"


def _masking(found: Catalogue) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for name, policy in sorted(found.masking.items()):
        by_relation: dict[str, list[Html]] = {}
        for mask in found.masks:
            if mask.policy == name:
                columns = f"{mask.relation}: {', '.join(mask.columns)}"
                priority = html.quiet(f"priority {mask.priority}")
                by_relation.setdefault(columns, []).append(html.joined(_grantee(mask.grantee), priority))
        words = f"{masked_in_words(policy.condition)}."
        what = html.joined(words, html.details("SQL", html.sql(policy.condition)))
        rows.append([html.code(name), what, _attached(by_relation), _changed(policy)])
    return rows


def _attached(by_relation: dict[str, list[Html]]) -> Html | str:
    if not by_relation:
        return "Nowhere"
    return html.lines(_indented(name, who) for name, who in by_relation.items())


def _indented(name: str, who: Iterable[Html]) -> Html:
    return Html(f"{html.text(name)}<ul>{''.join(f'<li>{each}</li>' for each in who)}</ul>")


def _grantee(grantee: Grantee) -> Html:
    if grantee.kind == "public":
        return html.text("PUBLIC")
    return html.joined(html.quiet(grantee.kind), html.code(grantee.name))


def _changed(policy: Policy) -> Html:
    at = html.when(policy.changed_at, clock.zone())
    return html.lines([at, html.joined("by", html.code(policy.changed_by))] if policy.changed_by else [at])
