"""Who is signed in: one sign-in for all of a browser's tabs, kept on the server and reached by a cookie."""

from app.session.assembly import Services, known, services

__all__ = ["Services", "known", "services"]
