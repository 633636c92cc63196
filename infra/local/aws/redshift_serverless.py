"""Redshift Serverless: one namespace with one workgroup, which is the warehouse that the stand-in has."""

import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends

from infra.local.aws.iam import Iam
from infra.local.aws.model import AwsError, Call
from infra.local.aws.paging import page
from infra.local.aws.redshift import RedshiftApplications
from infra.local.aws.states import PutBack, keeping
from infra.local.aws.wire import not_implemented
from infra.local.config import ACCOUNT_ID, DATABASE, REGION, SUPERUSER

Members = Mapping[str, Any]
_PORT = 5439
_NAMESPACE_MEMBERS = frozenset(
    {
        "namespaceName",
        "adminUsername",
        "adminUserPassword",
        "manageAdminPassword",
        "dbName",
        "iamRoles",
        "defaultIamRoleArn",
        "redshiftIdcApplicationArn",
    }
)
_WORKGROUP_MEMBERS = frozenset(
    {
        "workgroupName",
        "namespaceName",
        "baseCapacity",
        "maxCapacity",
        "publiclyAccessible",
        "enhancedVpcRouting",
        "subnetIds",
        "securityGroupIds",
        "configParameters",
    }
)


@dataclass
class _Namespace:
    name: str
    identifier: str
    created_at: datetime
    password: str = field(repr=False)
    secret_arn: str | None
    roles: list[str]
    default_role: str | None
    idc_application_arn: str | None

    @property
    def arn(self) -> str:
        return f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT_ID}:namespace/{self.identifier}"


@dataclass
class _Workgroup:
    name: str
    identifier: str
    created_at: datetime
    namespace: str
    given: dict[str, Any]

    @property
    def arn(self) -> str:
        return f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT_ID}:workgroup/{self.identifier}"


class RedshiftServerless:
    """The redshift-serverless service."""

    def __init__(self, *, iam: Iam, applications: RedshiftApplications, clock: Callable[[], float]) -> None:
        self._iam = iam
        self._applications = applications
        self._clock = clock
        self._namespaces: dict[str, _Namespace] = {}
        self._workgroups: dict[str, _Workgroup] = {}
        self.operations: Mapping[str, Callable[[Call], Members]] = {
            "CreateNamespace": self.create_namespace,
            "GetNamespace": self.get_namespace,
            "ListNamespaces": self.list_namespaces,
            "UpdateNamespace": self.update_namespace,
            "DeleteNamespace": self.delete_namespace,
            "CreateWorkgroup": self.create_workgroup,
            "GetWorkgroup": self.get_workgroup,
            "ListWorkgroups": self.list_workgroups,
            "UpdateWorkgroup": self.update_workgroup,
            "DeleteWorkgroup": self.delete_workgroup,
        }

    def keep(self) -> PutBack:
        """Keeps what there is; what is returned puts it back."""
        return keeping(self, "_namespaces", "_workgroups")

    # What the Data API asks.

    def workgroup_arn(self, name: str) -> str | None:
        """A workgroup's ARN; None when there is none of that name."""
        workgroup = self._workgroups.get(name)
        return workgroup.arn if workgroup else None

    def admin_of_secret(self, secret_id: str) -> str | None:
        """The administrator whose name and password a secret holds; None when it holds no such."""
        secret = _secrets().secrets.get(secret_id)
        version = secret.versions.get(secret.default_version_id or "") if secret else None
        if secret is None or version is None or secret.is_deleted():
            return None
        try:
            held = json.loads(version.get("secret_string") or "")
        except ValueError:
            return None
        if not isinstance(held, dict) or held.get("username") != SUPERUSER:
            return None
        given = str(held.get("password", "")).encode()
        matches = [
            hmac.compare_digest(given, namespace.password.encode())
            for namespace in list(self._namespaces.values())
        ]
        return SUPERUSER if any(matches) else None

    def copy_role(self, asked: str | None) -> str | None:
        """COPY's role: the default one, or the one asked for; None when the namespace has it not."""
        namespace = next(iter(list(self._namespaces.values())), None)
        if namespace is None:
            return None
        return namespace.default_role if asked is None else asked if asked in namespace.roles else None

    def user_arn(self, name: str) -> str:
        """A database user of the workgroup as Redshift names them: the external id where it takes a role."""
        workgroup = next(iter(list(self._workgroups)), "")
        return f"arn:aws:redshift:{REGION}:{ACCOUNT_ID}:dbuser:{workgroup}/{name}"

    def resource(self, call: Call) -> str:
        """The ARN that an operation's permission is asked for; "*" for what is not there yet."""
        workgroup = self._workgroups.get(call.parameters.get("workgroupName", ""))
        if workgroup is not None:
            return workgroup.arn
        namespace = self._namespaces.get(call.parameters.get("namespaceName", ""))
        return namespace.arn if namespace is not None and "workgroupName" not in call.parameters else "*"

    # Namespaces.

    def create_namespace(self, call: Call) -> Members:
        asked = call.parameters
        _refuse_others(call, _NAMESPACE_MEMBERS)
        if asked["namespaceName"] in self._namespaces:
            raise AwsError("ConflictException", "The namespace exists already.")
        if self._namespaces:
            raise not_implemented("redshift-serverless", "A second namespace")
        if (asked.get("dbName", DATABASE), asked.get("adminUsername", SUPERUSER)) != (DATABASE, SUPERUSER):
            raise not_implemented("redshift-serverless", f"Other than database {DATABASE} of {SUPERUSER}")
        application = asked.get("redshiftIdcApplicationArn")
        if application is not None and not self._applications.exists(application):
            raise AwsError("ValidationException", "The Redshift application does not exist.")
        roles, default_role = self._roles(asked, [], None)
        password, secret_arn = _password(asked)
        namespace = _Namespace(
            name=asked["namespaceName"],
            identifier=str(uuid.uuid4()),
            created_at=self._now(),
            password=password,
            secret_arn=secret_arn,
            roles=roles,
            default_role=default_role,
            idc_application_arn=application,
        )
        self._namespaces[namespace.name] = namespace
        return {"namespace": _namespace_members(namespace)}

    def _roles(self, asked: Members, roles: list[str], default: str | None) -> tuple[list[str], str | None]:
        roles = list(asked.get("iamRoles", roles))
        default = asked.get("defaultIamRoleArn", default) or None
        for arn in roles:
            try:
                self._iam.role(arn)
            except LookupError as error:
                raise AwsError("ValidationException", f"The IAM role {arn} does not exist.") from error
        if default is not None and default not in roles:
            raise AwsError("ValidationException", "defaultIamRoleArn must be one of iamRoles.")
        return roles, default

    def get_namespace(self, call: Call) -> Members:
        return {"namespace": _namespace_members(self._namespace(call))}

    def list_namespaces(self, call: Call) -> Members:
        return _page([_namespace_members(one) for one in list(self._namespaces.values())], call, "namespaces")

    def update_namespace(self, call: Call) -> Members:
        _refuse_others(call, _NAMESPACE_MEMBERS - {"dbName", "redshiftIdcApplicationArn"})
        namespace, asked = self._namespace(call), call.parameters
        if asked.get("adminUsername", SUPERUSER) != SUPERUSER:
            raise not_implemented("redshift-serverless", f"An administrator other than {SUPERUSER}")
        namespace.roles, namespace.default_role = self._roles(asked, namespace.roles, namespace.default_role)
        if "adminUserPassword" in asked or asked.get("manageAdminPassword") not in (
            None,
            namespace.secret_arn is not None,
        ):
            _forget(namespace.secret_arn)
            namespace.password, namespace.secret_arn = _password({"namespaceName": namespace.name, **asked})
        return {"namespace": _namespace_members(namespace)}

    def delete_namespace(self, call: Call) -> Members:
        _refuse_others(call, frozenset({"namespaceName"}))
        namespace = self._namespace(call)
        if any(workgroup.namespace == namespace.name for workgroup in list(self._workgroups.values())):
            raise AwsError("ConflictException", "The namespace has a workgroup.")
        _forget(namespace.secret_arn)
        del self._namespaces[namespace.name]
        return {"namespace": {**_namespace_members(namespace), "status": "DELETING"}}

    def _namespace(self, call: Call) -> _Namespace:
        name = call.parameters["namespaceName"]
        if name not in self._namespaces:
            raise AwsError("ResourceNotFoundException", f"The namespace {name} does not exist.")
        return self._namespaces[name]

    # Workgroups.

    def create_workgroup(self, call: Call) -> Members:
        _refuse_others(call, _WORKGROUP_MEMBERS)
        namespace, name = self._namespace(call), call.parameters["workgroupName"]
        if any(
            name == one.name or one.namespace == namespace.name for one in list(self._workgroups.values())
        ):
            raise AwsError("ConflictException", "The workgroup exists, or the namespace has one already.")
        workgroup = _Workgroup(
            name, str(uuid.uuid4()), self._now(), namespace.name, {"baseCapacity": 128, **call.parameters}
        )
        self._workgroups[name] = workgroup
        return {"workgroup": _workgroup_members(workgroup)}

    def get_workgroup(self, call: Call) -> Members:
        return {"workgroup": _workgroup_members(self._workgroup(call))}

    def list_workgroups(self, call: Call) -> Members:
        return _page([_workgroup_members(one) for one in list(self._workgroups.values())], call, "workgroups")

    def update_workgroup(self, call: Call) -> Members:
        _refuse_others(call, _WORKGROUP_MEMBERS - {"namespaceName"})
        workgroup = self._workgroup(call)
        workgroup.given = {**workgroup.given, **call.parameters}
        return {"workgroup": _workgroup_members(workgroup)}

    def delete_workgroup(self, call: Call) -> Members:
        workgroup = self._workgroup(call)
        del self._workgroups[workgroup.name]
        return {"workgroup": {**_workgroup_members(workgroup), "status": "DELETING"}}

    def _workgroup(self, call: Call) -> _Workgroup:
        name = call.parameters["workgroupName"]
        if name not in self._workgroups:
            raise AwsError("ResourceNotFoundException", f"The workgroup {name} does not exist.")
        return self._workgroups[name]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0)


def _refuse_others(call: Call, known: frozenset[str]) -> None:
    others = sorted(set(call.parameters) - known)
    if others:
        raise not_implemented("redshift-serverless", f"{call.operation} with {others[0]}")


def _secrets() -> SecretsManagerBackend:
    return secretsmanager_backends[ACCOUNT_ID][REGION]


def _password(asked: Members) -> tuple[str, str | None]:
    """The administrator's password, and the ARN of the secret that holds it when Secrets Manager keeps it."""
    if not asked.get("manageAdminPassword"):
        # Without one, nobody knows it.
        return asked.get("adminUserPassword") or secrets.token_urlsafe(32), None
    if "adminUserPassword" in asked:
        raise AwsError("ValidationException", "adminUserPassword cannot be given for a managed password.")
    password = secrets.token_urlsafe(32)
    name = f"redshift!{asked['namespaceName']}-{SUPERUSER}"
    held = json.dumps({"username": SUPERUSER, "password": password})
    return password, str(_secrets().create_managed_secret("redshift", name, secret_string=held).arn)


def _forget(secret_arn: str | None) -> None:
    if secret_arn is not None:
        _secrets().secrets.pop(secret_arn)


def _namespace_members(namespace: _Namespace) -> dict[str, Any]:
    members = {
        "namespaceName": namespace.name,
        "namespaceId": namespace.identifier,
        "namespaceArn": namespace.arn,
        "adminUsername": SUPERUSER,
        "adminPasswordSecretArn": namespace.secret_arn,
        "dbName": DATABASE,
        "iamRoles": namespace.roles,
        "defaultIamRoleArn": namespace.default_role,
        "creationDate": namespace.created_at,
        "status": "AVAILABLE",
    }
    return {name: value for name, value in members.items() if value is not None}


def _workgroup_members(workgroup: _Workgroup) -> dict[str, Any]:
    host = f"{workgroup.name}.{ACCOUNT_ID}.{REGION}.redshift-serverless.amazonaws.com"
    return {
        "enhancedVpcRouting": False,
        "publiclyAccessible": False,
        **workgroup.given,
        "workgroupId": workgroup.identifier,
        "workgroupArn": workgroup.arn,
        # Shown as AWS shows it; the warehouse is reached through the Data API alone.
        "endpoint": {"address": host, "port": _PORT},
        "port": _PORT,
        "creationDate": workgroup.created_at,
        "status": "AVAILABLE",
    }


def _page(items: list[Any], call: Call, member: str) -> Members:
    found, token = page(items, most=call.parameters.get("maxResults"), token=call.parameters.get("nextToken"))
    return {member: found, **({"nextToken": token} if token else {})}
