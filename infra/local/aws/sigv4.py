"""Signature Version 4: each request is signed a second time with the secret that is known here."""

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Secret

from infra.local.aws.credentials import Credentials, ExpiredKey, UnknownKey
from infra.local.aws.model import AwsError, Caller
from infra.local.aws.wire import HttpRequest
from infra.local.config import REGION

SKEW_SECONDS = 300
_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = frozenset({"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
_MAX_PRESIGNED_SECONDS = 604_800


@dataclass(frozen=True)
class Signature:
    """What a request says of its signature; nothing of it is proved."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    timestamp: str
    token: str | None
    presigned_seconds: int | None = None


# What a fault is called: by protocol, as AWS calls it.
_NAMES = {
    "missing": {"rest-xml": "AccessDenied", "query": "MissingAuthenticationToken"},
    "incomplete": {"rest-xml": "AuthorizationHeaderMalformed", "query": "IncompleteSignature"},
    "unknown": {"rest-xml": "InvalidAccessKeyId", "query": "InvalidClientTokenId"},
    "expired": {"rest-xml": "ExpiredToken", "query": "ExpiredToken"},
    "skewed": {"rest-xml": "RequestTimeTooSkewed", "query": "SignatureDoesNotMatch"},
    "wrong": {"rest-xml": "SignatureDoesNotMatch", "query": "SignatureDoesNotMatch"},
}
_JSON_NAMES = {
    "missing": "MissingAuthenticationTokenException",
    "incomplete": "IncompleteSignatureException",
    "unknown": "UnrecognizedClientException",
    "expired": "ExpiredTokenException",
    "skewed": "InvalidSignatureException",
    "wrong": "InvalidSignatureException",
}


def fault(kind: str, protocol: str, message: str) -> AwsError:
    """An error about a signature under the name that the protocol's services give it."""
    known = "query" if protocol == "ec2" else protocol
    name = _NAMES[kind].get(known, _JSON_NAMES[kind])
    return AwsError(name, message, 403 if known in ("query", "rest-xml") else 400)


def parse(request: HttpRequest, protocol: str) -> Signature | None:
    """The signature that a request carries; None when it carries none."""
    header = request.headers.get("authorization")
    if header is not None:
        return _from_header(request, header, protocol)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if query.get("X-Amz-Algorithm") == _ALGORITHM:
        return _from_query(query, protocol)
    return None


def _from_header(request: HttpRequest, header: str, protocol: str) -> Signature:
    found = re.fullmatch(
        rf"{_ALGORITHM} Credential=([^,/\s]+)/(\d{{8}})/([\w-]+)/([\w-]+)/aws4_request"
        r",\s*SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})",
        header.strip(),
    )
    if found is None:
        raise fault("incomplete", protocol, "The Authorization header is not a Signature Version 4.")
    key, date, region, service, names, value = found.groups()
    return Signature(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(names.split(";")),
        value=value,
        timestamp=request.headers.get("x-amz-date", ""),
        token=request.headers.get("x-amz-security-token"),
    )


def _from_query(query: dict[str, str], protocol: str) -> Signature:
    scope = query.get("X-Amz-Credential", "").split("/")
    seconds = query.get("X-Amz-Expires", "")
    if len(scope) != 5 or not re.fullmatch(r"[0-9]{1,6}", seconds):  # noqa: PLR2004 - the scope's parts
        raise fault("incomplete", protocol, "The query string is not a Signature Version 4.")
    return Signature(
        access_key_id=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        signed_headers=tuple(query.get("X-Amz-SignedHeaders", "").split(";")),
        value=query.get("X-Amz-Signature", ""),
        timestamp=query.get("X-Amz-Date", ""),
        token=query.get("X-Amz-Security-Token"),
        presigned_seconds=int(seconds),
    )


class Verifier:
    """Tells who signed a request."""

    def __init__(self, credentials: Credentials, *, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._clock = clock

    def caller(self, request: HttpRequest, signature: Signature, protocol: str) -> Caller:
        """Whoever signed the request; raises AwsError unless the signature is theirs, whole and fresh."""
        try:
            key = self._credentials.find(signature.access_key_id, signature.token)
        except UnknownKey:
            raise fault(
                "unknown", protocol, "The security token included in the request is invalid."
            ) from None
        except ExpiredKey:
            raise fault(
                "expired", protocol, "The security token included in the request is expired."
            ) from None
        self._check_time(signature, protocol)
        self._check_scope(request, signature, protocol)
        expected = _sign(request, signature, key.secret_access_key)
        if not hmac.compare_digest(expected.encode(), signature.value.encode("latin-1", "replace")):
            raise fault(
                "wrong",
                protocol,
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method.",
            )
        _check_payload(request, signature, protocol)
        return key.caller

    def _check_time(self, signature: Signature, protocol: str) -> None:
        try:
            signed_at = dt.datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        except ValueError as error:
            raise fault("incomplete", protocol, "X-Amz-Date is missing or not a time.") from error
        if signature.timestamp[:8] != signature.date:
            raise fault("wrong", protocol, "Date in Credential scope does not match the request's date.")
        age = self._clock() - signed_at.timestamp()
        longest = SKEW_SECONDS
        if signature.presigned_seconds is not None:
            longest = min(signature.presigned_seconds, _MAX_PRESIGNED_SECONDS)
        if not -SKEW_SECONDS <= age <= longest:
            raise fault("skewed", protocol, "Signature expired or not yet current: check the clock.")

    def _check_scope(self, request: HttpRequest, signature: Signature, protocol: str) -> None:
        if signature.region != REGION:
            raise fault("wrong", protocol, f"Credential should be scoped to the region {REGION}.")
        needed = {"host"} | {name for name in request.headers if name.startswith("x-amz-")}
        if not needed <= set(signature.signed_headers):
            raise fault("wrong", protocol, "Host and every x-amz- header must be signed.")
        if signature.presigned_seconds is not None and signature.service != "s3":
            raise fault("incomplete", protocol, "A presigned URL is understood for S3 alone.")


class _SignedAgain:
    """Signs the headers that the sender signed, no other and none less."""

    signed: tuple[str, ...] = ()

    def headers_to_sign(self, request: AWSRequest) -> object:
        kept = AWSRequest(headers={name: request.headers.get(name, "") for name in self.signed})
        return kept.headers


class _Auth(_SignedAgain, SigV4Auth):  # type: ignore[misc] # botocore's stubs type headers_to_sign narrowly
    pass


class _S3Auth(_SignedAgain, S3SigV4Auth):  # type: ignore[misc] # as above
    pass


def _sign(request: HttpRequest, signature: Signature, secret: str) -> str:
    kind = _S3Auth if signature.service == "s3" else _Auth
    signer = kind(
        Secret(signature.access_key_id, secret, signature.token), signature.service, signature.region
    )
    signer.signed = signature.signed_headers
    headers = dict(request.headers)
    query = request.query
    if signature.presigned_seconds is not None:
        headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
        query = "&".join(pair for pair in query.split("&") if not pair.startswith("X-Amz-Signature="))
    url = f"http://signed{request.path}" + (f"?{query}" if query else "")
    again = AWSRequest(method=request.method, url=url, data=request.body, headers=headers)
    again.context["timestamp"] = signature.timestamp
    canonical = signer.canonical_request(again)
    return str(signer.signature(signer.string_to_sign(again, canonical), again))


def _check_payload(request: HttpRequest, signature: Signature, protocol: str) -> None:
    claimed = request.headers.get("x-amz-content-sha256")
    if claimed is None or (signature.service == "s3" and claimed in _UNSIGNED):
        return
    if not hmac.compare_digest(claimed.encode(), hashlib.sha256(request.body).hexdigest().encode()):
        raise fault("wrong", protocol, "x-amz-content-sha256 is not the body's digest.")
