"""The sign-in page: the product's name, a sentence, a button."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from app.auth.oidc import Provider
from app.errors import AppError
from app.settings import is_loopback

POPUP_HEIGHT, POPUP_WIDTH = 720, 560


def show(url: str, *, provider: Provider, app_url: str, notice: AppError | None, signed_out: bool) -> Any:
    """Draws the page; returns what the browser says came back from `url`, once something did.

    streamlit-oauth draws the button and watches the pop-up. Its own Python half is left aside, because it
    takes a token from the browser as readily as a code.
    """
    with frame():
        st.markdown("Sign in once, and see exactly the rows you are entitled to.", text_alignment="center")
        if notice is not None:
            st.warning(f"{notice.message} {notice.remedy}\n\nCode {notice.code}")
        if _elsewhere(app_url):
            st.link_button(f"Go to {app_url}", app_url, type="primary")
            return None
        answer = _button(url, provider)
        _quiet("No window, or closed it? Press the button again.")
        if signed_out and (farewell := provider.end_session_url()) is not None:
            link = f'<a style="color:inherit" href="{escape(farewell)}" target="_blank" rel="noreferrer">'
            _quiet(f"You are signed out here. {link}Sign out of {escape(_account(provider))} too</a>")
        return answer


@contextmanager
def frame() -> Iterator[None]:
    """The page's middle under the product's name, and nothing beside it."""
    # Who signed out leaves an empty sidebar behind.
    st.html("<style>[data-testid=stSidebar], [data-testid=stExpandSidebarButton] { display: none; }</style>")
    _, middle, _ = st.columns([1, 3, 1])
    with middle, st.container(horizontal_alignment="center", gap="medium"):
        st.title("Rowlight", anchor=False, text_alignment="center")
        yield


def _button(url: str, provider: Provider) -> Any:
    # Importing it registers its files with Streamlit's runtime, which has to be there by then.
    from streamlit_oauth import _authorize_button  # noqa: PLC0415

    return _authorize_button(
        authorization_url=url,
        name=f"Sign in with {_account(provider)}",
        popup_height=POPUP_HEIGHT,
        popup_width=POPUP_WIDTH,
        icon=None,
        use_container_width=True,
        auto_click=False,
    )


def _quiet(html: str) -> None:
    # Not st.caption: its links are too faint to read.
    st.html(f'<p style="margin:0;text-align:center;font-size:0.875rem;opacity:0.8">{html}</p>')


def _account(provider: Provider) -> str:
    """The provider in a person's words: its host, where that says something to them."""
    return "your company account" if is_loopback(provider.issuer) else provider.host


def _elsewhere(app_url: str) -> bool:
    """Whether the browser calls the app by another address: the pop-up could not report back to it there."""
    here = urlsplit(st.context.url or app_url)
    return (here.scheme, here.netloc) != urlsplit(app_url)[:2]
