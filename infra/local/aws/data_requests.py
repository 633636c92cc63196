"""What a request of the Data API must be before it may run: every check answers as AWS does."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from infra.local.aws.model import AwsError
from infra.local.warehouse import named_parameters

STATEMENT_BYTES = 100 * 1024
BATCH_STATEMENTS = 40
WAIT_SECONDS = range(1, 31)
KEEP_ALIVE_SECONDS = range(86_401)
LIST_RESULTS = 100
METADATA_RESULTS = 1000
CLIENT_TOKEN_CHARACTERS = 64
NAME_CHARACTERS = 2048
TARGETS = ("WorkgroupName", "ClusterIdentifier")

_ID = re.compile(r"([a-z0-9]{8}(?:-[a-z0-9]{4}){3}-[a-z0-9]{12})(?::([0-9]{1,2}))?")
_PARAMETER = re.compile(r"[0-9a-zA-Z_]+")


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
    used = {name for sql in sqls for name in named_parameters(sql, found)}
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


def keep_alive_seconds(parameters: Mapping[str, Any]) -> int | None:
    """SessionKeepAliveSeconds, None when no session is asked for."""
    seconds = parameters.get("SessionKeepAliveSeconds")
    if seconds is not None and seconds not in KEEP_ALIVE_SECONDS:
        raise invalid("SessionKeepAliveSeconds must be from 0 to 86400.")
    return seconds


def session_id(parameters: Mapping[str, Any]) -> str | None:
    """SessionId, None when no session is named."""
    found: str | None = parameters.get("SessionId")
    if found is None:
        return None
    if _ID.fullmatch(found) is None or ":" in found:
        raise invalid("SessionId must be the identifier of a session.")
    return found


def check_session_target(parameters: Mapping[str, Any], database: str) -> None:
    """A session says where and as whom its statements run; only its own database may be named beside it."""
    for name in ("WorkgroupName", "ClusterIdentifier", "SecretArn", "DbUser"):
        if name in parameters:
            raise invalid(f"{name} can't be specified with SessionId.")
    if parameters.get("Database", database) != database:
        raise invalid("Database doesn't match the session's.")


def check_single_session(parameters: Mapping[str, Any]) -> None:
    """A listing of one session is narrowed by nothing else."""
    for name in ("Status", "ClusterIdentifier", "WorkgroupName", "Database"):
        if name in parameters:
            raise invalid(f"{name} can't be specified with SessionId.")


def client_token(parameters: Mapping[str, Any]) -> str:
    """ClientToken, empty without one."""
    found: str | None = parameters.get("ClientToken")
    if found is not None and not 1 <= len(found) <= CLIENT_TOKEN_CHARACTERS:
        raise invalid(f"ClientToken must have 1 to {CLIENT_TOKEN_CHARACTERS} characters.")
    return found or ""


def asked(operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a request asks for: how long it waits for that, and under which token, are no part of it."""
    beside = {"ClientToken", "WaitTimeSeconds"}
    return {
        "operation": operation,
        **{name: value for name, value in parameters.items() if name not in beside},
    }


def statement_name(parameters: Mapping[str, Any]) -> str | None:
    found: str | None = parameters.get("StatementName")
    if found is not None and len(found) > NAME_CHARACTERS:
        raise invalid(f"StatementName has at most {NAME_CHARACTERS} characters.")
    return found


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


def target(parameters: Mapping[str, Any]) -> tuple[str, str]:
    """Which of the two is named, a workgroup or a cluster, and its name; one of them must be."""
    named = [(member, str(parameters[member])) for member in TARGETS if parameters.get(member)]
    if len(named) != 1:
        raise invalid("Either ClusterIdentifier or WorkgroupName needs to be specified.")
    return named[0]


def database(parameters: Mapping[str, Any]) -> str:
    found: str = parameters.get("Database", "")
    if not found:
        raise invalid("Database is required.")
    return found


def most(parameters: Mapping[str, Any], limit: int = LIST_RESULTS) -> int:
    """MaxResults, as many as a page holds without it."""
    found: int = parameters.get("MaxResults", limit)
    if not 0 <= found <= limit:
        raise invalid(f"MaxResults must be from 0 to {limit}.")
    return found or limit


def statuses(parameters: Mapping[str, Any], known: Collection[str], usual: Collection[str]) -> set[str]:
    """The statuses that a listing asks for with Status, those of `usual` without it."""
    status = parameters.get("Status")
    if status == "ALL" and "FINISHED" in known:
        return set(known)
    if status is not None and status not in known:
        raise invalid(f"Status {status!r} is unknown: it must be one of {', '.join(known)}.")
    return set(usual) if status is None else {status}


def filters(parameters: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a listing was narrowed by: a NextToken is for the same listing alone."""
    return sorted(
        (name, value) for name, value in parameters.items() if name not in {"NextToken", "MaxResults"}
    )


def refuse_unimplemented(parameters: Mapping[str, Any]) -> None:
    """Events are not implemented: a request that wants one must not look like a success."""
    if parameters.get("WithEvent"):
        raise AwsError("NotImplemented", "WithEvent is not implemented by the stand-in.", 501)


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
