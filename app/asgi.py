"""The app as an ASGI application: the script, and what surrounds it on every request."""

import asyncio
import ctypes
import gc
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from streamlit import config, runtime
from streamlit.runtime.session_manager import ActiveSessionInfo
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

from app import logs, session, telemetry
from app.assets import ButtonStyle, CompressedAssets, OwnName
from app.auth import sign_in
from app.errors import SettingsError, SignInError
from app.gate import Doors, Gate
from app.headers import Facing, SecurityHeaders, map_sources
from app.main import on_script_error
from app.routes import ROUTES
from app.views import VIEWS, scripts

log = logging.getLogger(__name__)
_load = logging.getLogger("app.load")

_HERE = Path(__file__).parent
HOUSEKEEPING_SECONDS = 60
_NEVER = 2**31 - 1
# What a browser says of a page's widgets and address has a few kilobytes. Streamlit would take 25 MB of it,
# keep it for two minutes after its sender has left, and hold 200 MB of a message that never ends.
LONGEST_MESSAGE = 262_144
# What stops a process (ECS, systemd) kills it after 30 seconds or more; by then it has ended by itself.
STOP_SECONDS = 10
_CANCEL_SECONDS = 5  # after that, for what still runs at Redshift
# By malloc.h's numbers: M_MMAP_THRESHOLD and M_TRIM_THRESHOLD in bytes, and M_ARENA_MAX, for one thread at a
# time runs Python.
_MALLOC = {-3: 65_536, -1: 131_072, -8: 2}
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def doors() -> Doors:
    """What the gate has to know; raises SettingsError until the settings are right."""
    shared = session.services()
    return Doors(
        origin=shared.settings.origin,
        sign_in=shared.settings.sign_in,
        secure=shared.settings.secure,
        holds=shared.sessions.holds,
        resumes=shared.sessions.resumes,
        compares=shared.settings.compares,
    )


def facing() -> Facing | None:
    """What the headers depend on; None until the settings were found right. Asks nobody and never waits."""
    shared = session.known()
    if shared is None:
        return None
    settings = shared.settings
    maps = map_sources(settings.map_style_url, settings.map_origins)
    return Facing(settings.sign_in, settings.secure, shared.provider.origins, maps, settings.compares)


async def _keep_house() -> None:
    chores = {
        "learn the provider's addresses": _get_acquainted,
        "sweep out what is over": _sweep,
        "tell the load": _tell_load,
        "look for garbage": _look_for_garbage,
    }
    while True:
        for name, chore in chores.items():
            [failure] = await asyncio.gather(asyncio.to_thread(chore), return_exceptions=True)
            if failure is not None:
                log.error("Could not %s: %s", name, type(failure).__name__, exc_info=failure)
        await asyncio.sleep(HOUSEKEEPING_SECONDS)


def _get_acquainted() -> None:
    with suppress(SettingsError, SignInError):  # whoever opens a page, or signs in, is told
        session.services().provider.metadata()


def _sweep() -> None:
    with suppress(SettingsError):  # nobody is signed in then
        session.services().sessions.sweep()


def _tell_load() -> None:
    """How many people this process has, for whoever adds processes and takes them away."""
    shared = session.known()
    if shared is not None:
        load = shared.sessions.load(runtime.get_instance().is_active_session)
        for name, count in asdict(load).items():
            telemetry.measure(f"rowlight.{name}", count)
        _load.info("load", extra={"event": "load", **asdict(load)})


def _set_aside_what_stays() -> None:
    """Keeps whoever looks for garbage later from looking through all that was imported, again and again."""
    # Once, and nothing of a run: what is garbage only after it was set aside is never found. That Streamlit
    # looks through everything after each run of the script is switched off (postScriptGC in its settings).
    gc.collect()
    gc.freeze()
    # All that people's tabs hold is looked through once a minute, not several times: with fifty of them that
    # stops every thread for 0.2 s, which is what one action in twenty then waited for.
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


def _look_for_garbage() -> None:
    gc.collect()


def give_back_what_is_free() -> None:
    """Has the C library hand memory back to the system once it is free, in the midst of what lasts too.

    By itself, glibc gives back at once what is larger than the largest piece that was ever let go of, an
    export's; an answer's pieces stay with the process between those of a tab, which grows for half an hour.
    """
    with suppress(AttributeError):  # another C library, which has other ways
        change = ctypes.CDLL(None).mallopt
        for parameter, amount in _MALLOC.items():
            change(parameter, amount)


def _let_go() -> None:
    """Redshift is not to go on with what nobody will read; the threads that tell it so would end unheard."""
    shared = session.known()
    if shared is not None:
        shared.stop(_CANCEL_SECONDS)


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    # What a page of another process asks for, this one has to have before it has drawn any.
    sign_in.ready()
    scripts.ready()
    usual = gc.get_threshold()
    give_back_what_is_free()
    _set_aside_what_stays()
    housekeeping = asyncio.create_task(_keep_house())
    yield
    housekeeping.cancel()
    with suppress(asyncio.CancelledError):
        await housekeeping
    await asyncio.to_thread(_let_go)
    await asyncio.to_thread(telemetry.stop)
    gc.set_threshold(*usual)


async def _no_route(request: Request) -> Response:
    """The end of /auth/: behind it, Streamlit would answer with its page, or with a sign-in of its own."""
    known = request.url.path in {route.path for route in ROUTES}
    text, status = ("Method not allowed", 405) if known else ("Not found", 404)
    return PlainTextResponse(text, status_code=status)


async def _failed(_: Request, __: Exception) -> Response:
    """The answer to a fault of ours, which Starlette gives outside of all middleware."""
    return PlainTextResponse(
        "Internal Server Error",
        status_code=500,
        headers={"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"},
    )


_start = uvicorn.Server.startup


async def _start_quietly(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
    """Starts the server without its name in every answer and a pause in the middle of each, and with bounds.

    uvicorn writes its name after all middleware, and Streamlit passes it no setting. Between an answer's
    headers and its body, Streamlit's socket waits for the browser's acknowledgement, some 40 ms: asyncio
    prevents that only for sockets that were made with TCP's number, and Streamlit's is not. Both exist by the
    time that `streamlit run` imports this module; what comes after is the start. Nor has it a setting for
    how much a browser may say at once that is not also for how much a page may hold, nor for how long a
    process that is told to stop waits for an answer that does not come.
    """
    server.config.ws_max_size = LONGEST_MESSAGE
    server.config.timeout_graceful_shutdown = STOP_SECONDS
    server.config.encoded_headers = [each for each in server.config.encoded_headers if each[0] != b"server"]
    for each in sockets or ():
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited by every connection
    await _start(server, sockets)


class _Connected(list[ActiveSessionInfo]):
    """The tabs that are connected, each as it is when its turn comes.

    Streamlit goes through them to send each what its script has said, and other things happen meanwhile. To a
    tab that connected anew it would send all of its new page over the connection that is gone, from a list as
    it was before: the page would never come, and nothing would say so.
    """

    def __init__(self, manager: WebsocketSessionManager) -> None:
        super().__init__(manager._active_session_info_by_id.values())  # noqa: SLF001 - as Streamlit's own list
        self._manager = manager

    def __iter__(self) -> Iterator[ActiveSessionInfo]:
        for each in super().__iter__():
            if (now := self._manager.get_active_session_info(each.session.id)) is not None:
                yield now


def _connected(manager: WebsocketSessionManager) -> list[ActiveSessionInfo]:
    return _Connected(manager)


def _configure_logs() -> None:
    logs.configure("INFO", "pretty")  # for what is said until the settings are known
    with suppress(SettingsError):  # every page tells what is wrong with them
        settings = session.services().settings
        logs.configure(
            settings.log_level, settings.log_format, trace=telemetry.trace, copy=telemetry.copier()
        )


def _drawn_with() -> dict[str, list[str]]:
    """By a page's address, the files that it is drawn with; the first page's address is the app's own."""
    by_path = {f"/{view.path}": scripts.files(view.elements) for view in VIEWS}
    return {"/": scripts.files(VIEWS[0].elements), **by_path}


# Before Streamlit starts: from then on, what stands in secrets.toml stands over the environment as well.
_configure_logs()
uvicorn.Server.startup = _start_quietly  # type: ignore[method-assign, assignment]
WebsocketSessionManager.list_active_sessions = _connected  # type: ignore[method-assign, assignment]
# At every run Streamlit gathers the theme from all its settings, a twentieth of what a page costs; none
# changes once the first page is drawn.
config.get_options_for_section = cache(config.get_options_for_section)

# Streamlit notes what a script raises as an error before it asks us: also that a session is over, or that a
# browser says what none does. `on_script_error` notes what is a mistake of ours, by itself.
logging.getLogger("streamlit.error_util").addFilter(
    lambda record: record.getMessage() != "Uncaught app execution"
)

app = st.App(
    _HERE / "script.py",
    routes=[*ROUTES, Route("/auth/{path:path}", _no_route, methods=_METHODS)],
    middleware=[
        Middleware(SecurityHeaders, facing),
        Middleware(Gate, doors),
        Middleware(ButtonStyle),
        Middleware(CompressedAssets),
        Middleware(OwnName, _drawn_with()),
    ],
    lifespan=_lifespan,
    exception_handlers={Exception: _failed},
    on_script_error=on_script_error,
)
