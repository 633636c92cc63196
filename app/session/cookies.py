"""The cookies: who is signed in, which browser is signing in, and the last word after signing out."""

import hashlib
import re
import secrets

_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes, url-safe


def session_name(*, secure: bool) -> str:
    """The name of the cookie whose value is the session's id."""
    return _name("rowlight_session", secure=secure)


def visitor_name(*, secure: bool) -> str:
    """The name of the cookie that binds a sign-in under way to the browser that began it."""
    return _name("rowlight_visitor", secure=secure)


def said_name(*, secure: bool) -> str:
    """The name of the cookie with the last word to somebody who has just signed out."""
    return _name("rowlight_said", secure=secure)


def _name(name: str, *, secure: bool) -> str:
    # With this prefix a browser takes the cookie over https alone, and from no other host of the same domain.
    return f"__Host-{name}" if secure else name


def new_id() -> str:
    """A random value of 256 bits: a session's id, a visitor's, a ticket."""
    return secrets.token_urlsafe(32)


def well_formed(value: str | None) -> str:
    """The value if it is one that `new_id` could have made, else an empty text."""
    return value if value is not None and _SHAPE.fullmatch(value) else ""


def digest(value: str) -> str:
    """What the store knows a random value by: who reads the store cannot make the cookie of it."""
    return hashlib.sha256(value.encode()).hexdigest()


def set_cookie(name: str, value: str, *, secure: bool, max_age: int | None = None) -> str:
    """A Set-Cookie header's value; without `max_age` (seconds) the cookie ends with the browser."""
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if max_age is not None:
        parts.append(f"Max-Age={max_age}")
    if secure:
        parts.append("Secure")
    return "; ".join(parts)


def expire_cookie(name: str, *, secure: bool) -> str:
    """A Set-Cookie header's value that takes the cookie away."""
    return set_cookie(name, "", secure=secure, max_age=0)
