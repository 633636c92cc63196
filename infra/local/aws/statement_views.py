"""How the Data API shows a statement: as submitted, described and listed."""

from collections.abc import Mapping
from typing import Any

from infra.local.aws.statements import DONE, Part, Statement


def submitted(statement: Statement, *, waited: bool) -> Mapping[str, Any]:
    """The answer to ExecuteStatement and BatchExecuteStatement; a caller who waited learns the status too."""
    shown = {"Id": statement.id, "CreatedAt": statement.parts[0].created_at, **_connection(statement)}
    if not waited:
        return shown
    with statement.changed:
        shown |= {"Status": statement.status, "RedshiftPid": statement.pid}
        if statement.done:
            shown["HasResultSet"] = statement.has_result_set
    return shown


def described(statement: Statement, part: Part | None) -> Mapping[str, Any]:
    """The answer to DescribeStatement, for the whole or for one part of a batch."""
    request = statement.request
    shown: dict[str, Any] = {
        **_connection(statement),
        "RedshiftPid": statement.pid,
        "ResultFormat": request.result_format,
    }
    if request.parameters:
        shown["QueryParameters"] = _parameters(statement)
    if part is not None:
        return shown | _part(part)
    if not request.batch:
        return shown | _part(statement.parts[0])
    shown |= _whole(statement)
    shown["SubStatements"] = [
        {"Id": f"{statement.id}:{number}", **_part(part)} for number, part in enumerate(statement.parts, 1)
    ]
    return shown


def listed(statement: Statement) -> Mapping[str, Any]:
    """A line of ListStatements."""
    request = statement.request
    shown: dict[str, Any] = {
        "Id": statement.id,
        "QueryString": request.sqls[0],
        "Status": statement.status,
        "CreatedAt": statement.parts[0].created_at,
        "UpdatedAt": max(part.updated_at for part in statement.parts),
        "IsBatchStatement": request.batch,
        "ResultFormat": request.result_format,
    }
    if request.batch:
        del shown["QueryString"]
        shown["QueryStrings"] = list(request.sqls)
    if request.parameters:
        shown["QueryParameters"] = _parameters(statement)
    return shown | _given(StatementName=request.name, SecretArn=request.secret_arn)


def _connection(statement: Statement) -> dict[str, Any]:
    request = statement.request
    return {
        "Database": request.database,
        "WorkgroupName": request.workgroup,
        **({"SecretArn": request.secret_arn} if request.secret_arn else {"DbUser": request.user.name}),
    }


def _parameters(statement: Statement) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in statement.request.parameters.items()]


def _part(part: Part) -> dict[str, Any]:
    return {
        "QueryString": part.sql,
        "Status": part.status,
        "CreatedAt": part.created_at,
        "UpdatedAt": part.updated_at,
        "Duration": part.duration if part.status in DONE else -1,
        "HasResultSet": part.result is not None,
        "ResultRows": part.rows,
        "ResultSize": part.size,
        "RedshiftQueryId": part.query_id,
        **_given(Error=part.error),
    }


def _whole(statement: Statement) -> dict[str, Any]:
    parts = statement.parts
    done = statement.done
    return {
        "Status": statement.status,
        "CreatedAt": parts[0].created_at,
        "UpdatedAt": max(part.updated_at for part in parts),
        "Duration": sum(part.duration for part in parts) if done else -1,
        "HasResultSet": statement.has_result_set,
        "ResultRows": parts[-1].rows,
        "ResultSize": parts[-1].size,
        # A batch is no query of the warehouse's; its parts are.
        "RedshiftQueryId": 0,
        "ExecutionMode": "AUTO_COMMIT" if statement.request.auto_commit else "TRANSACTION",
        **_given(Error=next((part.error for part in parts if part.error), None)),
    }


def _given(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
