"""How I see this: the chain of identity from the sign-in to the rows of a page."""

import streamlit as st

from app import views
from app.views import waiting
from app.views.head import dress, heading
from app.views.how import shown
from app.views.page import Proof
from app.views.palette import palette
from app.views.reader import Reader

_PATH = "how"


def _draw(reader: Reader) -> None:
    dress(palette(st.context.theme.type))
    _, _, fresh = heading("How I see this", _PATH)
    titles = {view.path: view.title for view in views.VIEWS}
    last = waiting.last()
    at = last[0] if last is not None and last[0] in titles else next(iter(titles))
    path = st.segmented_control(
        "What you see on",
        list(titles),
        default=at,
        format_func=titles.__getitem__,
        key="how.page",
        required=True,
    )
    view = next(view for view in views.VIEWS if view.path == path)
    shown.show(view, reader, fresh=fresh)


PROOF = Proof(title="How I see this", path=_PATH, draw=_draw)
