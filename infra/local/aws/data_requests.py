"""What a request of the Data API must be before it may run: every check answers as AWS does."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from infra.local.aws.model import AwsError

STATEMENT_BYTES = 100 * 1024
BATCH_STATEMENTS = 40
WAIT_SECONDS = range(1, 31)
LIST_RESULTS = range(101)

_ID = re.compile(r"([a-z0-9]{8}(?:-[a-z0-9]{4}){3}-[a-z0-9]{12})(?::([0-9]{1,2}))?")
_PARAMETER = re.compile(r"[0-9a-zA-Z_]+")
# Text, quoted names, comments and casts hide a colon that is no parameter.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?(?:\*/|\Z)|::|:([0-9a-zA-Z_]+)""", re.DOTALL
)


def invalid(message: str) -> AwsError:
    """A ValidationException."""
    return AwsError("ValidationException", message)


def texts(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The SQL of an ExecuteStatement or a BatchExecuteStatement."""
    sqls = tuple(parameters["Sqls"]) if "Sqls" in parameters else (parameters.get("Sql", ""),)
    if not 1 <= len(sqls) <= BATCH_STATEMENTS:
        raise invalid(f"A batch holds 1 to {BATCH_STATEMENTS} SQL statements.")
    for sql in sqls:
        if not sql.strip():
            raise invalid("The SQL statement is empty.")
        if len(sql.encode()) > STATEMENT_BYTES:
            raise invalid("Cannot process query string larger than 100kB")
    return sqls


def bindings(parameters: Mapping[str, Any], sqls: Sequence[str]) -> dict[str, str]:
    """Parameters by name; each has a value and stands in the SQL."""
    given = parameters.get("Parameters")
    if given is None:
        return {}
    if not given:
        raise invalid("Parameters must have at least one member.")
    found: dict[str, str] = {}
    for parameter in given:
        name, value = parameter["name"], parameter["value"]
        if not _PARAMETER.fullmatch(name):
            raise invalid("A parameter's name has letters, digits and underscores alone.")
        if not value:
            raise invalid(f"Parameter {name} is empty: a parameter can be neither empty nor NULL.")
        if name in found:
            raise invalid(f"Parameter {name} is given twice.")
        found[name] = value
    used = {match[1] for sql in sqls for match in _TOKEN.finditer(sql)}
    unused = sorted(found.keys() - used)
    if unused:
        raise invalid(f"Parameters list contains unused parameters. Unused parameters: {unused}")
    return found


def wait_seconds(parameters: Mapping[str, Any]) -> int | None:
    """WaitTimeSeconds, None when it is not asked for."""
    seconds = parameters.get("WaitTimeSeconds")
    if seconds is not None and seconds not in WAIT_SECONDS:
        raise invalid("WaitTimeSeconds must be from 1 to 30.")
    return seconds


def statement_id(parameters: Mapping[str, Any]) -> tuple[str, int | None]:
    """The Id, and the number of the SQL statement in its batch if it has one."""
    match = _ID.fullmatch(parameters["Id"])
    if match is None:
        raise invalid("Id must be the identifier of a statement.")
    return match[1], int(match[2]) if match[2] else None


def result_format(parameters: Mapping[str, Any]) -> str:
    found: str = parameters.get("ResultFormat", "JSON")
    if found not in {"JSON", "CSV"}:
        raise invalid("ResultFormat must be JSON or CSV.")
    return found


def auto_commit(parameters: Mapping[str, Any]) -> bool:
    mode = parameters.get("ExecutionMode", "TRANSACTION")
    if mode not in {"TRANSACTION", "AUTO_COMMIT"}:
        raise invalid("ExecutionMode must be TRANSACTION or AUTO_COMMIT.")
    return bool(mode == "AUTO_COMMIT")


def target(parameters: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The workgroup's name or the cluster's; one of them must be given."""
    workgroup, cluster = parameters.get("WorkgroupName"), parameters.get("ClusterIdentifier")
    if bool(workgroup) == bool(cluster):
        raise invalid("Give either WorkgroupName or ClusterIdentifier.")
    return workgroup, cluster


def database(parameters: Mapping[str, Any]) -> str:
    found: str = parameters.get("Database", "")
    if not found:
        raise invalid("Database is required.")
    return found


def most(parameters: Mapping[str, Any]) -> int:
    """MaxResults, as many as a page holds without it."""
    found: int = parameters.get("MaxResults", LIST_RESULTS[-1])
    if found not in LIST_RESULTS:
        raise invalid("MaxResults must be from 0 to 100.")
    return found or LIST_RESULTS[-1]


def filters(parameters: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a listing was narrowed by: a NextToken is for the same listing alone."""
    return sorted(
        (name, value) for name, value in parameters.items() if name not in {"NextToken", "MaxResults"}
    )


def refuse_unimplemented(parameters: Mapping[str, Any]) -> None:
    """Sessions and events are not implemented: a request that wants one must not look like a success."""
    for name in ("SessionId", "SessionKeepAliveSeconds", "WithEvent"):
        if parameters.get(name):
            raise AwsError("NotImplemented", f"{name} is not implemented by the stand-in.", 501)


class Cursors:
    """Makes NextTokens that nobody else can: each is sealed for one listing, and worth nothing elsewhere."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def seal(self, listing: str, position: int) -> str:
        """The token for `position` in `listing`."""
        packed = position.to_bytes(8, "big")
        return base64.urlsafe_b64encode(packed + self._tag(listing, packed)).decode()

    def open(self, listing: str, token: str | None) -> int:
        """The position that a token of this listing stands for; 0 without one."""
        if not token:
            return 0
        try:
            opened = base64.urlsafe_b64decode(token)
        except ValueError:
            opened = b""
        packed, tag = opened[:8], opened[8:]
        if not hmac.compare_digest(tag, self._tag(listing, packed)):
            raise invalid("NextToken is invalid.")
        return int.from_bytes(packed, "big")

    def _tag(self, listing: str, packed: bytes) -> bytes:
        return hmac.digest(self._key, listing.encode() + b"\0" + packed, hashlib.sha256)
