"""Explore: a person's own questions, each sent as that person and only where it reads."""

from app.views.explore.view import PROOF

__all__ = ["PROOF"]
