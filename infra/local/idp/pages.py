"""The provider's addresses: the sign-in page, the endpoints of the protocol, and signing out."""

import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import flask
from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from flask import request, session
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response

from infra.local.idp.claims import SCOPES, subject
from infra.local.idp.client import AUTHENTICATION_METHODS, GRANT_TYPES
from infra.local.idp.protocol import ALGORITHM, Provider
from infra.local.idp.store import SignIn
from infra.local.people import Person

log = logging.getLogger(__name__)

# What of an authorization request the sign-in page hands on to the answer.
_CARRIED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)
# Authlib repeats these in its errors, where OAuth allows no quotes, backslashes or letters beyond ASCII.
_REPEATED = ("response_type", "client_id", "redirect_uri")
_SPEAKABLE = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")
_TOLD = {"token": "token request", "revoke": "revocation", "end_session": "end_session"}
_GRANTS = {"authorization_code": "code exchange", "refresh_token": "refresh"}
_CACHED = frozenset({"static", "discovery", "jwks"})


class Pages:
    """The views of one provider."""

    def __init__(self, provider: Provider, *, people: Sequence[Person]) -> None:
        self._provider = provider
        self._people = {person.username: person for person in people}

    def register(self, app: flask.Flask) -> None:
        either = ["GET", "POST"]
        app.add_url_rule("/.well-known/openid-configuration", "discovery", self.discovery)
        app.add_url_rule("/jwks", "jwks", self.jwks)
        app.add_url_rule("/authorize", "authorize", self.authorize)
        app.add_url_rule("/authorize", "answer", self.answer, methods=["POST"])
        app.add_url_rule("/token", "token", self.token, methods=["POST"])
        app.add_url_rule("/revoke", "revoke", self.revoke, methods=["POST"])
        app.add_url_rule("/userinfo", "userinfo", self.userinfo, methods=either)
        app.add_url_rule("/end_session", "end_session", self.end_session, methods=either)
        app.register_error_handler(OAuth2Error, self._refused)
        app.register_error_handler(HTTPException, self._failed)
        app.after_request(self._guarded)
        app.after_request(_told)

    def discovery(self) -> dict[str, object]:
        issuer = self._provider.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "revocation_endpoint": f"{issuer}/revoke",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "end_session_endpoint": f"{issuer}/end_session",
            "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": GRANT_TYPES,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "scopes_supported": SCOPES,
            "claims_supported": [
                *("iss", "sub", "aud", "azp", "iat", "exp", "jti", "auth_time", "nonce", "at_hash"),
                *("email", "email_verified", "name", "given_name", "family_name", "preferred_username"),
                "groups",
            ],
            "token_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
            "revocation_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login"],
            "authorization_response_iss_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }

    def jwks(self) -> dict[str, object]:
        return {"keys": [self._provider.key.as_dict(private=False)]}

    def authorize(self) -> Response:
        """Shows the people to choose from, or answers at once where the request asks for silence."""
        sign_in = self._signed_in()
        silent = request.args.get("prompt") == "none"
        if silent and sign_in and _hint() not in {"", sign_in.person.email, sign_in.person.username}:
            sign_in = None  # whoever is meant, it is not who is there
        grant = self._grant(sign_in)
        if silent:
            return self._redirected(grant, sign_in)
        return self._choice(sign_in)

    def answer(self) -> Response:
        """Takes the choice that was made on the page."""
        self._require_own_form()
        if "person" not in request.form:
            return self._redirected(self._grant(None), None)
        person = self._people.get(request.form["person"])
        if person is None:
            flask.abort(400, "There is nobody of that name here.")
        sign_in = SignIn(person, int(self._provider.clock()))
        grant = self._grant(sign_in)
        self._start_session(sign_in)
        return self._redirected(grant, sign_in)

    def token(self) -> Response:
        _refuse_secrets_in_the_address()
        response: Response = self._provider.create_token_response()
        return response

    def revoke(self) -> Response:
        _refuse_secrets_in_the_address()
        response: Response = self._provider.create_endpoint_response("revocation")
        return response

    def userinfo(self) -> Response:
        response: Response = self._provider.create_endpoint_response("userinfo")
        return response

    def end_session(self) -> Response:
        """Signs out and returns to the client; a request without an ID token is confirmed by the person."""
        asked = self._provider.validate_endpoint_request("end_session")
        current = self._signed_in()
        flask.g.person = self._meant(asked.id_token_claims, current)
        if asked.id_token_claims is None and current:
            if "csrf" not in request.form:
                flask.g.outcome = "asked"
                return self._page("confirm.html", person=current.person, csrf=_csrf())
            self._require_own_form()
            self._drop_session()
        elif (
            current and asked.id_token_claims and asked.id_token_claims.get("sub") == subject(current.person)
        ):
            # Another person's sign-out does not end this one's session.
            self._drop_session()
        response: Response | None = self._provider.create_endpoint_response("end_session", asked)
        return response or self._page(
            "message.html", title="You are signed out", text="You can close this page."
        )

    def _meant(self, claims: Mapping[str, Any] | None, current: SignIn | None) -> str:
        """Whom a sign-out is about: whoever the ID token names, or who is signed in here."""
        if claims is None:
            return current.person.email if current else "nobody"
        return next((p.email for p in self._people.values() if subject(p) == claims.get("sub")), "nobody")

    def _grant(self, sign_in: SignIn | None) -> Any:
        """The checked authorization request; raises OAuth2Error."""
        if not all(_SPEAKABLE.fullmatch(request.values.get(name, "")) for name in _REPEATED):
            flask.abort(400, "The request has letters that no registered value has.")
        return self._provider.get_consent_grant(end_user=sign_in)

    def _redirected(self, grant: Any, sign_in: SignIn | None) -> Response:
        """Back to the client: with a code, or with access_denied when nobody was chosen."""
        return self._identified(self._provider.create_authorization_response(grant=grant, grant_user=sign_in))

    def _identified(self, response: Response) -> Response:
        # RFC 9207: a client of several providers knows which one answered.
        response.location = add_params_to_uri(response.location, {"iss": self._provider.issuer})
        if request.method == "POST":
            # "See other": the form must not travel on to the client.
            response.status_code = 303
        return response

    def _refused(self, error: OAuth2Error) -> Response:
        """Tells the client, where the redirect URI is known to be its own; otherwise only the person."""
        flask.g.refusal = flask.g.get("refusal") or error.error
        if error.redirect_uri:
            return self._identified(self._provider.handle_response(*error()))
        if request.endpoint in {"token", "revoke"}:
            response: Response = self._provider.handle_response(*error())
            return response
        return self._page(
            "message.html",
            status=400,
            title="This request cannot be answered",
            text=error.description
            or "The application sent a request that is not valid. Go back to it and start again.",
            code=error.error,
        )

    def _failed(self, error: HTTPException) -> Response:
        flask.g.refusal = error.name
        if isinstance(error, SecurityError):
            return error.get_response()  # under a stranger's name there are no addresses for a page
        return self._page(
            "message.html",
            status=error.code or 500,
            title="This request cannot be answered",
            text=error.description or error.name,
            code=error.name,
        )

    def _choice(self, sign_in: SignIn | None) -> Response:
        hint = _hint()
        hinted = next((p for p in self._people.values() if hint in {p.email, p.username}), None)
        return self._page(
            "choose.html",
            people=self._people.values(),
            chosen=hinted or (sign_in and sign_in.person),
            current=sign_in and sign_in.person,
            carried={name: request.args[name] for name in _CARRIED if name in request.args},
            csrf=_csrf(),
            client=urlsplit(request.args["redirect_uri"]).netloc,
        )

    def _signed_in(self) -> SignIn | None:
        """Who is signed in at this browser, unless the client asks for a younger sign-in."""
        sign_in = self._provider.ledger.sessions.get(session.get("id", ""))
        oldest = request.values.get("max_age", "")
        if sign_in and re.fullmatch(r"[0-9]{1,9}", oldest):
            age = self._provider.clock() - sign_in.auth_time
            return sign_in if age <= int(oldest) else None
        return sign_in

    def _start_session(self, sign_in: SignIn) -> None:
        self._drop_session()
        # A new id at each sign-in: one that was planted before is worth nothing.
        session["id"] = secrets.token_urlsafe(32)
        self._provider.ledger.sessions.put(session["id"], sign_in)

    def _drop_session(self) -> None:
        self._provider.ledger.sessions.drop(session.get("id", ""))
        session.clear()

    def _require_own_form(self) -> None:
        sent, kept = request.form.get("csrf", ""), session.get("csrf", "")
        if not kept or not secrets.compare_digest(sent.encode(), kept.encode()):
            flask.abort(
                400, "This form is not from a page that was shown in this browser. Go back and try again."
            )

    def _page(self, template: str, *, status: int = 200, **values: object) -> Response:
        return flask.make_response(flask.render_template(template, **values), status)

    def _guarded(self, response: Response) -> Response:
        # Chromium checks form-action along redirects too, so the clients' origins are listed.
        clients = {
            "{0.scheme}://{0.netloc}".format(urlsplit(uri)) for uri in self._provider.client.redirect_uris
        }
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {' '.join(sorted(clients))}"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        # No Cross-Origin-Opener-Policy: a pop-up must stay within its opener's reach.
        if request.endpoint not in _CACHED:
            response.headers["Cache-Control"] = "no-store"
        return response


def _told(response: Response) -> Response:
    """One line in the log for each use of a code, a token or a session; no secret has a part in it."""
    kind = _TOLD.get(request.endpoint or "", "")
    if request.endpoint == "token":
        kind = _GRANTS.get(request.form.get("grant_type", ""), kind)
    if kind and request.method != "OPTIONS":
        outcome = flask.g.get("outcome", "accepted")
        if response.status_code >= 400:  # noqa: PLR2004 - HTTP's border
            # OAuth's own name of the error, where nothing closer is known.
            said = response.get_json(silent=True) if response.is_json else None
            outcome = f"refused: {flask.g.get('refusal') or (said or {}).get('error', response.status)}"
        log.info("%s person=%s: %s", kind, flask.g.get("person", "nobody"), outcome)
    return response


def _hint() -> str:
    return request.args.get("login_hint", "").lower()


def _csrf() -> str:
    return str(session.setdefault("csrf", secrets.token_urlsafe(32)))


def _refuse_secrets_in_the_address() -> None:
    """Parameters belong in the body: addresses end in logs."""
    if request.args:
        raise OAuth2Error(error="invalid_request", description="Send the parameters in the body.")
