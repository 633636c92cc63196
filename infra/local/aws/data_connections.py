"""Where a request of the Data API runs SQL, and as whom: the caller decides that, never what they ask for."""

from collections.abc import Callable, Mapping
from typing import Any

from infra.local.aws import data_requests as requests
from infra.local.aws.data_requests import invalid
from infra.local.aws.data_sessions import DataSession
from infra.local.aws.model import Authorizer, AwsError, Call, Caller
from infra.local.aws.statement import Connection, Owner, Target
from infra.local.aws.wire import not_implemented
from infra.local.warehouse import DbUser, IdentityProvider, Redshift

SESSION_OWNER = "redshift-data:session-owner-iam-userid"
_NO_ENDPOINT = "Redshift endpoint doesn't exist in this region."
_SECRET_ACTION = "secretsmanager:GetSecretValue"
# What lets somebody act as the database user of their IAM identity, at each kind of warehouse.
_CREDENTIALS_ACTIONS = {
    "WorkgroupName": "redshift-serverless:GetCredentials",
    "ClusterIdentifier": "redshift:GetClusterCredentialsWithIAM",
}
# Whom these credentials then name to the database; a role that does not exist there is left out.
_USER_TAG, _ROLES_TAG = "RedshiftDbUser", "RedshiftDbRoles"


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
        redshift: Redshift,
        authorize: Authorizer,
        workgroup_arn: Callable[[str], str | None],
        cluster_arn: Callable[[str], str | None],
        admin_secrets: Callable[[str], str | None],
        looks_up: Callable[[IdentityProvider], bool],
    ) -> None:
        """`looks_up` tells whether the warehouse can ask Identity Center through a provider."""
        self._redshift = redshift
        self._authorize = authorize
        self._arns = {"WorkgroupName": workgroup_arn, "ClusterIdentifier": cluster_arn}
        self._admin_secrets = admin_secrets
        self._looks_up = looks_up

    def refusal(self, connection: Connection) -> str:
        """Why the warehouse does not take the connection; empty where it does."""
        if connection.database != self._redshift.database:
            return f'FATAL: database "{connection.database}" does not exist'
        if connection.of_person and not self._redshift.namespace:
            return "FATAL: no identity provider for IAM Identity Center is registered or enabled"
        if connection.of_person and not all(map(self._looks_up, self._redshift.identity_providers)):
            return "FATAL: IAM Identity Center refuses the IAM role of the identity provider"
        return ""

    def connect(self, call: Call) -> Connection:
        """A new connection to the warehouse and the database that the request names."""
        caller, parameters = caller_of(call), call.parameters
        target = self._target(call, caller)
        user = self._user(caller, parameters, target)
        return Connection(
            target=target,
            database=requests.database(parameters),
            user=user,
            secret_arn=parameters.get("SecretArn"),
            of_person=caller.person is not None and "SecretArn" not in parameters,
        )

    def reconnect(self, call: Call, session: DataSession) -> Connection:
        """The connection of the caller's own session, if they may still do what it was opened with."""
        caller, connection = caller_of(call), session.connection
        action = f"redshift-data:{call.operation}"
        self._authorize(caller, action, connection.target.arn, context={SESSION_OWNER: session.user_id})
        if connection.secret_arn is not None:
            self._authorize(caller, _SECRET_ACTION, connection.secret_arn)
        elif caller.person is None:
            self._authorize_credentials(caller, connection.target, connection.database)
        requests.check_session_target(call.parameters, connection.database)
        return connection

    def _target(self, call: Call, caller: Caller) -> Target:
        """The workgroup or the cluster, on which the caller may do this."""
        member, name = requests.target(call.parameters)
        arn = self._arns[member](name)
        serverless = member == "WorkgroupName"
        kind, prefix = ("redshift-serverless", "workgroup/") if serverless else ("redshift", "cluster:")
        nowhere = f"arn:aws:{kind}:{call.region}:{caller.account}:{prefix}{name}"
        self._authorize(caller, f"redshift-data:{call.operation}", arn or nowhere)
        if arn is None:
            raise invalid(_NO_ENDPOINT)
        return Target(member, name, arn)

    def _authorize_credentials(self, caller: Caller, target: Target, database: str) -> None:
        """Refuses whoever may not act as the database user of their IAM identity."""
        arn = target.arn
        if target.member == "ClusterIdentifier":
            arn = f"{arn.rpartition(':cluster:')[0]}:dbname:{target.name}/{database}"
        self._authorize(caller, _CREDENTIALS_ACTIONS[target.member], arn)

    def _user(self, caller: Caller, parameters: Mapping[str, Any], target: Target) -> DbUser:
        if secret := parameters.get("SecretArn"):
            self._authorize(caller, _SECRET_ACTION, secret)
            if self._admin_secrets(secret) != self._redshift.superuser:
                raise invalid("The secret does not hold the credentials of a user of this warehouse.")
            return DbUser(self._redshift.superuser, superuser=True)
        if "DbUser" in parameters and target.member == "ClusterIdentifier":
            raise not_implemented("redshift-data", "DbUser")
        if "DbUser" in parameters:
            raise invalid("DbUser is for clusters: a serverless workgroup takes the user from the caller.")
        if caller.person is not None:
            name = f"{self._redshift.namespace}:{caller.person.email}"
            return DbUser(name, groups=frozenset(caller.person.group_names))
        self._authorize_credentials(caller, target, requests.database(parameters))
        if caller.role_name is not None:
            roles = frozenset(filter(None, caller.tags.get(_ROLES_TAG, "").split(":")))
            return DbUser(f"IAMR:{caller.tags.get(_USER_TAG) or caller.role_name}", roles=roles)
        return DbUser(f"IAM:{caller.principal_arn.rpartition('/')[2]}")
