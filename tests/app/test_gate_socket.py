"""What the gate makes of cookies, and who may connect or resume."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.websockets import WebSocket

from app.gate import Gate
from tests.app.gated import (
    HOST,
    ORIGIN,
    SESSION,
    SESSION_COOKIE,
    STRANGER,
    TAB,
    VISITOR,
    VISITOR_COOKIE,
    Inside,
    ask,
    connect,
    cookie,
    doors,
    not_set_up,
    out_of_reach,
    raw,
)


@pytest.fixture
def inside():
    return Inside()


class TestCookies:
    """What the script reads is what was judged."""

    def read(self, inside, *headers):
        """The cookies as Streamlit's script gets them, of a page's connection."""
        assert connect(Gate(inside, doors), *headers) == "accept"
        return WebSocket(inside.reached[-1], None, None).cookies

    def test_plain_ones_are_left_as_they_are(self, inside):
        header = f'a="x y"; {SESSION_COOKIE}={SESSION}; b; {VISITOR_COOKIE}={VISITOR};c==;'
        read = self.read(inside, ("cookie", header))
        assert (read[SESSION_COOKIE], read[VISITOR_COOKIE], read["a"]) == (SESSION, VISITOR, "x y")
        assert dict(inside.reached[0]["headers"])[b"cookie"] == header.encode()

    @pytest.mark.parametrize(
        "headers",
        [
            [f"{SESSION_COOKIE}={STRANGER}; {SESSION_COOKIE}={SESSION}"],
            [f"{SESSION_COOKIE}={SESSION}; {SESSION_COOKIE}={STRANGER}"],
            [f"{SESSION_COOKIE}={SESSION}; {SESSION_COOKIE}={SESSION}"],
            [f"{SESSION_COOKIE}={SESSION}", f"{SESSION_COOKIE}={SESSION}"],
            [f"{SESSION_COOKIE}={STRANGER}", f"\xa0{SESSION_COOKIE}\x85={SESSION}"],
            [f"{SESSION_COOKIE}={SESSION}; {SESSION_COOKIE}"],
            [f'{SESSION_COOKIE}="{SESSION}"'],
            [f'{SESSION_COOKIE}="\\163{SESSION[1:]}"'],
            [f"{SESSION_COOKIE}={SESSION}\x00"],
            [f"{SESSION_COOKIE}=={SESSION}"],
            [f"{SESSION_COOKIE}=%73{SESSION[1:]}"],
            [f"{SESSION_COOKIE}={SESSION},{SESSION_COOKIE}={SESSION}"],
        ],
    )
    def test_doubled_and_odd_ones_are_nobodys(self, inside, headers):
        sent = [("cookie", header) for header in headers]
        read = self.read(inside, *sent, ("cookie", f"other=1; {VISITOR_COOKIE}={VISITOR}"))
        assert SESSION_COOKIE not in read
        assert (read["other"], read[VISITOR_COOKIE]) == ("1", VISITOR)
        assert ask(Gate(inside, doors), "/media/abc.csv", *sent).status == 403
        assert connect(Gate(inside, lambda: doors("redirect")), *sent) == 1008

    @given(
        chunks=st.lists(
            st.builds(
                "".join,
                st.lists(
                    st.sampled_from(
                        [
                            SESSION_COOKIE,
                            VISITOR_COOKIE,
                            "=",
                            ";",
                            '"',
                            "\\",
                            " ",
                            "\xa0",
                            SESSION,
                            STRANGER,
                            "a",
                        ]
                    ),
                    max_size=7,
                ),
            ),
            max_size=3,
        )
    )
    def test_no_two_readers_disagree(self, chunks):
        judged = []
        gate = Gate(
            inside := Inside(),
            lambda: doors("redirect", holds=lambda session: judged.append(session) or True),
        )
        if connect(gate, *(("cookie", chunk) for chunk in chunks)) == "accept":
            assert WebSocket(inside.reached[-1], None, None).cookies[SESSION_COOKIE] == judged[0]
        popup = Gate(inside := Inside(), doors)
        assert connect(popup, *(("cookie", chunk) for chunk in chunks)) == "accept"
        read = WebSocket(inside.reached[-1], None, None).cookies.get(SESSION_COOKIE, "")
        assert read == (judged[0] if judged else "")

    def test_what_stands_outside_keeps_the_request_as_it_came(self, inside):
        headers = raw([("host", HOST.decode()), ("cookie", f"{SESSION_COOKIE}=a;{SESSION_COOKIE}=b")])
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
        before = {**scope, "headers": list(headers)}
        asyncio.run(Gate(inside, doors)(scope, None, lambda _: asyncio.sleep(0)))
        assert scope == before
        assert inside.reached[0]["headers"] != before["headers"]


class TestSocket:
    @pytest.mark.parametrize(
        ("sign_in", "held", "outcome"),
        [
            ("popup", (), "accept"),
            ("popup", (cookie(session=SESSION),), "accept"),
            ("redirect", (), 1008),
            ("redirect", (cookie(session=STRANGER),), 1008),
            ("redirect", (cookie(visitor=VISITOR),), 1008),
            ("redirect", (cookie(session=SESSION),), "accept"),
        ],
    )
    def test_who_may_connect(self, inside, sign_in, held, outcome):
        assert connect(Gate(inside, lambda: doors(sign_in)), *held) == outcome
        assert bool(inside.reached) == (outcome == "accept")

    @pytest.mark.parametrize("origin", [ORIGIN, ORIGIN + ":443"])
    def test_the_apps_own_pages_may(self, inside, origin):
        assert connect(Gate(inside, doors), origin=origin) == "accept"

    @pytest.mark.parametrize(
        "origin",
        [
            None,
            "",
            "null",
            "http://rowlight.example",
            "https://evil.example",
            "https://rowlight.example:8443",
            "https://rowlight.example.evil.example",
            "https://localhost:3000",
            ORIGIN + "/",
            " " + ORIGIN,
        ],
    )
    def test_another_sites_pages_may_not(self, inside, origin):
        assert connect(Gate(inside, doors), cookie(session=SESSION), origin=origin) == 1008
        assert inside.reached == []

    def test_two_origins_are_none(self, inside):
        assert connect(Gate(inside, doors), ("origin", ORIGIN)) == 1008

    @pytest.mark.parametrize("host", [None, b"evil.example", b"rowlight.example:8501"])
    def test_nor_by_another_name(self, inside, host):
        assert connect(Gate(inside, doors), host=host) == 1008

    @pytest.mark.parametrize(
        "path",
        ["/", "/_stcore/stream/", "//_stcore/stream", "/x/_stcore/stream", "/_STCORE/stream", "/auth/login"],
    )
    def test_there_is_one_way_in(self, inside, path):
        assert connect(Gate(inside, doors), cookie(session=SESSION), path=path) == 1008
        assert inside.reached == []


class TestResuming:
    def protocol(self, inside, protocol, *headers, gate=None):
        sent = ("sec-websocket-protocol", protocol)
        assert connect(gate or Gate(inside, doors), sent, *headers) == "accept"
        (value,) = [v for n, v in inside.reached[-1]["headers"] if n == b"sec-websocket-protocol"]
        return value.decode()

    @pytest.mark.parametrize(
        "held", [cookie(session=SESSION), cookie(visitor=VISITOR), cookie(session=SESSION, visitor=VISITOR)]
    )
    def test_a_browser_resumes_its_own_tab(self, inside, held):
        assert self.protocol(inside, f"streamlit, token, {TAB}", held) == f"streamlit, token, {TAB}"

    @pytest.mark.parametrize("held", [cookie(session=STRANGER), cookie(visitor=STRANGER), ("x", "y")])
    @pytest.mark.parametrize(
        "protocol",
        [f"streamlit, token, {TAB}", f"streamlit,token,{TAB}", f"streamlit,token,\xa0{TAB}\x85,more,{TAB}"],
    )
    def test_anothers_tab_begins_anew(self, inside, held, protocol):
        assert self.protocol(inside, protocol, held) == "streamlit, token"
        assert inside.reached[-1]["subprotocols"] == ["streamlit", "token"]

    def test_without_a_token_the_tab_keeps_its_place(self, inside):
        assert self.protocol(inside, f"streamlit, , {TAB}", cookie(visitor=VISITOR)) == f"streamlit, , {TAB}"
        assert self.protocol(inside, f"streamlit, , {TAB}") == "streamlit, "

    def test_a_new_tab_has_nothing_to_resume(self, inside):
        gate = Gate(inside, lambda: doors(resumes=out_of_reach))
        assert self.protocol(inside, "streamlit, token", gate=gate) == "streamlit, token"

    @pytest.mark.parametrize("second", ["", f"streamlit, token, {TAB}"])
    def test_it_cannot_be_said_twice(self, inside, second):
        sent = [("sec-websocket-protocol", value) for value in ("streamlit, token", second)]
        assert connect(Gate(inside, doors), *sent) == 1008
        assert inside.reached == []


class TestFaults:
    def test_without_settings_a_page_connects_to_where_it_came_from(self, inside):
        gate = Gate(inside, not_set_up)
        tab = ("sec-websocket-protocol", f"streamlit, token, {TAB}")
        assert connect(gate, tab, host=b"a:1", origin="http://a:1") == "accept"
        assert (b"sec-websocket-protocol", b"streamlit, token") in inside.reached[0]["headers"]
        assert connect(gate, host=b"a:1", origin="http://b:1") == 1008
        assert connect(gate, host=b"a:1", origin=None) == 1008
        assert connect(gate, host=None, origin="null") == 1008

    def test_without_the_store_a_page_is_told_to_connect_later(self, inside):
        gate = Gate(inside, lambda: doors("redirect", holds=out_of_reach))
        assert connect(gate, cookie(session=SESSION)) == 1013
        gate = Gate(inside, lambda: doors("popup", resumes=out_of_reach))
        assert connect(gate, ("sec-websocket-protocol", f"streamlit, t, {TAB}")) == 1013
        assert inside.reached == []
