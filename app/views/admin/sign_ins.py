"""The tab of sign-ins: who is signed in, the end of theirs, and what this process remembers of others."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.audit import Event, Happened, recent
from app.views import clock, states
from app.views.admin import html
from app.views.reader import Present, Reader, SignedOut

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
    people = list(dict.fromkeys(each.person for each in present))
    now = st.container()  # drawn last: without whom the press below has just signed out
    if _end(reader, people):
        present = reader.signed_in()
    with now:
        st.html(html.table(f"Signed in now: {len(present)}", _NOW, [_present(each) for each in present]))
    states.note(
        "What this process of the app remembers: at most the last 200 of each kind. Other processes keep "
        "their own, and a process that starts anew has forgotten. The log has all of it, from all processes."
    )
    _draw("Sign-ins", "sign-in", ("Person", "When", "Way", "Sign-in"))
    _draw("Refused", "refusal", ("Code", "When", "Way", "Event"))
    _draw("Renewals refused", "renewal", ("Person", "When", "Code", "Sign-in"))
    _draw("Sign-outs", "sign-out", ("Person", "When", "Why", "Sign-in"))


def _end(reader: Reader, people: Sequence[str]) -> bool:
    """Has an administrator end all sign-ins of one person; whether that was done just now."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        person = st.selectbox(
            "End all sign-ins of",
            people,
            index=None,
            placeholder="Choose a person",
            filter_mode="contains",
            key="admin.leaver",
        )
        pressed = st.button("End sign-ins", key="admin.end", disabled=person is None)
    said = st.empty()
    states.note(
        "They are asked to sign in again, in every tab and on every device, and what they run is stopped. To "
        "keep somebody out, disable them at the identity provider first."
    )
    if not pressed or person is None:
        return False
    said.html(_ended(person, reader.end_sign_ins(person)))
    return True


def _ended(person: str, came: SignedOut) -> str:
    if not came.sign_ins:
        return states.trouble(f"{person} is not signed in any more. Nothing was changed.", role="status")
    how_many = "1 sign-in" if came.sign_ins == 1 else f"{came.sign_ins} sign-ins"
    text = f"{how_many} of {person} ended."
    if not came.unconfirmed:
        return states.trouble(text, role="status")
    return states.trouble(
        f"{text} For {came.unconfirmed} the identity provider did not confirm it: sign them out there, too.",
        "Code RL-235",
    )


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
    by = f"by {each.about['by']}" if "by" in each.about else ""
    why = html.joined(html.code(str(reason)), by) if reason else html.text("by themselves")
    return why if each.outcome == "ok" else html.joined(why, "not revoked:", html.code(each.outcome))
