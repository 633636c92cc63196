"""Who is signed in: one sign-in for all of a browser's tabs, kept on the server and reached by a cookie."""

from app.session.assembly import Services, services

__all__ = ["Services", "services"]
