"""The runner's own pages: health, settings, faults, states and conditions. Only this machine sees them."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from infra.local.aws import wire
from infra.local.aws.conditions import BadCondition, Conditions
from infra.local.aws.fault_requests import BadFault, fault
from infra.local.aws.faults import MOST_FAULTS, Faults
from infra.local.aws.states import States

PREFIX = "/_local/"
_FAULTS = "/_local/faults"
_STATES = "/_local/states"
_CONDITIONS = "/_local/conditions"
_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
_MOST_BYTES = 64 * 1024


class LocalPages:
    """Answers what begins with /_local/; a page of another site that is pointed here by DNS gets nothing."""

    def __init__(
        self,
        *,
        ready: Callable[[], bool],
        settings: Mapping[str, str],
        faults: Faults,
        states: States,
        conditions: Conditions,
        services: Collection[str],
    ) -> None:
        self._ready = ready
        self._settings = settings
        self._faults = faults
        self._states = states
        self._conditions = conditions
        self._services = services

    def answer(self, environ: Mapping[str, Any]) -> wire.HttpResponse:
        """The page that is asked for."""
        path, method = str(environ["PATH_INFO"]), environ["REQUEST_METHOD"]
        if not _HOST.fullmatch(environ.get("HTTP_HOST", "")):
            return _json(403, {"error": "only for this machine"})
        for page, control in (
            (_FAULTS, self._control_faults),
            (_STATES, self._control_states),
            (_CONDITIONS, self._control_conditions),
        ):
            if path == page or path.startswith(f"{page}/"):
                # A browser says where a request comes from: no page may ask for a change, not one of this
                # machine.
                if "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE", "none") != "none":
                    return _json(403, {"error": "not for web pages"})
                return control(environ, method, path.removeprefix(page).removeprefix("/"))
        return self._shown(path, method)

    def _shown(self, path: str, method: str) -> wire.HttpResponse:
        if method != "GET":
            return _json(405, {"error": "only GET"})
        if path == "/_local/health":
            ready = self._ready()
            return _json(200 if ready else 503, {"status": "ready" if ready else "starting"})
        if path == "/_local/env":
            return _json(200, self._settings)
        return _json(404, {"error": "not found"})

    def _control_states(self, _: Mapping[str, Any], method: str, number: str) -> wire.HttpResponse:
        if method != "POST":
            return _json(405, {"error": "POST on /_local/states or on /_local/states/<id>"})
        if not number:
            return _json(201, {"id": str(self._states.keep())})
        try:
            self._states.put_back(int(number) if re.fullmatch(r"[0-9]{1,9}", number) else -1)
        except LookupError:
            return _json(404, {"error": "there is no such state"})
        return _json(200, {"id": number})

    def _control_conditions(self, environ: Mapping[str, Any], method: str, number: str) -> wire.HttpResponse:
        if method == "POST" and not number:
            try:
                self._conditions.change(json.loads(_body(environ)))
            except ValueError as error:
                return _json(400, {"error": str(error) if isinstance(error, BadCondition) else "no JSON"})
        elif method != "GET" or number:
            return _json(405, {"error": "GET and POST on /_local/conditions"})
        return _json(200, self._conditions.shown())

    def _control_faults(self, environ: Mapping[str, Any], method: str, number: str) -> wire.HttpResponse:
        if method == "GET" and not number:
            return _json(200, {"faults": self._faults.listed()})
        if method == "POST" and not number:
            return self._add(environ)
        if method == "DELETE":
            return self._remove(number)
        return _json(405, {"error": "GET and POST on /_local/faults, DELETE on it or on /_local/faults/<id>"})

    def _add(self, environ: Mapping[str, Any]) -> wire.HttpResponse:
        if str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip() != "application/json":
            return _json(415, {"error": "Content-Type must be application/json"})
        body = _body(environ)
        if not body:
            return _json(413, {"error": f"the body may have {_MOST_BYTES} bytes"})
        try:
            asked = fault(body, services=self._services)
            return _json(201, self._faults.add(asked))
        except BadFault as error:
            return _json(400, {"error": str(error)})
        except LookupError:
            return _json(409, {"error": f"there are {MOST_FAULTS} faults already: remove some"})

    def _remove(self, number: str) -> wire.HttpResponse:
        if not number:
            self._faults.clear()
        elif not self._faults.remove(number):
            return _json(404, {"error": "there is no such fault"})
        return _json(200, {"faults": self._faults.listed()})


def _body(environ: Mapping[str, Any]) -> bytes:
    """The body of a request; nothing of one that is too long."""
    length = str(environ.get("CONTENT_LENGTH") or "0")
    fits = re.fullmatch(r"[0-9]{1,9}", length) and int(length) <= _MOST_BYTES
    return bytes(environ["wsgi.input"].read(int(length))) if fits else b""


def _json(status: int, content: Mapping[str, Any]) -> wire.HttpResponse:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return wire.HttpResponse(status, headers, json.dumps(content).encode())
