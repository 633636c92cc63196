"""HTTP on one side, operations on the other: requests are read and responses written by botocore's models."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from moto.core import utils
from moto.core.errors import ErrorLookupFactory
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import QueryParser
from moto.core.serialize import SerializationContext, get_serializer_class
from werkzeug.datastructures import MultiDict

from infra.local.aws.constraints import check
from infra.local.aws.model import AwsError

MAX_BODY_BYTES = 64 * 1024 * 1024
FORM = "application/x-www-form-urlencoded"
_ID_HEADERS = frozenset({"x-amzn-requestid", "x-amz-request-id"})

# Moto makes a loader for each model that it reads, and each of them looks for every service that AWS has.
utils.create_loader = cache(utils.create_loader)  # type: ignore[attr-defined]  # moto imports it there


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came, read whole."""

    method: str
    path: str  # as sent, still percent-encoded
    query: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of a form body; a field sent twice, or a body that is not text, is refused."""
        if not self.headers.get("content-type", "").startswith(FORM):
            return {}
        try:
            pairs = parse_qsl(self.body.decode(), keep_blank_values=True, max_num_fields=10_000)
        except ValueError as error:
            raise AwsError("MalformedInput", "The form cannot be read.") from error
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise AwsError("MalformedInput", "A field of the form is given twice.")
        return fields


@dataclass(frozen=True)
class HttpResponse:
    """What goes back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False  # the connection ends half-way through the body


def read(environ: Mapping[str, Any]) -> HttpRequest:
    """Reads a WSGI request; a body above the bound raises AwsError."""
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    length = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,12}", length) or int(length) > MAX_BODY_BYTES:
        raise AwsError("EntityTooLarge", f"A request's body may have {MAX_BODY_BYTES} bytes.", 413)
    # The path as sent: S3's signature is over it, not over what it decodes to.
    sent = str(environ.get("REQUEST_URI", "")).partition("?")[0]
    path = re.sub(r"^https?://[^/]*", "", sent) or quote(
        str(environ.get("PATH_INFO", "")), encoding="latin-1"
    )
    return HttpRequest(
        method=str(environ["REQUEST_METHOD"]),
        path=path or "/",
        query=str(environ.get("QUERY_STRING", "")),
        headers=headers,
        body=environ["wsgi.input"].read(int(length)),
    )


def operation(request: HttpRequest, service: ServiceModel) -> OperationModel:
    """The operation that a request names; NotImplemented where the service's model has none."""
    name = _operation_name(request, service)
    if name not in service.operation_names:
        raise not_implemented(service.service_name, name)
    model: OperationModel = service.operation_model(name)
    return model


def not_implemented(service: str, name: str) -> AwsError:
    """The error for everything that the stand-in does not do."""
    shown = re.sub(r"[^\w .,:-]", "?", name)[:80] or "The request"
    return AwsError("NotImplemented", f"{shown} of {service} is not implemented by the stand-in.", 501)


def _operation_name(request: HttpRequest, service: ServiceModel) -> str:
    if service.protocol == "query":
        # A query string could name a second Action to whoever reads the request next.
        return "" if request.query or request.method != "POST" else request.form.get("Action", "")
    if service.protocol == "json":
        prefix, _, name = request.headers.get("x-amz-target", "").rpartition(".")
        return name if prefix == service.metadata["targetPrefix"] and not request.query else ""
    sent = f"{request.path}?{request.query}".removesuffix("?")
    for name in service.operation_names:
        http = service.operation_model(name).http
        if (request.method, sent) == (http["method"], http["requestUri"]):
            return str(name)
    return ""


def parameters(request: HttpRequest, model: OperationModel) -> dict[str, Any]:
    """The operation's parameters, checked against its model."""
    protocol = model.service_model.protocol
    try:
        if protocol == "query":
            # The parser reads a form's values, and nothing else of a request.
            values: Any = {"values": MultiDict(request.form)}
            found = QueryParser(model).parse(values) if model.input_shape else {}
        else:
            found = json.loads(request.body or b"{}")
            json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
        check(found, model)
    except (ValueError, RecursionError) as error:
        raise AwsError("SerializationException", "The request's body cannot be read.") from error
    return dict(found)


def success(members: Mapping[str, Any], model: OperationModel, request_id: str) -> HttpResponse:
    """A response with the members that the operation's model has."""
    service = model.service_model
    if service.protocol == "json":
        kind = f"application/x-amz-json-{service.metadata['jsonVersion']}"
        output = _jsonable(members, model.output_shape) if model.output_shape else {}
        return HttpResponse(200, {"Content-Type": kind}, json.dumps(output).encode())
    serializer = get_serializer_class(service.service_name, service.protocol)
    sent = serializer(model, SerializationContext(request_id)).serialize(members)
    body = sent["body"]
    kind = "application/json" if service.protocol == "rest-json" else sent["headers"].get("Content-Type", "")
    return HttpResponse(
        int(sent["status_code"]), {"Content-Type": kind}, body.encode() if isinstance(body, str) else body
    )


def _jsonable(value: Any, shape: Any) -> Any:
    """The value as its shape has it in JSON; moto's serializer needs a second for a page of rows."""
    kind = shape.type_name
    if kind == "structure" and not shape.is_document_type:
        members = shape.members
        return {
            name: _jsonable(member, members[name])
            for name, member in value.items()
            if name in members and member is not None
        }
    if kind == "list":
        return [_jsonable(item, shape.member) for item in value]
    if kind == "map":
        return {name: _jsonable(item, shape.value) for name, item in value.items()}
    if kind == "timestamp" and isinstance(value, datetime):
        return round(value.timestamp(), 3)
    return value


def failure(error: AwsError, service: ServiceModel | None, request_id: str) -> HttpResponse:
    """An error in the shape that the service's protocol gives it."""
    protocol = service.protocol if service else "json"
    shape = ErrorLookupFactory().for_service(service).from_code(error.code) if service else None
    modelled = shape.metadata.get("error", {}) if shape else {}
    status = int(modelled.get("httpStatusCode", error.status))
    if protocol == "rest-xml":
        return _xml(status, _xml_error(error, request_id))
    if protocol in ("query", "ec2"):
        fault = "Sender" if status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's border
        inner = _xml_error(error, request_id="", kind=fault)
        return _xml(
            status, f"<ErrorResponse>{inner}<RequestId>{escape(request_id)}</RequestId></ErrorResponse>"
        )
    members = dict(error.members)
    names = tuple(shape.members) if shape else ()
    if "error" not in error.members:  # OAuth's errors have no other text than their description
        members["Message" if "Message" in names else "message"] = error.message
    code = shape.name if shape else error.code
    body = {**({"__type": code} if protocol != "rest-json" else {}), **members}
    kind = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
    return HttpResponse(status, {"Content-Type": kind, "X-Amzn-ErrorType": code}, json.dumps(body).encode())


def named(response: HttpResponse, protocol: str, request_id: str) -> HttpResponse:
    """The answer under the id that the log and the audit event have, too; moto makes up ids of its own."""
    others = {name: value for name, value in response.headers.items() if name.lower() not in _ID_HEADERS}
    headers = {**others, "x-amzn-RequestId": request_id}
    body = response.body
    if protocol == "rest-xml":
        headers["x-amz-request-id"] = request_id
    # An object's content may well have such an element; an error of S3's is no object.
    if protocol == "query" or (protocol == "rest-xml" and response.status >= 400):  # noqa: PLR2004 - HTTP's border
        element = f"<RequestId>{request_id}</RequestId>".encode()
        body = re.sub(rb"<RequestId>[^<]*</RequestId>", element, body)
    return HttpResponse(response.status, headers, body)


def _xml_error(error: AwsError, request_id: str, *, kind: str = "") -> str:
    head = f"<Type>{kind}</Type>" if kind else ""
    tail = f"<RequestId>{escape(request_id)}</RequestId>" if request_id else ""
    code, message = escape(error.code), escape(error.message)
    return f"<Error>{head}<Code>{code}</Code><Message>{message}</Message>{tail}</Error>"


def _xml(status: int, text: str) -> HttpResponse:
    return HttpResponse(status, {"Content-Type": "text/xml"}, text.encode("utf-8", "xmlcharrefreplace"))


def model_of(service: str) -> ServiceModel:
    """A service's model, as botocore ships it."""
    return utils.get_service_model(service)
