"""Puts the provider together as a Flask application."""

import logging
import secrets
import time
from collections.abc import Sequence

import flask

from infra.local.config import Config
from infra.local.idp.pages import Pages
from infra.local.idp.protocol import Provider, settings
from infra.local.idp.store import Clock
from infra.local.people import PEOPLE, Person

_LARGEST_REQUEST = 64 * 1024


def create_idp(config: Config, *, people: Sequence[Person] = PEOPLE, clock: Clock = time.time) -> flask.Flask:
    """The demonstration's OIDC provider as a WSGI application, with a key of its own at every start."""
    # Authlib's debug lines spell out the tokens that it issues.
    logging.getLogger("authlib").setLevel(logging.INFO)
    app = flask.Flask(__name__)
    app.config.update(
        settings(config),
        SECRET_KEY=secrets.token_bytes(32),
        # Cookies know no ports: two providers on one machine need two names.
        SESSION_COOKIE_NAME=f"rowlight_demo_idp_{config.idp_port}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=_LARGEST_REQUEST,
        # A page of a stranger whose name points to this machine must not speak with the provider.
        TRUSTED_HOSTS=["localhost"],
    )
    provider = Provider(config, clock=clock)
    provider.init_app(app)
    Pages(provider, people=people).register(app)
    return app
