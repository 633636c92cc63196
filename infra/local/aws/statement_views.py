"""How the Data API shows a statement: as submitted, described and listed."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from infra.local.aws.data_sessions import DataSession
from infra.local.aws.statement import Connection, Part, Statement


def submitted(statement: Statement, *, waited: bool) -> Mapping[str, Any]:
    """The answer to ExecuteStatement and BatchExecuteStatement; a caller who waited learns the status too."""
    shown = {
        "Id": statement.id,
        "CreatedAt": statement.created_at,
        **_connection(statement.request.connection),
        **_session(statement),
    }
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
        **_connection(request.connection),
        **_session(statement),
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
        "CreatedAt": statement.created_at,
        "UpdatedAt": statement.updated_at,
        "IsBatchStatement": request.batch,
        "ResultFormat": request.result_format,
    }
    if request.batch:
        del shown["QueryString"]
        shown["QueryStrings"] = list(request.sqls)
    if request.parameters:
        shown["QueryParameters"] = _parameters(statement)
    return (
        shown
        | _session(statement)
        | _given(StatementName=request.name, SecretArn=request.connection.secret_arn)
    )


def listed_session(session: DataSession) -> Mapping[str, Any]:
    """A line of ListSessions."""
    return {
        "SessionId": session.id,
        "Status": session.status,
        "CreatedAt": _moment(session.created_at),
        "UpdatedAt": _moment(session.updated_at),
        "Database": session.connection.database,
        "DbUser": session.connection.user.name,
        session.connection.target.member: session.connection.target.name,
        "SessionAliveSeconds": session.keep_alive,
        "SessionTtl": _moment(session.ends_at),
        **_given(CurrentStatementId=session.statement_id),
    }


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _session(statement: Statement) -> dict[str, str]:
    return _given(SessionId=statement.session.id if statement.session else None)


def _connection(connection: Connection) -> dict[str, Any]:
    secret = connection.secret_arn
    return {
        "Database": connection.database,
        connection.target.member: connection.target.name,
        **({"SecretArn": secret} if secret else {"DbUser": connection.user.name}),
    }


def _parameters(statement: Statement) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in statement.request.parameters.items()]


def _part(part: Part) -> dict[str, Any]:
    state = part.state
    return {
        "QueryString": part.sql,
        "Status": state.status,
        "CreatedAt": part.created_at,
        "UpdatedAt": part.updated_at,
        "Duration": state.duration,
        "HasResultSet": state.has_result_set,
        "ResultRows": state.rows,
        "ResultSize": state.size,
        "RedshiftQueryId": part.query_id,
        **_given(Error=state.error),
    }


def _whole(statement: Statement) -> dict[str, Any]:
    states = [part.state for part in statement.parts]
    took = sum if statement.request.auto_commit else max
    return {
        "Status": statement.status,
        "CreatedAt": statement.created_at,
        "UpdatedAt": statement.updated_at,
        "Duration": took(state.duration for state in states) if statement.status == "FINISHED" else -1,
        "HasResultSet": statement.has_result_set,
        "ResultRows": states[-1].rows,
        "ResultSize": states[-1].size,
        # A batch is no query of the warehouse's; its parts are.
        "RedshiftQueryId": 0,
        "ExecutionMode": "AUTO_COMMIT" if statement.request.auto_commit else "TRANSACTION",
        **_given(Error=next((state.error for state in states if state.error), None)),
    }


def _given(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
