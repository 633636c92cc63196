"""Which operation of S3 a request is, and what IAM calls it.

S3 has no name of the operation in its requests: method, path and query string tell. Only what is listed here
is let through, so that nothing can be asked for under another operation's permission.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from infra.local.aws.model import AwsError
from infra.local.aws.wire import FORM, HttpRequest, not_implemented

# A path that could be read in two ways names no bucket.
_PATH = re.compile(r"/(?:(?P<bucket>[A-Za-z0-9._-]+)(?:/(?P<key>[^#]*))?)?")


@dataclass(frozen=True)
class S3Operation:
    """An operation with the permissions that it needs: (action, resource) each."""

    name: str
    permissions: tuple[tuple[str, str], ...]
    prefix: str = ""  # of a listing: policies may ask for it
    bucket: str = ""


_LISTING = frozenset(
    {
        "list-type",
        "prefix",
        "delimiter",
        "max-keys",
        "continuation-token",
        "start-after",
        "encoding-type",
        "fetch-owner",
        "marker",
    }
)
_READING = frozenset(
    {"versionId", "partNumber"}
    | {
        f"response-{name}"
        for name in (
            "content-type",
            "content-language",
            "expires",
            "cache-control",
            "content-disposition",
            "content-encoding",
        )
    }
)
_NONE = frozenset[str]()

# (method, level, query parameters that must be there, others that may be): (operation, action)
_OPERATIONS: tuple[tuple[str, str, frozenset[str], frozenset[str], str, str], ...] = (
    ("GET", "service", _NONE, frozenset({"max-buckets", "continuation-token", "prefix", "bucket-region"}),
     "ListBuckets", "ListAllMyBuckets"),
    ("PUT", "bucket", _NONE, _NONE, "CreateBucket", "CreateBucket"),
    ("HEAD", "bucket", _NONE, _NONE, "HeadBucket", "ListBucket"),
    ("DELETE", "bucket", _NONE, _NONE, "DeleteBucket", "DeleteBucket"),
    ("GET", "bucket", _NONE, _LISTING, "ListObjects", "ListBucket"),
    ("GET", "bucket", frozenset({"location"}), _NONE, "GetBucketLocation", "GetBucketLocation"),
    ("GET", "bucket", frozenset({"versioning"}), _NONE, "GetBucketVersioning", "GetBucketVersioning"),
    ("PUT", "bucket", frozenset({"versioning"}), _NONE, "PutBucketVersioning", "PutBucketVersioning"),
    ("GET", "bucket", frozenset({"encryption"}), _NONE, "GetBucketEncryption", "GetEncryptionConfiguration"),
    ("PUT", "bucket", frozenset({"encryption"}), _NONE, "PutBucketEncryption", "PutEncryptionConfiguration"),
    ("GET", "bucket", frozenset({"publicAccessBlock"}), _NONE,
     "GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("PUT", "bucket", frozenset({"publicAccessBlock"}), _NONE,
     "PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("GET", "bucket", frozenset({"tagging"}), _NONE, "GetBucketTagging", "GetBucketTagging"),
    ("PUT", "bucket", frozenset({"tagging"}), _NONE, "PutBucketTagging", "PutBucketTagging"),
    ("POST", "bucket", frozenset({"delete"}), _NONE, "DeleteObjects", "DeleteObject"),
    ("GET", "bucket", frozenset({"uploads"}), frozenset({"prefix", "max-uploads", "key-marker"}),
     "ListMultipartUploads", "ListBucketMultipartUploads"),
    ("GET", "object", _NONE, _READING, "GetObject", "GetObject"),
    ("HEAD", "object", _NONE, _READING, "HeadObject", "GetObject"),
    ("PUT", "object", _NONE, _NONE, "PutObject", "PutObject"),
    ("DELETE", "object", _NONE, frozenset({"versionId"}), "DeleteObject", "DeleteObject"),
    ("POST", "object", frozenset({"uploads"}), _NONE, "CreateMultipartUpload", "PutObject"),
    ("PUT", "object", frozenset({"partNumber", "uploadId"}), _NONE, "UploadPart", "PutObject"),
    ("GET", "object", frozenset({"uploadId"}), frozenset({"max-parts", "part-number-marker"}),
     "ListParts", "ListMultipartUploadParts"),
    ("POST", "object", frozenset({"uploadId"}), _NONE, "CompleteMultipartUpload", "PutObject"),
    ("DELETE", "object", frozenset({"uploadId"}), _NONE, "AbortMultipartUpload", "AbortMultipartUpload"),
)  # fmt: skip

OPERATION_NAMES = frozenset(name for *_, name, _ in _OPERATIONS)


def operation(request: HttpRequest) -> S3Operation:
    """What a request asks of S3; NotImplemented when it is not on the list."""
    _refuse_forms(request)
    path = _PATH.fullmatch(request.path)
    if path is None:
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.")
    bucket, key = path["bucket"] or "", unquote(path["key"] or "")
    level = "object" if key else "bucket" if bucket else "service"
    names = {
        name
        for name, _ in parse_qsl(request.query, keep_blank_values=True)
        if name != "x-id" and not name.startswith("X-Amz-")
    }
    resource = {
        "service": "*",
        "bucket": f"arn:aws:s3:::{bucket}",
        "object": f"arn:aws:s3:::{bucket}/{key}",
    }[level]
    for method, of_level, needed, optional, name, action in _OPERATIONS:
        if (method, of_level) == (request.method, level) and needed <= names <= needed | optional:
            target = f"{resource}/*" if name == "DeleteObjects" else resource
            prefix = dict(parse_qsl(request.query)).get("prefix", "")
            return S3Operation(name, ((f"s3:{action}", target), *_source(request)), prefix, bucket)
    raise not_implemented("s3", f"{request.method} with {', '.join(sorted(names)) or 'no query'}")


def _source(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    source = request.headers.get("x-amz-copy-source")
    if source is None:
        return ()
    path = unquote(source.partition("?")[0]).lstrip("/")
    return (("s3:GetObject", f"arn:aws:s3:::{path}"),)


def _refuse_forms(request: HttpRequest) -> None:
    host = request.headers.get("host", "").rsplit(":", 1)[0]
    if host.endswith((".localhost", ".amazonaws.com")):
        raise not_implemented("s3", "Virtual-hosted addressing: use path-style addressing. It")
    # A form's fields would be read as query parameters.
    if request.headers.get("content-type", "").lower().startswith((FORM, "multipart/form-data")):
        raise AwsError("NotImplemented", "Form uploads are not implemented by the stand-in.", 501)
