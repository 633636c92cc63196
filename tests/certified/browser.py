"""The browser's part of a sign-in over plain HTTP, at the provider's own pages."""

import re
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from tests.outside import press

# Login and consent are two; more means that the pages go in a circle.
MOST_PAGES = 4


def follow(client: httpx.Client, answer: httpx.Response, *, until: str) -> httpx.Response:
    """The first page that is no redirect, or the redirect that leads to the address `until`."""
    while answer.is_redirect and not answer.headers["location"].startswith(until):
        answer = client.get(urljoin(str(answer.url), answer.headers["location"]))
    return answer


def sign_in(client: httpx.Client, url: str, *, login: str, until: str) -> str:
    """Signs in and consents where asked; returns the address at which the browser comes back."""
    page = follow(client, client.get(url), until=until)
    for _ in range(MOST_PAGES):
        if page.is_redirect:
            return page.headers["location"]
        typed = {"login": login, "password": "any"} if asks_who(page) else {}
        page = follow(client, press(client, page, "", **typed), until=until)
    raise AssertionError(f"no way back from {page.url.path}: {page.text[:300]}")


def decline(client: httpx.Client, url: str, *, until: str) -> str:
    """Presses Cancel on the provider's first page; returns the address at which the browser comes back."""
    page = follow(client, client.get(url), until=until)
    (cancel,) = re.findall(r'href="([^"]+)">\[ Cancel \]', page.text)
    return follow(client, client.get(cancel), until=until).headers["location"]


def sign_out(client: httpx.Client, url: str, *, until: str) -> str:
    """Says yes to the provider's question; returns the address at which the browser comes back."""
    page = press(client, client.get(url), "Yes, sign me out")
    return follow(client, page, until=until).headers["location"]


def asks_who(page: httpx.Response) -> bool:
    """Whether the page asks for a login name."""
    return 'name="login"' in page.text


def parameters(url: str) -> dict[str, str]:
    """What the address says after its question mark."""
    return dict(parse_qsl(urlsplit(url).query))
