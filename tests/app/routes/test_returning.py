"""Where a sign-in leads: to a page of this app, whatever the address said."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.routes import own_path
from tests.app.routes.browsing import APP, FORM

# What would lead elsewhere, or round in a circle; each as it stands in a `return_to`.
TRICKS = [
    "//evil.com",
    "///evil.com",
    "/\\evil.com",
    "\\\\evil.com",
    "/\\/evil.com",
    "https:evil.com",
    "https://evil.com",
    "https:/evil.com",
    "http:///evil.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.com",
    "@evil.com",
    "?x",
    "",
    " //evil.com",
    " /cities",
    "/\t/evil.com",
    "/\n/evil.com",
    "/\r\nSet-Cookie: x=y",
    "\t//evil.com",
    "\x00//evil.com",
    "/\x00",
    "/cities\x7f",
    "/cities\u2028",
    "\uff0f\uff0fevil.com",
    "/\uff0fevil.com",
    "/\u2215evil.com",
    "/\u2044/evil.com",
    "/cit\u0131es",
    "\u3002\u3002/evil.com",
    "/auth/login",
    "/auth/sign-out",
    "/auth/",
    "/cities#//evil.com",
    "/" + "a" * 2000,
]


class TestReturning:
    @pytest.mark.parametrize("path", TRICKS)
    def test_it_leads_to_no_other_place(self, world, path):
        assert own_path(path) == "/"
        answer = world.browser.get("/auth/callback", params=world.begin(return_to=path))
        assert answer.headers["location"] == "/"

    @pytest.mark.parametrize("path", TRICKS)
    def test_nor_does_the_pop_up(self, world, path):
        form = {"ticket": world.ticket(), "return_to": path}
        assert world.browser.post("/auth/session", data=form, headers=FORM).headers["location"] == "/"

    @pytest.mark.parametrize("path", TRICKS)
    def test_nor_does_the_page(self, world, path):
        page = world.browser.get("/auth/sign-in", params={"return_to": path})
        assert re.findall(r'href="([^"]*login[^"]*)"', page.text) == ["/auth/login?return_to=/"]

    @pytest.mark.parametrize(
        "path",
        ["/", "/cities", "/cities?year=2024&c=a%20b", "/a/b//c", "/%09/evil.com", "/%2F/evil.com", "/@evil"],
    )
    def test_a_page_of_ours_is_led_to(self, world, path):
        answer = world.browser.get("/auth/callback", params=world.begin(return_to=path))
        assert answer.headers["location"] == path
        assert origin_of(path) == APP

    def test_none_is_the_first_page(self):
        assert own_path(None) == "/"

    @given(st.text() | st.from_regex(r"[/\\]{0,3}[a-z:@?#.%/\\\t ]{0,20}", fullmatch=True))
    def test_wherever_it_leads_it_is_here(self, path):
        assert origin_of(own_path(path)) == APP
        assert urlsplit(urljoin(f"{APP}/auth/callback", own_path(path)))[:2] == ("https", "app.example.com")

    @given(st.text(st.sampled_from("/\\\t\n\r :@?#.%evil\x00\x1f"), max_size=12))
    def test_however_it_is_spelled(self, path):
        assert origin_of(own_path(path)) == APP
        assert own_path(own_path(path)) == own_path(path)

    @given(st.text(max_size=60))
    def test_whatever_stays_in_the_page_stays_in_its_place(self, path):
        assert not set(own_path(path)) & {"\\", "\n", "\r", "\t", " ", "#"}


def origin_of(reference):
    """Where a browser goes by that reference from a page of ours, as the URL standard reads it.

    It strips spaces and control characters around, drops tabs and line ends anywhere, takes a backslash for
    a slash, and an absolute address by its scheme alone.
    """
    reference = re.sub(r"[\t\n\r]", "", reference.strip("".join(map(chr, range(0x21))))).replace("\\", "/")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", reference, re.DOTALL)
    if scheme and scheme[1].lower() != "https":
        return f"{scheme[1]}:"
    if scheme and scheme[2].startswith("/") is False:
        return f"https://{scheme[2]}"
    rest = scheme[2] if scheme else reference
    if rest.startswith("//"):
        return "https://" + re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0].rpartition("@")[2].lower()
    return APP


@pytest.mark.parametrize(
    "reference", [path for path in TRICKS if "evil.com" in path and "auth" not in path][:7]
)
def test_the_browser_of_this_test_knows_the_tricks(reference):
    assert origin_of(reference).endswith("evil.com")
