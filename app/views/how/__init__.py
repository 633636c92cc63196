"""How I see this: the chain of identity to the rows of a page, as a picture, link by link and in words."""

from app.views.how.view import PROOF

__all__ = ["PROOF"]
