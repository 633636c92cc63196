"""Hash functions."""

import hashlib

from tests.infra.local.warehouse.sql.coverage.case import Group, refused, runs

_WORDS = b"Amazon Redshift"

GROUP = Group(
    "Hash functions",
    "hash-functions",
    (
        refused("CHECKSUM", "checksum(109.20)"),
        refused("FARMFINGERPRINT64", "farmFingerprint64('Amazon Redshift')"),
        runs("FNV_HASH", "fnv_hash(1)", -5968735742475085980, page="r_FNV_HASH"),
        runs("FNV_HASH", "fnv_hash('Amazon Redshift')", 7783490368944507294, page="r_FNV_HASH"),
        runs("FNV_HASH", "fnv_hash('Amazon Redshift', fnv_hash(1))", -2202602717770968555, page="r_FNV_HASH"),
        runs("FNV_HASH", "fnv_hash('abcd')", -281581062704388899, page="r_FNV_HASH"),
        runs("FNV_HASH", "fnv_hash('cd', fnv_hash('ab'))", -281581062704388899, page="r_FNV_HASH"),
        runs("FNV_HASH", "fnv_hash(1::smallint)", 589727492704079044, page="r_FNV_HASH"),
        runs("FNV_HASH", "fnv_hash(1::bigint)", -8517097267634966620, page="r_FNV_HASH"),
        refused("FNV_HASH", "fnv_hash(1.5)", "values other than text and whole numbers"),
        runs("MD5", "md5('Amazon Redshift')", "f7415e33f972c03abd4f3fed36748f7a", page="r_MD5"),
        refused("MURMUR3_32_HASH", "murmur3_32_hash(1)"),
        runs("SHA, SHA1, FUNC_SHA1", "sha('Amazon Redshift')", hashlib.sha1(_WORDS).hexdigest()),  # noqa: S324
        runs("SHA, SHA1, FUNC_SHA1", "sha1('Amazon Redshift')", hashlib.sha1(_WORDS).hexdigest()),  # noqa: S324
        runs("SHA, SHA1, FUNC_SHA1", "func_sha1('Amazon Redshift')", hashlib.sha1(_WORDS).hexdigest()),  # noqa: S324
        runs("SHA2", "sha2('Amazon Redshift', 256)", hashlib.sha256(_WORDS).hexdigest()),
        runs("SHA2", "sha2('Amazon Redshift', 0)", hashlib.sha256(_WORDS).hexdigest()),
        runs("SHA2", "sha2('Amazon Redshift', 100)", "", page="SHA2"),
        refused("SHA2", "sha2('Amazon Redshift', 512)", "224, 384 and 512 bits"),
    ),
)
