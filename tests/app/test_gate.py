"""Who passes: each kind of person, in both ways of signing in, at every door."""

import asyncio
import re
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from app.errors import AppError
from app.gate import Gate
from tests.app.gated import (
    BUTTON,
    DATA,
    DOCUMENT,
    FILES,
    HOST,
    NOBODY,
    ORIGIN,
    PAGE,
    SESSION,
    STRANGER,
    VISITOR,
    VISITOR_COOKIE,
    Inside,
    ask,
    connect,
    cookie,
    doors,
    not_set_up,
    out_of_reach,
)


@pytest.fixture
def inside():
    return Inside()


def cases():
    """who, way of signing in, path → the status"""
    outcome = {
        ("anonymous", "popup"): (200, 200, 200, 403),
        ("anonymous", "redirect"): (303, 403, 403, 403),
        ("signed in", "popup"): (200, 200, 200, 200),
        ("signed in", "redirect"): (200, 200, 403, 200),
    }
    for (who, sign_in), statuses in outcome.items():
        for paths, status in zip((PAGE, FILES, BUTTON, DATA), statuses, strict=True):
            yield from ((who, sign_in, path, status) for path in paths)
        yield from ((who, sign_in, path, 403) for path in NOBODY)
        yield from ((who, sign_in, path, 404) for path in ("/a/_stcore/health", "/a/b/_stcore/host-config"))
        open_to_all = ("/auth/login", "/auth/page.js", "/_stcore/health")
        yield from ((who, sign_in, path, 200) for path in open_to_all)


class TestDoors:
    @pytest.mark.parametrize(("who", "sign_in", "path", "status"), list(cases()))
    def test_everybody_gets_what_is_theirs(self, inside, who, sign_in, path, status):
        held = [cookie(session=SESSION)] if who == "signed in" else []
        answer = ask(Gate(inside, lambda: doors(sign_in)), path, *held, *DOCUMENT.items())
        assert answer.status == status
        assert len(inside.reached) == (1 if status == 200 else 0)

    @pytest.mark.parametrize("sign_in", ["popup", "redirect"])
    @pytest.mark.parametrize(
        "method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get"]
    )
    @pytest.mark.parametrize("path", [*PAGE, *FILES, *BUTTON, *DATA, "/_stcore/upload_file/a/b"])
    def test_nobody_writes(self, inside, sign_in, method, path):
        answer = ask(Gate(inside, lambda: doors(sign_in)), path, cookie(session=SESSION), method=method)
        assert answer.status == 403
        assert inside.reached == []

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
    def test_the_routes_know_their_own_methods(self, inside, method):
        assert ask(Gate(inside, doors), "/auth/sign-out", method=method).status == 200

    @pytest.mark.parametrize(
        "session", [STRANGER, "", "s" * 42, "s" * 44, f'"{SESSION}"', f"{SESSION}=", "é" * 43]
    )
    @pytest.mark.parametrize("path", DATA)
    def test_a_made_up_cookie_opens_nothing(self, inside, session, path):
        for sign_in in ("popup", "redirect"):
            answer = ask(Gate(inside, lambda way=sign_in: doors(way)), path, cookie(session=session))
            assert answer.status == 403
        assert inside.reached == []

    @pytest.mark.parametrize("compares", [True, False])
    @pytest.mark.parametrize("path", BUTTON)
    def test_a_second_persons_button_is_for_who_is_signed_in_alone(self, inside, path, compares):
        gate = Gate(inside, lambda: doors("redirect", compares=compares))
        assert ask(gate, path, cookie(session=SESSION)).status == (200 if compares else 403)
        for nobody in (cookie(session=STRANGER), cookie(visitor=VISITOR)):
            assert ask(gate, path, nobody).status == 403
        assert ask(gate, path, cookie(session=SESSION), method="POST").status == 403

    def test_whoever_asks_for_what_is_everybodys_costs_the_store_nothing(self, inside):
        gate = Gate(inside, lambda: doors(holds=out_of_reach))
        for path in (*FILES, *BUTTON, "/auth/login", "/_stcore/health"):
            assert ask(gate, path, cookie(session=SESSION)).status == 200

    def test_mounted_below_another_path_nothing_passes(self, inside):
        # Starlette takes root_path away before it routes: this would be the metrics.
        gate = Gate(inside, doors)
        for path in ("/x/_stcore/metrics", "/x/media/a", "/x/y", "/x"):
            answer = ask(gate, path, cookie(session=SESSION), root_path="/x")
            assert answer.status == 403
        assert connect(gate, path="/_stcore/stream", root_path="/_stcore") == 1008
        assert inside.reached == []

    def test_the_lifespan_is_not_its_business(self, inside):
        asyncio.run(Gate(inside, not_set_up)({"type": "lifespan"}, None, lambda _: asyncio.sleep(0)))
        assert len(inside.reached) == 1


WORDS = """media _stcore metrics health host-config agent mcp app static component auth stream cities MEDIA é
    streamlit_oauth.authorize_button other.component index.html upload_file bidi-components x
    rowlight.editor editor.js rowlight.file file.js
    .. . %2e%2e %2f \\ ;"""
PARTS = st.sampled_from([*WORDS.split(), "", "\x00", "\n"])
PATHS = st.one_of(
    st.text(max_size=40),
    st.lists(PARTS, max_size=6).map(lambda parts: "/" + "/".join(parts)),
    st.lists(PARTS, max_size=6).map(lambda parts: unquote("/" + "/".join(parts))),
)
# The routes of Streamlit and of the app, in the order in which Starlette tries them.
ROUTES = {
    "own": "/auth/{name}",
    "health": "/_stcore/health",
    "metrics": "/_stcore/metrics",
    "host-config": "/_stcore/host-config",
    "media": "/media/{file_id:path}",
    "upload": "/_stcore/upload_file/{session_id}/{file_id}",
    "button": "/component/streamlit_oauth.authorize_button/{path:path}",
    "component": "/component/{path:path}",
    "editor": "/_stcore/bidi-components/rowlight.editor/editor.js",
    "file": "/_stcore/bidi-components/rowlight.file/file.js",
    "bidi": "/_stcore/bidi-components/{path:path}",
    "login": "/auth/{path:path}",
    "callback": "/oauth2callback",
    "agent": "/_stcore/agent/{path:path}",
    "app-static": "/app/static/{path:path}",
}
METHODS = st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"])


def routed(sign_in, path, *headers, method="GET"):
    """The name of the route that Starlette takes behind the gate; None when nothing gets there."""
    taken = []

    class Take:
        """An ASGI app, which a route hands every method."""

        def __init__(self, name):
            self.name = name

        async def __call__(self, scope, receive, send):
            taken.append(self.name)
            await PlainTextResponse(self.name)(scope, receive, send)

    routes = [Route(path, Take(name)) for name, path in ROUTES.items()]
    app = Starlette(routes=[*routes, Mount("/static", Take("static")), Mount("/", Take("page"))])
    ask(Gate(app, lambda: doors(sign_in)), path, *headers, method=method)
    return taken[0] if taken else None


class TestAnySpelling:
    @given(path=PATHS, method=METHODS)
    def test_of_the_full_page_way_an_anonymous_person_reaches_the_routes_alone(self, path, method):
        assert routed("redirect", path, *DOCUMENT.items(), method=method) in {None, "own", "health"}

    @given(path=PATHS, method=METHODS)
    def test_of_the_pop_up_way_an_anonymous_person_reaches_the_sign_in_page_alone(self, path, method):
        taken = routed("popup", path, method=method)
        assert taken in {None, "own", "health", "page", "static", "host-config", "button"}
        assert taken in {None, "own"} or method in {"GET", "HEAD", "OPTIONS"}

    @given(path=PATHS, method=METHODS, sign_in=st.sampled_from(["popup", "redirect"]))
    def test_nobody_reaches_what_the_app_does_not_use(self, path, method, sign_in):
        taken = routed(sign_in, path, cookie(session=SESSION), method=method)
        assert taken not in {"metrics", "media", "upload", "component", "bidi", "login", "callback", "agent"}
        assert (taken, sign_in) != ("button", "redirect")

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/app/static/a.json", "app-static"),
            ("/_stcore/bidi-components/rowlight.editor/editor.js", "editor"),
            ("/_stcore/bidi-components/rowlight.file/file.js", "file"),
            ("/component/streamlit_oauth.authorize_button/index.html", "button"),
            ("/_stcore/health", "health"),
            ("/auth/login", "own"),
            ("/static/js/x.js", "static"),
            ("/cities", "page"),
        ],
    )
    def test_the_routes_above_are_reached_at_all(self, path, name):
        assert routed("popup", path, cookie(session=SESSION)) == name


class TestHost:
    @pytest.mark.parametrize("host", [HOST, b"rowlight.example:443", b"RowLight.Example"])
    def test_the_apps_own_name_passes(self, inside, host):
        assert ask(Gate(inside, doors), "/", host=host).status == 200

    @pytest.mark.parametrize(
        "host",
        [
            b"127.0.0.1",
            b"rowlight.example:8501",
            b"rowlight.example.evil.example",
            b"evil.example",
            b"",
            None,
            b"rowlight.example:443:443",
            b"rowlight.example@evil.example",
            b"rowlight.example:80",
        ],
    )
    @pytest.mark.parametrize("path", ["/", "/app/static/icon.svg", "/auth/login"])
    def test_another_name_is_told_where_the_app_is(self, inside, host, path):
        answer = ask(Gate(inside, doors), path, cookie(session=SESSION), host=host)
        assert answer.status == 421
        assert f'<a href="{ORIGIN}">' in answer.body
        assert inside.reached == []

    def test_two_names_are_no_name(self, inside):
        answer = ask(Gate(inside, doors), "/", ("host", "rowlight.example"))
        assert answer.status == 421

    def test_the_health_check_comes_by_any_name(self, inside):
        assert ask(Gate(inside, doors), "/_stcore/health", host=b"10.0.0.7:8501").status == 200

    def test_a_port_is_part_of_the_name(self, inside):
        gate = Gate(inside, lambda: doors(origin="http://localhost:8501", secure=False))
        assert ask(gate, "/", host=b"localhost:8501").status == 200
        assert ask(gate, "/", host=b"localhost").status == 421
        assert ask(gate, "/", host=b"127.0.0.1:8501").status == 421


class TestWayToSignIn:
    def to(self, gate, path, *headers, **request):
        answer = ask(gate, path, *headers, **request)
        return answer.status, answer.headers.get("location")

    @pytest.fixture
    def gate(self, inside):
        return Gate(inside, lambda: doors("redirect"))

    @pytest.mark.parametrize(
        ("path", "query", "return_to"),
        [
            ("/", b"", "/"),
            ("/cities", b"from=2024-01&category=A%26B", "/cities?from=2024-01&category=A%26B"),
            ("/cities", b"a=b?c&next=//evil.example", "/cities?a=b?c&next=//evil.example"),
            ("/caf\u00e9 au lait", b'\xff\r\n"<', "/caf%C3%A9%20au%20lait?%FF%0D%0A%22%3C"),
        ],
    )
    def test_a_deep_link_survives_it(self, gate, path, query, return_to):
        status, location = self.to(gate, path, *DOCUMENT.items(), query=query)
        assert status == 303
        assert urlsplit(location).path == "/auth/sign-in"
        assert parse_qs(urlsplit(location).query) == {"return_to": [return_to]}

    def test_a_link_too_long_is_left_out(self, gate):
        fits, too_long = b"a" * (2000 - len("/cities?")), b"a" * (2001 - len("/cities?"))
        assert len(self.to(gate, "/cities", *DOCUMENT.items(), query=fits)[1]) > 2000
        assert self.to(gate, "/cities", *DOCUMENT.items(), query=too_long) == (303, "/auth/sign-in")

    @pytest.mark.parametrize(
        ("method", "headers", "status"),
        [
            ("GET", {"sec-fetch-dest": "document"}, 303),
            ("HEAD", {"sec-fetch-dest": "document"}, 303),
            ("GET", {"accept": "text/html"}, 303),
            ("OPTIONS", {"accept": "text/html"}, 403),
            ("POST", {"sec-fetch-dest": "document"}, 403),
            ("GET", {}, 403),
            ("GET", {"accept": "*/*"}, 403),
            ("GET", {"accept": "text/html", "sec-fetch-dest": "iframe"}, 403),
            ("GET", {"accept": "text/html", "sec-fetch-dest": "empty"}, 403),
        ],
    )
    def test_only_a_person_is_led_there(self, gate, inside, method, headers, status):
        assert self.to(gate, "/cities", *headers.items(), method=method)[0] == status
        assert inside.reached == []

    @given(path=PATHS, query=st.binary(max_size=60))
    def test_it_leads_to_no_other_site(self, path, query):
        gate = Gate(Inside(), lambda: doors("redirect"))
        status, location = self.to(gate, path, *DOCUMENT.items(), query=query)
        if status == 303:
            assert location.isascii()
            assert location.isprintable()
            assert location.startswith("/auth/sign-in")
            (return_to,) = parse_qs(urlsplit(location).query)["return_to"]
            assert return_to.startswith("/")
            assert not return_to.startswith(("//", "/\\"))
            assert quote(path) in {return_to, urlsplit(return_to).path}


class TestVisitor:
    def given(self, inside, *headers, path="/", sign_in="popup", **changes):
        answer = ask(Gate(inside, lambda: doors(sign_in, **changes)), path, *headers)
        return answer.headers.get("set-cookie")

    def test_the_first_page_brings_a_cookie(self, inside):
        values = {self.given(inside) for _ in range(3)}
        assert len(values) == 3
        shape = rf"{VISITOR_COOKIE}=[\w-]{{43}}; Path=/; HttpOnly; SameSite=Lax; Secure"
        assert all(re.fullmatch(shape, value) for value in values)

    def test_over_plain_http_it_has_the_plain_name(self, inside):
        value = self.given(inside, secure=False)
        assert value.startswith("rowlight_visitor=")
        assert "Secure" not in value

    def test_who_has_one_keeps_it(self, inside):
        assert self.given(inside, cookie(visitor=VISITOR)) is None

    def test_who_has_none_that_is_ours_gets_one(self, inside):
        assert self.given(inside, cookie(visitor="made-up")) is not None

    def test_who_is_signed_in_needs_none(self, inside):
        assert self.given(inside, cookie(session=SESSION)) is None

    def test_what_caches_share_carries_none(self, inside):
        assert self.given(inside, path="/static/js/index.js") is None
        inside.content_type = b"image/png"
        assert self.given(inside, path="/favicon.png") is None

    def test_an_error_page_carries_none(self, inside):
        inside.status = 404
        assert self.given(inside) is None


class TestFaults:
    @pytest.mark.parametrize(
        ("path", "status"),
        [(path, 200) for path in (*PAGE, *FILES, "/_stcore/health")]
        + [(path, 403) for path in (*BUTTON, *DATA, "/auth/login", "/_stcore/metrics")],
    )
    def test_without_settings_every_page_tells_so_and_nothing_else_is_there(self, inside, path, status):
        answer = ask(Gate(inside, not_set_up), path, cookie(session=SESSION), host=b"anything.example")
        assert answer.status == status
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize("sign_in", ["popup", "redirect"])
    def test_without_the_store_a_page_says_so(self, inside, sign_in):
        gate = Gate(inside, lambda: doors(sign_in, holds=out_of_reach))
        answer = ask(gate, "/", cookie(session=SESSION), *DOCUMENT.items())
        assert answer.status == 503
        assert "out of reach" in answer.body
        assert "RL-110" in answer.body
        assert inside.reached == []

    def test_a_fault_further_in_is_not_taken_for_the_stores(self):
        async def fails(scope, receive, send):
            raise AppError("Elsewhere.", "Look there.")

        with pytest.raises(AppError, match="Elsewhere"):
            ask(Gate(fails, doors), "/")
