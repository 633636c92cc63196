"""The Redshift Data API: SQL over HTTP, as whoever signed the request."""

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from infra.local.aws import data_requests as requests
from infra.local.aws.data_connections import SESSION_OWNER, Connections, caller_of, owner_of
from infra.local.aws.data_metadata import Metadata
from infra.local.aws.data_requests import Cursors, invalid
from infra.local.aws.data_sessions import MOST_SESSIONS, DataSession, Sessions
from infra.local.aws.kept_results import KEPT_BYTES, KeptResults
from infra.local.aws.model import Authorizer, AwsError, Call, Caller
from infra.local.aws.quotas import Quotas
from infra.local.aws.results import AS_AWS, Limits, response
from infra.local.aws.statement import Connection, Part, Request, Statement
from infra.local.aws.statement_runs import StatementRuns
from infra.local.aws.statement_views import described, listed, listed_session, submitted
from infra.local.aws.statements import (
    ACTIVE_STATEMENTS,
    KEPT_CHARACTERS,
    KEPT_STATEMENTS,
    WAITING_REQUESTS,
    Statements,
)
from infra.local.warehouse import IdentityProvider, Redshift

STATEMENT_STATUSES = ("SUBMITTED", "PICKED", "STARTED", "FINISHED", "ABORTED", "FAILED")
SESSION_STATUSES = ("AVAILABLE", "BUSY", "CLOSED")
STATEMENT_OWNER = "redshift-data:statement-owner-iam-userid"
_NO_RESULT = "Query does not have result. Please check query status with DescribeStatement."

Item = TypeVar("Item")
Operation = Callable[[Call], Mapping[str, Any]]


class DataApi:
    """Runs statements as the caller, and shows each to its owner alone.

    An identity-enhanced session acts as its person; SecretArn as the user that the secret names; any other
    session as its IAM role or user.
    """

    def __init__(
        self,
        *,
        redshift: Redshift,
        authorize: Authorizer,
        workgroup_arn: Callable[[str], str | None],
        cluster_arn: Callable[[str], str | None] = lambda _: None,
        admin_secrets: Callable[[str], str | None],
        looks_up: Callable[[IdentityProvider], bool] = lambda _: True,
        long_polling: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
        csv_header: bool = True,
        limits: Limits = AS_AWS,
        kept_bytes: int = KEPT_BYTES,
        kept_statements: int = KEPT_STATEMENTS,
        kept_characters: int = KEPT_CHARACTERS,
        active_statements: int = ACTIVE_STATEMENTS,
        active_sessions: int = MOST_SESSIONS,
        waiting_requests: int = WAITING_REQUESTS,
        quotas: bool = False,
    ) -> None:
        self._authorize = authorize
        self._waiting_requests = waiting_requests
        self._long_polling = long_polling
        self._quotas = Quotas(clock=clock) if quotas else None
        self._cursors = Cursors()
        self._connections = Connections(
            redshift=redshift,
            authorize=authorize,
            workgroup_arn=workgroup_arn,
            cluster_arn=cluster_arn,
            admin_secrets=admin_secrets,
            looks_up=looks_up,
        )
        self._sessions = Sessions(clock=clock, most=active_sessions)
        kept = KeptResults(kept_bytes)
        runs = StatementRuns(
            redshift,
            refusal=self._connections.refusal,
            now=lambda: dt.datetime.fromtimestamp(clock(), dt.UTC),
            kept=kept,
            csv_header=csv_header,
            limits=limits,
        )
        self._statements = Statements(
            runs,
            new_query_id=redshift.history.new_query_id,
            sessions=self._sessions,
            kept=kept,
            clock=clock,
            active_statements=active_statements,
            kept_statements=kept_statements,
            kept_characters=kept_characters,
        )
        metadata = Metadata(redshift, self._connections, self._cursors)
        own: Mapping[str, Operation] = {
            "ExecuteStatement": self._execute,
            "BatchExecuteStatement": self._execute,
            "DescribeStatement": self._describe,
            "GetStatementResult": self._result_json,
            "GetStatementResultV2": self._result_csv,
            "CancelStatement": self._cancel,
            "ListStatements": self._list,
            "ListSessions": self._list_sessions,
        }
        self.operations: Mapping[str, Operation] = {
            name: self._metered(self._in_region(operation))
            for name, operation in {**own, **metadata.operations}.items()
        }

    def close(self) -> None:
        """Cancels every statement under way and ends every session."""
        self._statements.close()

    def _in_region(self, operation: Operation) -> Operation:
        """The operation, as a region has it that may lag behind."""

        def known(call: Call) -> Mapping[str, Any]:
            if "WaitTimeSeconds" in call.parameters and not self._long_polling():
                raise invalid("WaitTimeSeconds is not supported in this region.")
            return operation(call)

        return known

    def _metered(self, operation: Operation) -> Operation:
        """The operation, as often in a second as the quotas let it be called."""
        quotas = self._quotas
        if quotas is None:
            return operation

        def within_quota(call: Call) -> Mapping[str, Any]:
            quotas.take(call.operation, account=caller_of(call).account, region=call.region)
            return operation(call)

        return within_quota

    def _execute(self, call: Call) -> Mapping[str, Any]:
        caller, parameters = caller_of(call), call.parameters
        session = self._session(call)
        connection = (
            self._connections.reconnect(call, session) if session else self._connections.connect(call)
        )
        requests.refuse_unimplemented(parameters)
        wait = requests.wait_seconds(parameters)
        sqls = requests.texts(parameters)
        request = Request(
            sqls=sqls,
            owner=owner_of(caller),
            session_user_id=caller.user_id,
            connection=connection,
            batch="Sqls" in parameters,
            auto_commit=requests.auto_commit(parameters),
            parameters=requests.bindings(parameters, sqls),
            result_format=requests.result_format(parameters),
            name=requests.statement_name(parameters),
            session=session,
            keep_alive=requests.keep_alive_seconds(parameters),
        )
        statement = self._statements.submit(
            request,
            client_token=requests.client_token(parameters),
            asked=requests.asked(call.operation, parameters),
        )
        self._wait(statement, wait)
        return submitted(statement, waited=wait is not None)

    def _session(self, call: Call) -> DataSession | None:
        """The caller's own session that the request names."""
        name = requests.session_id(call.parameters)
        if name is None:
            return None
        self._statements.end_overdue()
        session = self._sessions.find(name, owner_of(caller_of(call)))
        if session is None:
            raise invalid(f"Session with Id: {name} is invalid")
        return session

    def _wait(self, statement: Statement, seconds: int | None, part: Part | None = None) -> None:
        if seconds is not None:
            statement.wait(seconds, most=self._waiting_requests, part=part)

    def _own(self, call: Call, action: str) -> tuple[Statement, Part | None]:
        """The caller's own statement, and its part when the Id names one."""
        caller = caller_of(call)
        name, number = requests.statement_id(call.parameters)
        wait = requests.wait_seconds(call.parameters)
        statement = self._statements.find(name, owner_of(caller))
        # A policy that asks for the owner must not tell apart a stranger's statement and none at all.
        owner = statement.request.session_user_id if statement else caller.user_id
        self._authorize(caller, f"redshift-data:{action}", "*", context={STATEMENT_OWNER: owner})
        if statement is None:
            raise _not_found("Query does not exist.", call)
        part = None
        if number is not None:
            if not (statement.request.batch and 1 <= number <= len(statement.parts)):
                raise _not_found("Query does not exist.", call)
            part = statement.parts[number - 1]
        self._wait(statement, wait, part)
        return statement, part

    def _describe(self, call: Call) -> Mapping[str, Any]:
        statement, part = self._own(call, "DescribeStatement")
        with statement.changed:
            return {**described(statement, part), "Id": call.parameters["Id"]}

    def _result_json(self, call: Call) -> Mapping[str, Any]:
        return self._result(call, "JSON")

    def _result_csv(self, call: Call) -> Mapping[str, Any]:
        return {**self._result(call, "CSV"), "ResultFormat": "CSV"}

    def _result(self, call: Call, result_format: str) -> Mapping[str, Any]:
        # One IAM action stands for both operations.
        statement, part = self._own(call, "GetStatementResult")
        if statement.request.result_format != result_format:
            raise invalid(
                f"{call.operation} reads {result_format}: the statement ran with ResultFormat"
                f" {statement.request.result_format}."
            )
        if part is None and statement.request.batch:
            raise invalid("BatchExecuteStatement result can only be retrieved with sub-statement id.")
        part = part or statement.parts[0]
        result = part.state.result if statement.readable(part) else None
        if result is None:
            raise _not_found(_NO_RESULT, call)
        listing = f"result:{call.parameters['Id']}"
        start = self._cursors.open(listing, call.parameters.get("NextToken"))
        return response(result, start, lambda following: self._cursors.seal(listing, following))

    def _cancel(self, call: Call) -> Mapping[str, Any]:
        statement, part = self._own(call, "CancelStatement")
        if part is not None:
            raise invalid("A batch is cancelled as a whole.")
        if not self._statements.cancel(statement):
            raise invalid(
                f"Could not cancel a query that is already in {statement.status} state"
                f" with ID: {statement.id}"
            )
        return {"Status": True}

    def _list(self, call: Call) -> Mapping[str, Any]:
        caller = self._may_list(call, STATEMENT_OWNER)
        wanted = requests.statuses(call.parameters, STATEMENT_STATUSES, ("FINISHED",))
        found = [
            (statement.parts[0].query_id, statement)
            for statement in self._statements.owned(owner_of(caller))
            if statement.status in wanted and _wanted(statement, caller, call.parameters)
        ]
        statements, following = self._page(call, found)
        return {"Statements": [listed(statement) for statement in statements], **following}

    def _list_sessions(self, call: Call) -> Mapping[str, Any]:
        caller = self._may_list(call, SESSION_OWNER)
        name = requests.session_id(call.parameters)
        self._statements.end_overdue()
        if name is not None:
            session = self._sessions.find(name, owner_of(caller))
            if session is None:
                raise AwsError("ResourceNotFoundException", "Session does not exist.", ResourceId=name)
            return {"Sessions": [listed_session(session)]}
        wanted = requests.statuses(call.parameters, SESSION_STATUSES, ("AVAILABLE", "BUSY"))
        found = [
            (session.number, session)
            for session in self._sessions.owned(owner_of(caller))
            if session.status in wanted
            and _there(session.connection, call.parameters)
            and (call.parameters.get("RoleLevel", True) or session.user_id == caller.user_id)
        ]
        sessions, following = self._page(call, found)
        return {"Sessions": [listed_session(session) for session in sessions], **following}

    def _may_list(self, call: Call, owner_key: str) -> Caller:
        """The caller, if they may list what is theirs; a person names the workgroup."""
        caller, parameters = caller_of(call), call.parameters
        self._authorize(caller, f"redshift-data:{call.operation}", "*", context={owner_key: caller.user_id})
        if "SessionId" in parameters:
            requests.check_single_session(parameters)
        elif caller.person is not None or "WorkgroupName" in parameters or "ClusterIdentifier" in parameters:
            requests.target(parameters)
        return caller

    def _page(self, call: Call, found: Sequence[tuple[int, Item]]) -> tuple[list[Item], dict[str, str]]:
        """The next of what was found, newest first, and the token of those that follow if there are any."""
        most = requests.most(call.parameters)
        listing = repr((call.operation, owner_of(caller_of(call)), requests.filters(call.parameters)))
        before = self._cursors.open(listing, call.parameters.get("NextToken"))
        left = [(number, item) for number, item in found if not 0 < before <= number]
        following = {}
        if len(left) > most:
            following["NextToken"] = self._cursors.seal(listing, left[most - 1][0])
        return [item for _, item in left[:most]], following


def _not_found(message: str, call: Call) -> AwsError:
    return AwsError("ResourceNotFoundException", message, ResourceId=call.parameters["Id"])


def _wanted(statement: Statement, caller: Caller, parameters: Mapping[str, Any]) -> bool:
    request = statement.request
    return (
        (request.name or "").startswith(parameters.get("StatementName", ""))
        and _there(request.connection, parameters)
        and (parameters.get("RoleLevel", True) or request.session_user_id == caller.user_id)
    )


def _there(connection: Connection, parameters: Mapping[str, Any]) -> bool:
    found = {connection.target.member: connection.target.name}
    return (
        all(parameters.get(member) in (None, found.get(member)) for member in requests.TARGETS)
        and parameters.get("Database", connection.database) == connection.database
    )
