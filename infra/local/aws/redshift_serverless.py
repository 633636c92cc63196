"""Redshift Serverless: a namespace with its workgroup, which hold the warehouse that the stand-in has."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.local.aws import workgroup_settings as settings
from infra.local.aws.holders import Holder, Holders, forget, key_id, password
from infra.local.aws.model import AwsError, Call
from infra.local.aws.paging import page
from infra.local.aws.redshift_applications import RedshiftApplications
from infra.local.aws.states import PutBack, all_of, keeping
from infra.local.aws.tags import Tags
from infra.local.aws.transitions import Transition, Transitions
from infra.local.aws.wire import not_implemented
from infra.local.config import ACCOUNT_ID, DATABASE, REGION, SUPERUSER

Members = Mapping[str, Any]
_SERVICE = "redshift-serverless"
_INVALID = "ValidationException"
_NAMESPACE_MEMBERS = frozenset(
    {
        "namespaceName",
        "adminUsername",
        "adminUserPassword",
        "manageAdminPassword",
        "dbName",
        "defaultIamRoleArn",
        "iamRoles",
        "kmsKeyId",
        "logExports",
        "redshiftIdcApplicationArn",
        "tags",
    }
)
# What UpdateNamespace takes together; of two of these groups it takes one at a time.
_TOGETHER = (
    frozenset({"adminUsername", "adminUserPassword"}),
    frozenset({"manageAdminPassword"}),
    frozenset({"iamRoles", "defaultIamRoleArn"}),
    frozenset({"kmsKeyId"}),
    frozenset({"logExports"}),
)
_LOGS = frozenset({"userlog", "connectionlog", "useractivitylog"})


_ARN = f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT_ID}"


@dataclass
class _Namespace:
    name: str
    identifier: str
    created_at: datetime
    holder: Holder
    kms_key_id: str
    logs: list[str]
    transition: Transition = field(default_factory=Transition)

    @property
    def arn(self) -> str:
        return f"{_ARN}:namespace/{self.identifier}"


@dataclass
class _Workgroup:
    name: str
    identifier: str
    created_at: datetime
    namespace: str
    given: dict[str, Any]
    transition: Transition = field(default_factory=Transition)

    @property
    def arn(self) -> str:
        return f"{_ARN}:workgroup/{self.identifier}"


class RedshiftServerless:
    """The redshift-serverless service."""

    def __init__(
        self,
        *,
        holders: Holders,
        applications: RedshiftApplications,
        transitions: Transitions,
        clock: Callable[[], float],
    ) -> None:
        self._holders = holders
        self._applications = applications
        self._tags = Tags(invalid=_INVALID, too_many="TooManyTagsException", members=("key", "value"))
        self._transitions = transitions
        self._clock = clock
        self._namespaces: dict[str, _Namespace] = {}
        self._workgroups: dict[str, _Workgroup] = {}
        holders.include(lambda: [namespace.holder for namespace in list(self._namespaces.values())])
        operations: dict[str, Callable[[Call], Members]] = {
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
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.list_tags,
        }
        self.operations: Mapping[str, Callable[[Call], Members]] = {
            name: self._settled(operation) for name, operation in operations.items()
        }

    def keep(self) -> PutBack:
        """Keeps what there is; what is returned puts it back."""
        return all_of(keeping(self, "_namespaces", "_workgroups"), self._tags.keep())

    def workgroup_arn(self, name: str) -> str | None:
        """The ARN of a workgroup that answers; None when there is none of that name."""
        workgroup = self._workgroups.get(name)
        if workgroup is None or self._transitions.doing(workgroup.transition) in ("CREATING", "DELETING"):
            return None
        return workgroup.arn

    def resource(self, call: Call) -> str:
        """The ARN that an operation's permission is asked for; "*" where it is about none.

        AWS makes the ids: for what is not there yet, a policy has to be on all of the account.
        """
        asked = call.parameters
        if "resourceArn" in asked:
            return str(asked["resourceArn"])
        if "workgroupName" in asked:
            workgroup = self._workgroups.get(asked["workgroupName"])
            return workgroup.arn if workgroup else f"{_ARN}:workgroup/*"
        if "namespaceName" in asked:
            namespace = self._namespaces.get(asked["namespaceName"])
            return namespace.arn if namespace else f"{_ARN}:namespace/*"
        return "*"

    def _settled(self, operation: Callable[[Call], Members]) -> Callable[[Call], Members]:
        """The operation, before and after which what was being deleted is gone."""

        def settled(call: Call) -> Members:
            self._settle()
            members = operation(call)
            self._settle()
            return members

        return settled

    def _settle(self) -> None:
        for workgroup in list(self._workgroups.values()):
            # Of two who see that it is gone, one takes it away.
            if self._is_over(workgroup.transition) and self._workgroups.pop(workgroup.name, None) is not None:
                self._tags.forget(workgroup.arn)
        for namespace in list(self._namespaces.values()):
            if self._is_over(namespace.transition) and self._namespaces.pop(namespace.name, None) is not None:
                self._tags.forget(namespace.arn)
                self._holders.end(namespace.holder)

    def _is_over(self, transition: Transition) -> bool:
        """Whether what was being deleted is gone."""
        return transition.doing == "DELETING" and not self._transitions.doing(transition)

    # Namespaces.

    def create_namespace(self, call: Call) -> Members:
        asked, name = call.parameters, call.parameters["namespaceName"]
        settings.refuse_others(call, _NAMESPACE_MEMBERS)
        if name in self._namespaces:
            raise AwsError("ConflictException", f"The namespace {name} already exists.")
        self._holders.check_free(_SERVICE)
        application = asked.get("redshiftIdcApplicationArn")
        if application is not None and not self._applications.exists(application):
            raise AwsError(_INVALID, "The Redshift application does not exist.")
        self._tags.check(asked.get("tags", []))
        administrator, database = asked.get("adminUsername", SUPERUSER), asked.get("dbName", DATABASE)
        settings.check_names(administrator, database)
        roles, default_role = self._roles(asked.get("iamRoles", []), asked.get("defaultIamRoleArn"))
        logs, key = _logs(asked.get("logExports", [])), key_id(asked.get("kmsKeyId"), invalid=_INVALID)
        secret, secret_arn = password(
            name,
            administrator,
            managed=asked.get("manageAdminPassword", False),
            given=asked.get("adminUserPassword"),
            invalid=_INVALID,
        )
        holder = Holder(database, administrator, secret, secret_arn, roles, default_role)
        self._holders.begin(holder, application_arn=application)
        namespace = _Namespace(name, str(uuid.uuid4()), self._now(), holder, key, logs)
        self._namespaces[name] = namespace
        self._tags.add(namespace.arn, asked.get("tags", []))
        return {"namespace": self._namespace_members(namespace)}

    def _roles(self, roles: Sequence[str], default: str | None) -> tuple[list[str], str | None]:
        return self._holders.roles(roles, default, invalid=_INVALID, of_default="defaultIamRoleArn")

    def get_namespace(self, call: Call) -> Members:
        return {"namespace": self._namespace_members(self._namespace(call))}

    def list_namespaces(self, call: Call) -> Members:
        found = [self._namespace_members(namespace) for namespace in list(self._namespaces.values())]
        return _page(found, call, "namespaces")

    def update_namespace(self, call: Call) -> Members:
        namespace, asked = self._namespace(call), call.parameters
        settings.refuse_others(call, frozenset({"namespaceName"}).union(*_TOGETHER))
        self._require_available(namespace.transition, "namespace", "updating")
        changed = set(asked) - {"namespaceName"}
        together = next((group for group in _TOGETHER if changed <= group), None)
        if not changed or together is None:
            raise AwsError(_INVALID, "You can't update multiple parameters in one request.")
        if together & {"adminUsername", "iamRoles"} and changed != together:
            raise AwsError(_INVALID, f"{' and '.join(sorted(together))} are updated together.")
        self._change(namespace, asked)
        namespace.transition = self._transitions.begin("MODIFYING")
        return {"namespace": self._namespace_members(namespace)}

    def _change(self, namespace: _Namespace, asked: Members) -> None:
        holder = namespace.holder
        if asked.get("adminUsername", holder.administrator) != holder.administrator:
            raise not_implemented(_SERVICE, "Another name of the administrator")
        if "iamRoles" in asked:
            holder.roles, holder.default_role = self._roles(asked["iamRoles"], asked["defaultIamRoleArn"])
        namespace.kms_key_id = key_id(asked.get("kmsKeyId", namespace.kms_key_id), invalid=_INVALID)
        namespace.logs = _logs(asked.get("logExports", namespace.logs))
        managed = asked.get("manageAdminPassword", False)
        if "adminUserPassword" in asked or asked.get("manageAdminPassword") not in (
            None,
            holder.secret_arn is not None,
        ):
            forget(holder.secret_arn)
            holder.password, holder.secret_arn = password(
                namespace.name,
                holder.administrator,
                managed=managed,
                given=asked.get("adminUserPassword"),
                invalid=_INVALID,
            )

    def delete_namespace(self, call: Call) -> Members:
        settings.refuse_others(call, frozenset({"namespaceName"}))
        namespace = self._namespace(call)
        self._require_available(namespace.transition, "namespace", "deleting")
        if any(workgroup.namespace == namespace.name for workgroup in list(self._workgroups.values())):
            raise AwsError("ConflictException", "The namespace has a workgroup.")
        namespace.transition = self._transitions.begin("DELETING")
        return {"namespace": {**self._namespace_members(namespace), "status": "DELETING"}}

    def _namespace(self, call: Call) -> _Namespace:
        name = call.parameters["namespaceName"]
        if name not in self._namespaces:
            raise AwsError("ResourceNotFoundException", f"The namespace {name} does not exist.")
        return self._namespaces[name]

    # Workgroups.

    def create_workgroup(self, call: Call) -> Members:
        asked, name = call.parameters, call.parameters["workgroupName"]
        settings.refuse_others(call, settings.MEMBERS | {"workgroupName", "namespaceName", "tags"})
        namespace = self._namespace(call)
        if any(
            name == one.name or one.namespace == namespace.name for one in list(self._workgroups.values())
        ):
            raise AwsError("ConflictException", "The workgroup exists, or the namespace has one already.")
        self._require_available(namespace.transition, "namespace", "creating the workgroup")
        self._tags.check(asked.get("tags", []))
        given = settings.of_new_workgroup(asked)
        workgroup = _Workgroup(name, str(uuid.uuid4()), self._now(), namespace.name, given)
        workgroup.transition = self._transitions.begin("CREATING")
        self._workgroups[name] = workgroup
        namespace.holder.called = name
        self._tags.add(workgroup.arn, asked.get("tags", []))
        return {"workgroup": self._workgroup_members(workgroup)}

    def get_workgroup(self, call: Call) -> Members:
        return {"workgroup": self._workgroup_members(self._workgroup(call))}

    def list_workgroups(self, call: Call) -> Members:
        found = [self._workgroup_members(workgroup) for workgroup in list(self._workgroups.values())]
        return _page(found, call, "workgroups")

    def update_workgroup(self, call: Call) -> Members:
        workgroup = self._workgroup(call)
        settings.refuse_others(call, settings.MEMBERS | {"workgroupName"})
        self._require_available(workgroup.transition, "workgroup", "updating")
        changes = {name: value for name, value in call.parameters.items() if name != "workgroupName"}
        if len(changes) != 1:
            raise AwsError(_INVALID, "You can't update multiple parameters in one request.")
        workgroup.given = settings.changed(workgroup.given, changes)
        workgroup.transition = self._transitions.begin("MODIFYING")
        return {"workgroup": self._workgroup_members(workgroup)}

    def delete_workgroup(self, call: Call) -> Members:
        workgroup = self._workgroup(call)
        self._require_available(workgroup.transition, "workgroup", "deleting")
        workgroup.transition = self._transitions.begin("DELETING")
        return {"workgroup": {**self._workgroup_members(workgroup), "status": "DELETING"}}

    def _workgroup(self, call: Call) -> _Workgroup:
        name = call.parameters["workgroupName"]
        if name not in self._workgroups:
            raise AwsError("ResourceNotFoundException", f"The workgroup {name} does not exist.")
        return self._workgroups[name]

    def _require_available(self, transition: Transition, what: str, doing: str) -> None:
        if self._transitions.doing(transition):
            raise AwsError(
                "ConflictException",
                f"There is an operation running on the {what}. Try {doing} the {what} again later.",
            )

    # Tags.

    def tag(self, call: Call) -> Members:
        self._tags.add(self._tagged(call), call.parameters["tags"])
        return {}

    def untag(self, call: Call) -> Members:
        self._tags.remove(self._tagged(call), call.parameters["tagKeys"])
        return {}

    def list_tags(self, call: Call) -> Members:
        return {"tags": self._tags.of(self._tagged(call))}

    def _tagged(self, call: Call) -> str:
        arn = str(call.parameters["resourceArn"])
        namespaces, workgroups = list(self._namespaces.values()), list(self._workgroups.values())
        if arn not in {*(one.arn for one in namespaces), *(one.arn for one in workgroups)}:
            raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist.")
        return arn

    # What is shown.

    def _namespace_members(self, namespace: _Namespace) -> dict[str, Any]:
        holder = namespace.holder
        members = {
            "namespaceName": namespace.name,
            "namespaceId": namespace.identifier,
            "namespaceArn": namespace.arn,
            "adminUsername": holder.administrator,
            "adminPasswordSecretArn": holder.secret_arn,
            "dbName": holder.database,
            # So AWS shows them, where one would expect their ARNs.
            "iamRoles": [f"IamRole(applyStatus=in-sync, iamRoleArn={role})" for role in holder.roles],
            "defaultIamRoleArn": holder.default_role,
            "kmsKeyId": namespace.kms_key_id,
            "logExports": namespace.logs,
            "creationDate": namespace.created_at,
            "status": self._transitions.doing(namespace.transition) or "AVAILABLE",
        }
        return {name: value for name, value in members.items() if value is not None}

    def _workgroup_members(self, workgroup: _Workgroup) -> dict[str, Any]:
        host = f"{workgroup.name}.{ACCOUNT_ID}.{REGION}.redshift-serverless.amazonaws.com"
        return {
            **workgroup.given,
            "workgroupName": workgroup.name,
            "namespaceName": workgroup.namespace,
            "workgroupId": workgroup.identifier,
            "workgroupArn": workgroup.arn,
            # Shown as AWS shows it; the warehouse is reached through the Data API alone.
            "endpoint": {"address": host, "port": workgroup.given["port"]},
            "creationDate": workgroup.created_at,
            "status": self._transitions.doing(workgroup.transition) or "AVAILABLE",
        }

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0)


def _logs(asked: Sequence[str]) -> list[str]:
    if not set(asked) <= _LOGS:
        raise AwsError(_INVALID, f"logExports are {', '.join(sorted(_LOGS))}.")
    return list(asked)


def _page(items: list[Any], call: Call, member: str) -> Members:
    found, token = page(items, most=call.parameters.get("maxResults"), token=call.parameters.get("nextToken"))
    return {member: found, **({"nextToken": token} if token else {})}
