"""SQL through the Data API, as the warehouse's admin: what doctor asks of the warehouse itself."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from infra.provision.doctor import redshift
from infra.provision.doctor.context import Context, Unclear, Waits

Row = tuple[str | None, ...]
NAME = "rowlight-doctor"
DATABASE = "the database"
TRUE = ("true", "t", "1")
_WHO = "SELECT usename, usesuper FROM pg_user WHERE usename = current_user"
_ABSENT = "does not exist"
_OVER = frozenset({"FINISHED", "FAILED", "ABORTED"})
_WAIT_SECONDS = 20
_LONGEST_SECONDS = 120
_PAUSE_SECONDS = 0.25


class StatementFailed(Unclear):
    """Redshift ran the statement and failed it; the text is Redshift's."""


def long_polling(context: Context) -> bool:
    """Whether the region's Data API waits for a statement's end, by a harmless statement."""
    client, request = context.aws("redshift-data"), {**context.ask(_admin), "Sql": "SELECT 1"}
    try:
        return "Status" in client.execute_statement(**request, StatementName=NAME, WaitTimeSeconds=1)
    except ClientError as error:
        if not _refuses_waiting(error):
            raise
        return False


def _refuses_waiting(error: ClientError) -> bool:
    found = error.response.get("Error", {})
    return found.get("Code") == "ValidationException" and "waittimeseconds" in str(error).lower()


def _admin(context: Context) -> dict[str, str]:
    """Where statements of the admin's run, and as whom."""
    warehouse = context.ask(redshift.warehouse)
    if not warehouse.available:
        raise Waits(redshift.WAREHOUSE)
    where = {**warehouse.target, "Database": context.need("database")}
    if secret := context.chain.admin_secret_arn or warehouse.admin_secret_arn:
        return {**where, "SecretArn": secret}
    # Without a secret the Data API asks for credentials of the caller's, who may be a superuser or not.
    return {**where, "DbUser": warehouse.admin} if warehouse.cluster else where


def rows(context: Context, sqls: tuple[str, ...]) -> list[list[Row]]:
    """The rows of each statement; they are one transaction."""
    try:
        return run(context.aws("redshift-data"), sqls, context.ask(_admin), wait=context.ask(long_polling))
    except StatementFailed as error:
        raise Unclear(f"Redshift said: {error}") from error


def connected(context: Context) -> Row:
    """Who asks, and whether they are a superuser; waits where there is no such database."""
    request = context.ask(_admin)
    try:
        found = run(context.aws("redshift-data"), (_WHO,), request, wait=context.ask(long_polling))
    except StatementFailed as error:
        if "database" in str(error) and _ABSENT in str(error):
            raise Waits(DATABASE) from error
        raise Unclear(f"Redshift said: {error}") from error
    return found[0][0]


def as_admin(context: Context, sqls: tuple[str, ...]) -> list[list[Row]]:
    """The rows of each statement, where whoever asks sees everything; unclear where they do not."""
    user, superuser = context.ask(connected)
    if str(superuser).lower() not in TRUE:
        raise Unclear(
            f"{user} is no superuser, to whom the system views show their own alone: set ADMIN_SECRET_ARN to"
            " the ARN of the secret of the warehouse's admin."
        )
    return context.ask(rows, sqls)


def run(client: Any, sqls: Sequence[str], request: Mapping[str, Any], *, wait: bool) -> list[list[Row]]:
    """Runs the statements to their end; raises StatementFailed with Redshift's words."""
    waits = {"WaitTimeSeconds": _WAIT_SECONDS} if wait else {}
    if len(sqls) == 1:
        started = client.execute_statement(Sql=sqls[0], StatementName=NAME, **request, **waits)
    else:
        started = client.batch_execute_statement(Sqls=list(sqls), StatementName=NAME, **request, **waits)
    known = _ended(client, started["Id"], waits)
    if known["Status"] != "FINISHED":
        raise StatementFailed(known.get("Error", known["Status"]))
    parts = known.get("SubStatements") or [known]
    return [_rows(client, part["Id"]) if part.get("HasResultSet") else [] for part in parts]


def _ended(client: Any, statement: str, waits: Mapping[str, int]) -> Any:
    until = time.monotonic() + _LONGEST_SECONDS
    while True:
        known = client.describe_statement(Id=statement, **waits)
        if known["Status"] in _OVER:
            return known
        if time.monotonic() > until:
            client.cancel_statement(Id=statement)
            raise StatementFailed(f"no answer within {_LONGEST_SECONDS} seconds")
        if not waits:
            time.sleep(_PAUSE_SECONDS)


def _rows(client: Any, statement: str) -> list[Row]:
    pages = client.get_paginator("get_statement_result").paginate(Id=statement)
    return [tuple(map(_text, record)) for page in pages for record in page["Records"]]


def _text(cell: Mapping[str, Any]) -> str | None:
    return None if cell.get("isNull") else str(next(iter(cell.values())))
