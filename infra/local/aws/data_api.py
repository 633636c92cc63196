"""The Redshift Data API: SQL over HTTP, as whoever signed the request."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.aws import data_requests as requests
from infra.local.aws.data_requests import Cursors, invalid
from infra.local.aws.model import Authorizer, AwsError, Call, Caller
from infra.local.aws.results import PAGE_BYTES, response
from infra.local.aws.statement_views import described, listed, submitted
from infra.local.aws.statements import (
    ACTIVE_STATEMENTS,
    WAITING_REQUESTS,
    Owner,
    Part,
    Request,
    Statement,
    Statements,
)
from infra.local.config import DATABASE, ROLE_NAMESPACE, SUPERUSER
from infra.local.warehouse import DbUser, Redshift

STATEMENT_OWNER = "redshift-data:statement-owner-iam-userid"
_NO_ENDPOINT = "Redshift endpoint doesn't exist in this region."
_NO_RESULT = "Query does not have result. Please check query status with DescribeStatement."


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
        admin_secrets: Callable[[str], str | None],
        clock: Callable[[], float] = time.time,
        database: str = DATABASE,
        namespace: str = ROLE_NAMESPACE,
        superuser: str = SUPERUSER,
        csv_header: bool = True,
        page_bytes: int = PAGE_BYTES,
        active_statements: int = ACTIVE_STATEMENTS,
        waiting_requests: int = WAITING_REQUESTS,
    ) -> None:
        self._authorize = authorize
        self._workgroup_arn = workgroup_arn
        self._admin_secrets = admin_secrets
        self._namespace = namespace
        self._superuser = superuser
        self._waiting_requests = waiting_requests
        self._cursors = Cursors()
        self._statements = Statements(
            redshift,
            database=database,
            clock=clock,
            csv_header=csv_header,
            page_bytes=page_bytes,
            active_statements=active_statements,
        )
        self.operations: Mapping[str, Callable[[Call], Mapping[str, Any]]] = {
            "ExecuteStatement": self._execute,
            "BatchExecuteStatement": self._execute,
            "DescribeStatement": self._describe,
            "GetStatementResult": self._result_json,
            "GetStatementResultV2": self._result_csv,
            "CancelStatement": self._cancel,
            "ListStatements": self._list,
        }

    def close(self) -> None:
        """Cancels every statement under way."""
        self._statements.close()

    def _execute(self, call: Call) -> Mapping[str, Any]:
        caller, parameters = _caller(call), call.parameters
        target = self._target(call, caller)
        user = self._user(caller, parameters, target)
        requests.refuse_unimplemented(parameters)
        wait = requests.wait_seconds(parameters)
        sqls = requests.texts(parameters)
        request = Request(
            sqls=sqls,
            owner=_owner(caller),
            session_user_id=caller.user_id,
            user=user,
            database=requests.database(parameters),
            workgroup=parameters["WorkgroupName"],
            batch="Sqls" in parameters,
            auto_commit=requests.auto_commit(parameters),
            parameters=requests.bindings(parameters, sqls),
            result_format=requests.result_format(parameters),
            name=parameters.get("StatementName"),
            secret_arn=parameters.get("SecretArn"),
        )
        asked = {"operation": call.operation, **parameters}
        statement = self._statements.submit(request, client_token=asked.pop("ClientToken", ""), asked=asked)
        self._wait(statement, wait)
        return submitted(statement, waited=wait is not None)

    def _target(self, call: Call, caller: Caller) -> str:
        """The ARN of the workgroup, on which the caller may do this."""
        name, cluster = requests.target(call.parameters)
        arn = self._workgroup_arn(name) if name else None
        kind, prefix = ("redshift-serverless", "workgroup/") if name else ("redshift", "cluster:")
        nowhere = f"arn:aws:{kind}:{call.region}:{caller.account}:{prefix}{name or cluster}"
        self._authorize(caller, f"redshift-data:{call.operation}", arn or nowhere)
        if arn is None:
            raise invalid(_NO_ENDPOINT)
        return arn

    def _user(self, caller: Caller, parameters: Mapping[str, Any], workgroup_arn: str) -> DbUser:
        if secret := parameters.get("SecretArn"):
            self._authorize(caller, "secretsmanager:GetSecretValue", secret)
            if self._admin_secrets(secret) != self._superuser:
                raise invalid("The secret does not hold the credentials of a user of this workgroup.")
            return DbUser(self._superuser, superuser=True)
        if "DbUser" in parameters:
            raise invalid("DbUser is for clusters: a serverless workgroup takes the user from the caller.")
        if caller.person is not None:
            name = f"{self._namespace}:{caller.person.email}"
            return DbUser(name, groups=frozenset(caller.person.group_names))
        self._authorize(caller, "redshift-serverless:GetCredentials", workgroup_arn)
        if caller.role_name is not None:
            return DbUser(f"IAMR:{caller.role_name}")
        return DbUser(f"IAM:{caller.principal_arn.rpartition('/')[2]}")

    def _wait(self, statement: Statement, seconds: int | None) -> None:
        if seconds is not None:
            statement.wait(seconds, most=self._waiting_requests)

    def _own(self, call: Call, action: str) -> tuple[Statement, Part | None]:
        """The caller's own statement, and its part when the Id names one."""
        caller = _caller(call)
        name, number = requests.statement_id(call.parameters)
        wait = requests.wait_seconds(call.parameters)
        statement = self._statements.find(name, _owner(caller))
        # A policy that asks for the owner must not tell apart a stranger's statement and none at all.
        owner = statement.request.session_user_id if statement else caller.user_id
        self._authorize(caller, f"redshift-data:{action}", "*", context={STATEMENT_OWNER: owner})
        if statement is None:
            raise _not_found("Query does not exist.", call)
        if number is None:
            self._wait(statement, wait)
            return statement, None
        if not (statement.request.batch and 1 <= number <= len(statement.parts)):
            raise _not_found("Query does not exist.", call)
        self._wait(statement, wait)
        return statement, statement.parts[number - 1]

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
        if part is None and not statement.request.batch:
            part = statement.parts[0]
        if part is None or part.result is None or not statement.readable(part):
            raise _not_found(_NO_RESULT, call)
        listing = f"result:{call.parameters['Id']}"
        start = self._cursors.open(listing, call.parameters.get("NextToken"))
        return response(part.result, start, lambda following: self._cursors.seal(listing, following))

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
        caller, parameters = _caller(call), call.parameters
        self._authorize(
            caller, "redshift-data:ListStatements", "*", context={STATEMENT_OWNER: caller.user_id}
        )
        if caller.person is not None or "WorkgroupName" in parameters or "ClusterIdentifier" in parameters:
            requests.target(parameters)
        most = requests.most(parameters)
        listing = repr((_owner(caller), requests.filters(parameters)))
        before = self._cursors.open(listing, parameters.get("NextToken"))
        found = [
            statement
            for statement in self._statements.owned(_owner(caller))
            if _wanted(statement, caller, parameters) and not 0 < before <= statement.parts[0].query_id
        ]
        page: dict[str, Any] = {"Statements": [listed(statement) for statement in found[:most]]}
        if len(found) > most:
            page["NextToken"] = self._cursors.seal(listing, found[most - 1].parts[0].query_id)
        return page


def _caller(call: Call) -> Caller:
    if call.caller is None:
        raise AwsError("MissingAuthenticationTokenException", "The request is not signed.", 403)
    return call.caller


def _owner(caller: Caller) -> Owner:
    return Owner(caller.principal_arn, caller.person.user_id if caller.person else None)


def _not_found(message: str, call: Call) -> AwsError:
    return AwsError("ResourceNotFoundException", message, ResourceId=call.parameters["Id"])


def _wanted(statement: Statement, caller: Caller, parameters: Mapping[str, Any]) -> bool:
    request = statement.request
    return (
        parameters.get("Status", "FINISHED") in {"ALL", statement.status}
        and (request.name or "").startswith(parameters.get("StatementName", ""))
        and parameters.get("WorkgroupName", request.workgroup) == request.workgroup
        and "ClusterIdentifier" not in parameters
        and parameters.get("Database", request.database) == request.database
        and (parameters.get("RoleLevel", True) or request.session_user_id == caller.user_id)
    )
