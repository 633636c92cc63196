"""Admin: who sees what, who is signed in, what ran and what it cost, and the policies, for administrators."""

from app.views.admin.view import PROOF

__all__ = ["PROOF"]
