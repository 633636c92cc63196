"""COPY: its source, format and options."""

import re

from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.names import table_key
from infra.local.warehouse.admin.statements import Copy
from infra.local.warehouse.errors import NotSupported, SqlError

_SOURCE = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>.+)", re.DOTALL)
_ARN = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_FLAGS = frozenset(
    {"gzip", "emptyasnull", "blanksasnull", "removequotes", "acceptinvchars", "truncatecolumns"}
)
_SETTINGS_WITH_TEXT = frozenset(
    {"timeformat", "dateformat", "delimiter", "null", "region", "quote", "encoding"}
)
_IGNORED = ("compupdate", "statupdate")
_REFUSED_FLAGS = frozenset({"removequotes", "acceptinvchars"})


def copy(reader: Reader, database: str) -> Copy:
    """What COPY says after its first word."""
    key = table_key(reader, database=database)
    columns: tuple[str, ...] = ()
    if reader.accept("("):
        columns = tuple(reader.commas(reader.name))
        reader.expect(")")
    reader.expect("from")
    source = _SOURCE.fullmatch(reader.take("string"))
    if source is None:
        raise NotSupported("COPY from anything but s3://bucket/prefix")
    options: dict[str, str | int | bool] = {}
    roles: list[str | None] = []
    while reader.current.kind == "word":
        if reader.accept("iam_role"):
            roles.append(_role(reader))
        else:
            _option(reader, options)
    if len(roles) != 1:
        raise SqlError("COPY command requires credentials: specify IAM_ROLE", "42601")
    file_format = str(options.pop("format", "text"))
    if file_format == "text":
        raise NotSupported("COPY of a format other than CSV and PARQUET")
    return Copy(key, columns, source["bucket"], source["prefix"], roles[0], file_format, options)


def _option(reader: Reader, options: dict[str, str | int | bool]) -> None:
    if reader.accept("format"):
        reader.accept("as")
        options["format"] = reader.one_of("csv", "parquet")
    elif reader.current.text in ("csv", "parquet"):
        options["format"] = reader.advance().text
    elif reader.accept("ignoreheader"):
        reader.accept("as")
        options["ignoreheader"] = reader.whole()
    elif reader.current.text in _SETTINGS_WITH_TEXT:
        name = reader.advance().text
        reader.accept("as")
        options[name] = reader.take("string")
    elif reader.current.text in _IGNORED:
        reader.advance()
        reader.one_of("on", "off", "true", "false", "preset")
    elif reader.current.text in _FLAGS - _REFUSED_FLAGS:
        options[reader.advance().text] = True
    else:
        raise NotSupported(f"COPY option {reader.current.text.upper()[:40]}")


def _role(reader: Reader) -> str | None:
    """The ARN of the role that reads; None for the namespace's default one."""
    if reader.accept("default"):
        return None
    arn = reader.take("string")
    if not _ARN.fullmatch(arn):
        raise SqlError("The requested role is not a valid IAM role ARN", "42601")
    return arn
