"""Where a request of the Data API runs SQL, and as whom: the caller decides that, never what they ask for."""

from collections.abc import Callable, Mapping
from typing import Any

from infra.local.aws import data_requests as requests
from infra.local.aws.data_requests import invalid
from infra.local.aws.data_sessions import DataSession
from infra.local.aws.model import Authorizer, AwsError, Call, Caller
from infra.local.aws.statement import Connection, Owner
from infra.local.warehouse import DbUser

SESSION_OWNER = "redshift-data:session-owner-iam-userid"
_NO_ENDPOINT = "Redshift endpoint doesn't exist in this region."
_SECRET_ACTION = "secretsmanager:GetSecretValue"
_CREDENTIALS_ACTION = "redshift-serverless:GetCredentials"


def caller_of(call: Call) -> Caller:
    """Who signed the call."""
    if call.caller is None:
        raise AwsError("MissingAuthenticationTokenException", "The request is not signed.", 403)
    return call.caller


def owner_of(caller: Caller) -> Owner:
    """Whose the caller's statements and sessions are."""
    return Owner(caller.principal_arn, caller.person.user_id if caller.person else None)


class Connections:
    """Connects callers to the warehouse as the database users that they are."""

    def __init__(
        self,
        *,
        authorize: Authorizer,
        workgroup_arn: Callable[[str], str | None],
        admin_secrets: Callable[[str], str | None],
        namespace: str,
        superuser: str,
    ) -> None:
        self._authorize = authorize
        self._workgroup_arn = workgroup_arn
        self._admin_secrets = admin_secrets
        self._namespace = namespace
        self._superuser = superuser

    def connect(self, call: Call) -> Connection:
        """A new connection to the workgroup and the database that the request names."""
        caller, parameters = caller_of(call), call.parameters
        arn = self._target(call, caller)
        user = self._user(caller, parameters, arn)
        return Connection(
            workgroup=parameters["WorkgroupName"],
            workgroup_arn=arn,
            database=requests.database(parameters),
            user=user,
            secret_arn=parameters.get("SecretArn"),
        )

    def reconnect(self, call: Call, session: DataSession) -> Connection:
        """The connection of the caller's own session, if they may still do what it was opened with."""
        caller, connection = caller_of(call), session.connection
        action = f"redshift-data:{call.operation}"
        self._authorize(caller, action, connection.workgroup_arn, context={SESSION_OWNER: session.user_id})
        if connection.secret_arn is not None:
            self._authorize(caller, _SECRET_ACTION, connection.secret_arn)
        elif caller.person is None:
            self._authorize(caller, _CREDENTIALS_ACTION, connection.workgroup_arn)
        requests.check_session_target(call.parameters, connection.database)
        return connection

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
            self._authorize(caller, _SECRET_ACTION, secret)
            if self._admin_secrets(secret) != self._superuser:
                raise invalid("The secret does not hold the credentials of a user of this workgroup.")
            return DbUser(self._superuser, superuser=True)
        if "DbUser" in parameters:
            raise invalid("DbUser is for clusters: a serverless workgroup takes the user from the caller.")
        if caller.person is not None:
            name = f"{self._namespace}:{caller.person.email}"
            return DbUser(name, groups=frozenset(caller.person.group_names))
        self._authorize(caller, _CREDENTIALS_ACTION, workgroup_arn)
        if caller.role_name is not None:
            return DbUser(f"IAMR:{caller.role_name}")
        return DbUser(f"IAM:{caller.principal_arn.rpartition('/')[2]}")
