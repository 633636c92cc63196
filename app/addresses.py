"""Which addresses a setting takes: a check gives the value back, or raises a ValueError without it."""

import re
from urllib.parse import SplitResult, urlsplit

# What a Content-Security-Policy takes as a source, and nothing that would end it.
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
_LOOPBACK = {"localhost", "127.0.0.1"}


def is_loopback(address: str) -> bool:
    """Whether its host is this machine's own, where plain http leaves nothing to listen to."""
    return urlsplit(address).hostname in _LOOPBACK


def url(value: str) -> str:
    """An https address, or an http one of this machine; no query, fragment, user or password."""
    parts = _parts(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or {"?", "#"} & set(value):
        raise ValueError("is not an address")
    if parts.username or parts.password:
        raise ValueError("holds a user name or a password")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("is not https")
    return value


def _parts(value: str) -> SplitResult:
    """The address's parts; none of what browsers and servers could read differently."""
    try:
        parts = urlsplit(value)
        sound = value.isascii() and parts.port != 0
    except ValueError:  # whose words would quote the value
        sound = False
    return parts if sound else urlsplit("")


def app_url(value: str) -> str:
    """An address at its host's root, without a slash at the end."""
    address = url(value).rstrip("/")
    if urlsplit(address).path:
        raise ValueError("has a path, where the app answers at the host's root")
    return address


def style_url(value: str) -> str:
    """An address that may have a query, or an empty text."""
    # Those who host styles want a key in the query; the browser sends it, so it is no secret.
    address, _, query = value.partition("?")
    if not re.fullmatch(r"[\w=&.~%+-]*", query, re.ASCII):
        raise ValueError("is not an address")
    return url(address) and value if value else ""


def origins(value: str) -> str:
    """A list of origins with spaces between, which may be empty."""
    if not all(url(each) and _ORIGIN.fullmatch(each) for each in value.split()):
        raise ValueError("is not a list of origins")
    return value


def host(value: str) -> str:
    """host, host:port, or an empty text."""
    if value and not re.fullmatch(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?", value):
        raise ValueError("is not a host")
    return value
