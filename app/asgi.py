"""The app as an ASGI application: the script, and what surrounds it on every request."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app import logs, session
from app.assets import ButtonStyle, CompressedAssets
from app.errors import SettingsError, SignInError
from app.gate import Doors, Gate
from app.headers import Facing, SecurityHeaders
from app.main import on_script_error
from app.routes import ROUTES

log = logging.getLogger(__name__)

_HERE = Path(__file__).parent
HOUSEKEEPING_SECONDS = 60
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
    )


def facing() -> Facing | None:
    """What the headers depend on; None until the settings were found right. Asks nobody and never waits."""
    if not session.services.cache_info().currsize:
        return None
    shared = session.services()
    return Facing(shared.settings.sign_in, shared.settings.secure, shared.provider.origins)


async def _keep_house() -> None:
    chores = {"learn the provider's addresses": _get_acquainted, "sweep out what is over": _sweep}
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


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    # Streamlit collects garbage after each run of the script: what was imported will never be garbage.
    gc.collect()
    gc.freeze()
    housekeeping = asyncio.create_task(_keep_house())
    yield
    housekeeping.cancel()
    with suppress(asyncio.CancelledError):
        await housekeeping


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


def _without_banner() -> None:
    """Keeps the server from naming itself in every answer.

    uvicorn adds the header after all middleware, Streamlit passes it no setting, and `streamlit run` imports
    this module when uvicorn's configuration is made already: what can still be changed is what the
    configuration answers when uvicorn asks it for the headers of the coming answers, once a second.
    """

    def without_server(config: uvicorn.Config) -> list[tuple[bytes, bytes]]:
        return [(name, value) for name, value in vars(config)["encoded_headers"] if name != b"server"]

    def keep(config: uvicorn.Config, headers: list[tuple[bytes, bytes]]) -> None:
        vars(config)["encoded_headers"] = headers

    uvicorn.Config.encoded_headers = property(without_server, keep)  # type: ignore[assignment]


def _configure_logs() -> None:
    try:
        settings = session.services().settings
    except SettingsError:
        logs.configure("INFO", "pretty")  # every page tells what is wrong with them
    else:
        logs.configure(settings.log_level, settings.log_format)


# Before Streamlit starts: from then on, what stands in secrets.toml stands over the environment as well.
_configure_logs()
_without_banner()

app = st.App(
    _HERE / "main.py",
    routes=[*ROUTES, Route("/auth/{path:path}", _no_route, methods=_METHODS)],
    middleware=[
        Middleware(SecurityHeaders, facing),
        Middleware(Gate, doors),
        Middleware(ButtonStyle),
        Middleware(CompressedAssets),
    ],
    lifespan=_lifespan,
    exception_handlers={Exception: _failed},
    on_script_error=on_script_error,
)
