"""The sign-in page: the product's name, a sentence, a button; and what a session's end shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import streamlit as st
from streamlit import runtime
from streamlit.components.v1.custom_component import CustomComponent
from streamlit.file_util import get_static_dir

from app.addresses import is_loopback
from app.auth.oidc import Provider
from app.errors import AppError, SignInRefused

POPUP_HEIGHT, POPUP_WIDTH = 720, 560
# Streamlit's, for what stands beside its pages.
[FONT] = (Path(get_static_dir()) / "static" / "media").glob("SourceSansVF-Upright*.woff2")
_SCRIPT = '<script src="/auth/{}.js"></script>'
_STYLE = f"<style>{(Path(__file__).parent / 'parts.css').read_text()}</style>"
_BLOCKED = (
    '<span id="rl-blocked" class="rl-blocked" role="alert" hidden>'
    "Your browser blocked the sign-in window.</span>"
)
_SIGN_OUT = '<form method="post" action="/auth/sign-out" target="_self">{}</form>'
_PERSON = (
    '<div style="line-height:1.4;margin-bottom:1rem"><strong>{}</strong>'
    '<div style="font-size:0.875rem;opacity:0.72;overflow-wrap:anywhere">{}<br>{}</div></div>'
)
# Who signed out leaves an empty sidebar behind. The rest is the measures of the static page.
_FRAME = """<style>
[data-testid=stSidebar], [data-testid=stExpandSidebarButton] { display: none; }
[data-testid=stMain]:focus-visible { outline: 2px solid; outline-offset: -2px; }
.st-key-sign-in h1 { padding: 0; }
.st-key-sign-in [data-testid=stMarkdown] p { text-wrap: balance; }
.st-key-sign-in iframe { display: block; }
</style>"""


@contextmanager
def frame(notice: AppError | str | None = None) -> Iterator[None]:
    """The page's middle under the product's name, with what there is to say, and nothing beside it."""
    st.html(_FRAME)
    _, middle, _ = st.columns([1, 3, 1])
    with middle, st.container(key="sign-in", horizontal_alignment="center", gap="medium"):
        st.title("Rowlight", anchor=False, text_alignment="center")
        st.markdown("Sign in once, and see exactly the rows you are entitled to.", text_alignment="center")
        if notice is not None:
            tell(notice)
        yield


def tell(notice: AppError | str, *, reference: str = "") -> None:
    """Says, where the sign-in is offered, what there is to say."""
    _html(_STYLE + told(notice, reference=reference))


def told(notice: AppError | str, *, reference: str = "") -> str:
    """What there is to say, as HTML: of an error the reason, the remedy, and in small its code."""
    if isinstance(notice, str):
        return f'<p class="rl-said" role="status">{escape(notice)}</p>'
    code = f"Code {notice.code}" + (f" · Reference {reference}" if reference else "")
    return (
        f'<div class="rl-notice" role="alert"><p><strong>{escape(notice.message)}</strong></p>'
        f"<p>{escape(notice.remedy)}</p><small>{escape(code)}</small></div>"
    )


def button(url: str, *, provider: Provider, return_to: str) -> Any:
    """The pop-up's button, and the way without a pop-up; returns what the pop-up brought.

    streamlit-oauth draws the button and watches the pop-up. Its own Python half is left aside, because it
    takes a token from the browser as readily as a code.
    """
    answer = _pop_up(url, f"Sign in with {account(provider)}")
    _quiet(
        f'{_BLOCKED}<a href="{_login(return_to)}" target="_self">Sign in on this page instead</a>'
        + _SCRIPT.format("pop_up")
    )
    return answer


def second_button(url: str) -> Any:
    """The pop-up's button for a second person; the whole page could not lead back to the first."""
    answer = _pop_up(url, "Sign in a second person")
    _quiet(_BLOCKED + _SCRIPT.format("pop_up"))
    return answer


def ready() -> None:
    """Has this process serve the pop-up's button, to which the provider's answer leads, from its start on.

    The package does so where a script first imports it, and that may have been in another process.
    """
    package = find_spec("streamlit_oauth")
    assert package is not None  # noqa: S101 - of the lock
    button = CustomComponent(
        "streamlit_oauth.authorize_button",
        str(Path(str(package.origin)).parent / "frontend" / "dist"),
        module_name="streamlit_oauth",
    )
    runtime.get_instance().component_registry.register_component(button)


def _pop_up(url: str, name: str) -> Any:
    from streamlit_oauth import _authorize_button  # noqa: PLC0415

    return _authorize_button(
        authorization_url=url,
        name=name,
        popup_height=POPUP_HEIGHT,
        popup_width=POPUP_WIDTH,
        icon=None,
        use_container_width=True,
        auto_click=False,
    )


def link(label: str, *, return_to: str) -> None:
    """The full-page way, as a button."""
    target = f'href="{_login(return_to)}" target="_self"'
    _html(f'{_STYLE}<a class="rl-button rl-primary" {target}>{escape(label)}</a>')


def hand_over(ticket: str, *, return_to: str) -> None:
    """Has the browser change its ticket for a cookie; the page then loads anew, signed in."""
    _html(
        f"{_STYLE}"
        '<form id="rl-hand-over" method="post" action="/auth/session" target="_self">'
        f'<input type="hidden" name="ticket" value="{escape(ticket)}">'
        f'<input type="hidden" name="return_to" value="{escape(return_to)}">'
        '<p class="rl-quiet" role="status">Signing you in…</p>'
        # The script goes on by itself; the button is for when it did not come.
        '<button class="rl-button rl-late">Continue</button></form>' + _SCRIPT.format("hand_over")
    )


def signed_in(name: str, email: str, groups: str) -> None:
    """Who is signed in, the way out, and what notices that a session ended.

    One part of the page for all three, because each costs something whenever the page is drawn.
    """
    person = _PERSON.format(*map(escape, (name, email, groups)))
    way_out = _SIGN_OUT.format('<button class="rl-button">Sign out</button>')
    _html(_STYLE + person + way_out + _SCRIPT.format("page"))


def sign_out(label: str) -> None:
    """Another button that signs out: a form, because only a POST from this site may do that."""
    _html(_STYLE + _SIGN_OUT.format(f'<button class="rl-button rl-fit">{escape(label)}</button>'))


def ending(when: str, *, return_to: str) -> None:
    """Says when the person has to sign in again, while there is time to."""
    again = f'<a href="{_login(return_to)}" target="_self">Sign in again</a>'
    _html(
        f'{_STYLE}<div class="rl-ending" role="status">'
        f"Your sign-in ends at {escape(when)}. {again} to go on without a break.</div>"
    )


def watch() -> None:
    """Has the browser reload a page whose session ended while it could not be told, such as in sleep."""
    _html(_SCRIPT.format("page"))


def farewell(said: str) -> AppError | str | None:
    """The last word to somebody who has just signed out, by what their browser was given."""
    if said == "signed-out":
        return "You are signed out."
    if said == "RL-235":
        return unconfirmed()
    return None


def unconfirmed() -> SignInRefused:
    """A sign-out that the provider did not confirm."""
    return SignInRefused(
        "You are signed out here, but the identity provider did not confirm it.",
        "Sign out at the identity provider too, so that nothing stays open there.",
        code="RL-235",
    )


def cookieless() -> SignInRefused:
    """A browser that keeps no cookies, in which no sign-in could be finished."""
    return SignInRefused(
        "Rowlight needs one cookie to sign you in, and your browser did not keep it.",
        "Allow cookies for this site in your browser's settings, then reload this page. The cookie ties the "
        "sign-in to this browser and says nothing about you.",
        code="RL-238",
    )


def account(provider: Provider) -> str:
    """The provider in a person's words: its host, where that says something to them."""
    return "your company account" if is_loopback(provider.issuer) else provider.host


def _login(return_to: str) -> str:
    return escape("/auth/login?return_to=" + quote(return_to, safe="/"))


def _quiet(html: str) -> None:
    # Not st.caption: its links are too faint to read.
    _html(f'{_STYLE}<p class="rl-quiet">{html}</p>')


def _html(html: str) -> None:
    # Everything in it is ours; what is not has been escaped. Scripts come from files: the page's policy
    # lets nothing run that stands in the page.
    st.html(html, unsafe_allow_javascript=True)
