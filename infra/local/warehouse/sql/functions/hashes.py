"""Hash functions."""

from collections.abc import Mapping

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.functions.function import (
    Arguments,
    Function,
    always,
    call,
    number,
    string,
    text,
    whole_literal,
)
from infra.local.warehouse.sql.kinds import BIGINT, TEXT

_BYTES = {exp.DType.SMALLINT: 2, exp.DType.INT: 4, exp.DType.BIGINT: 8}
_FNV_SEED = -3750763034362895579  # the offset basis of FNV-1a in 64 bits, signed
_SHA256 = (0, 256)


def _sha2(arguments: Arguments) -> exp.Expr:
    bits = whole_literal(arguments[1])
    if bits in _SHA256:
        return call("sha256", text(arguments[0]))
    if bits is None or bits in (224, 384, 512):
        raise NotSupported("SHA2 of other than 256 bits")
    return string("")


def _fnv_hash(arguments: Arguments) -> exp.Expr:
    """FNV-1a over the bytes that Redshift keeps the value in."""
    value, *seed = arguments
    kind = kinds.of(value)
    if kinds.is_text(kind) or kinds.is_untyped(value):
        found = call("bytes_of_text", value)
    elif kind.this in _BYTES:
        found = call("bytes_of_whole", value, number(_BYTES[kind.this]))
    else:
        raise NotSupported("FNV_HASH of anything but text and whole numbers")
    return call("hash_of_bytes", found, *(seed or [number(_FNV_SEED)]))


_SHA1 = Function(1, 1, always(TEXT), lambda a: call("sha1", text(a[0])))

HASHES: Mapping[str, Function] = {
    "fnv_hash": Function(1, 2, always(BIGINT), _fnv_hash),
    "func_sha1": _SHA1,
    "md5": Function(1, 1, always(TEXT), lambda a: call("md5", text(a[0]))),
    "sha": _SHA1,
    "sha1": _SHA1,
    "sha2": Function(2, 2, always(TEXT), _sha2),
}
