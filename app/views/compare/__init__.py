"""Side by side: one statement sent as two people, and what the warehouse gives to each."""

from app.views.compare.view import PROOF

__all__ = ["PROOF"]
