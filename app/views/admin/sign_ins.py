"""The tab of sign-ins: who is signed in now, and what this process remembers of those who came and went."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.audit import Event, Happened, recent
from app.views import clock, states
from app.views.admin import html
from app.views.reader import Present, Reader

_WAYS: Mapping[str, str] = {
    "popup": "by the pop-up",
    "redirect": "by the whole page",
    "beside": "beside another person",
    "sign-out": "to sign out",
}
_NOW = ("Person", "Groups", "Since", "Last at work", "Until", "Sign-in")


def draw(reader: Reader) -> None:
    """Draws the tab; the warehouse is asked nothing."""
    present = reader.signed_in()
    rows = [_present(each) for each in present]
    st.html(html.table(f"Signed in now: {len(rows)}", _NOW, rows))
    states.note(
        "What this process of the app remembers: at most the last 200 of each kind. Other processes keep "
        "their own, and a process that starts anew has forgotten. The log has all of it, from all processes."
    )
    _draw("Sign-ins", "sign-in", ("Person", "When", "Way", "Sign-in"))
    _draw("Refused", "refusal", ("Code", "When", "Way", "Event"))
    _draw("Renewals refused", "renewal", ("Person", "When", "Code", "Sign-in"))
    _draw("Sign-outs", "sign-out", ("Person", "When", "Why", "Sign-in"))


def _present(each: Present) -> Sequence[str]:
    zone = clock.zone()
    moments = (html.when(moment, zone) for moment in (each.started_at, each.used_at, each.ends_at))
    return [each.person, ", ".join(each.groups) or "none", *moments, html.code(each.reference)]


def _draw(caption: str, event: Event, heads: Sequence[str]) -> None:
    happened = recent(event)
    if not happened:
        states.note(f"{caption}: none.")
        return
    st.html(html.table(caption, heads, [_row(each) for each in happened]))


def _row(each: Happened) -> Sequence[str]:
    at = html.when(each.at, clock.zone())
    match each.event:
        case "sign-in":
            return [each.person, at, _way(each), html.code(each.session)]
        case "refusal":
            return [html.code(each.outcome), at, _way(each), html.code(each.id)]
        case "renewal":
            return [each.person, at, html.code(each.outcome), html.code(each.session)]
    return [each.person, at, _why(each), html.code(each.session)]


def _way(each: Happened) -> str:
    way = str(each.about.get("way", ""))
    return _WAYS.get(way, way)


def _why(each: Happened) -> html.Html | str:
    """By themselves, or the code for which it ended; and what the provider did not take back."""
    reason = each.about.get("reason")
    why = html.code(str(reason)) if reason else html.text("by themselves")
    return why if each.outcome == "ok" else html.joined(why, "not revoked:", html.code(each.outcome))
