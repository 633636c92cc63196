"""What infra/sql makes in the warehouse, and the warehouse's connection to IAM Identity Center."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.provision.errors import ProvisioningError
from infra.provision.resources.identity_center import MANAGED_APPLICATION
from infra.provision.resources.resource import Found, Ids, Owner, Resource, State, Tell, made
from infra.provision.resources.serverless import ADMIN_SECRET, DATA, NEW, WAREHOUSE
from infra.provision.specification.spec import Spec
from infra.provision.sql import warehouse
from infra.provision.sql.admin import Admin
from infra.provision.sql.statements import steps

if TYPE_CHECKING:
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient

_ASKED_FOR_NO_MORE = "made before, and asked for no more"
_PROVIDERS = "SELECT name, namespc, enabled FROM svv_identity_providers WHERE type = 'awsidc'"


@dataclass(frozen=True)
class _InWarehouse(Resource):
    """Something that the warehouse's administrator looks after."""

    data: "RedshiftDataAPIServiceClient"
    spec: Spec

    def admin(self, ids: Ids) -> Admin | None:
        """The administrator; None while there is no warehouse to ask."""
        if ADMIN_SECRET not in ids or WAREHOUSE not in ids:
            return None
        if not ids[ADMIN_SECRET]:
            raise ProvisioningError(
                "The warehouse keeps its admin's password outside Secrets Manager: let Redshift manage it"
                " (manageAdminPassword, ManageMasterPassword), or write the ARN of a secret that holds it as"
                " warehouse.admin_secret_arn."
            )
        return Admin(self.data, self.spec, secret_arn=ids[ADMIN_SECRET])

    def sure(self, ids: Ids) -> Admin:
        """The administrator of the warehouse, which is there."""
        admin = self.admin(ids)
        if admin is None:
            raise ProvisioningError("There is no warehouse yet.")
        return admin


@dataclass(frozen=True)
class Association(_InWarehouse):
    """The warehouse takes the people of Redshift's application.

    One that is made here begins with it; for one that was there before, SQL is the way.
    """

    @property
    def title(self) -> str:
        return "the warehouse's connection to IAM Identity Center"

    @property
    def _name(self) -> str:
        """By this name it is ours."""
        return f"rowlight-{self.spec.redshift_application}"

    def find(self, ids: Ids) -> Found | None:
        if NEW in ids:
            return Found(self.wanted(ids), Owner.WHOLE)
        admin = self.admin(ids)
        rows = admin.rows([_PROVIDERS])[_PROVIDERS] if admin else []
        if not rows:
            return None
        name, namespace, enabled = rows[0]
        owner = Owner.US if name == self._name else Owner.OTHERS
        if ids[DATA] == Owner.US.value:
            owner = Owner.WHOLE
        return Found({"namespace": namespace, "enabled": enabled.lower() == "true"}, owner, detail=name)

    def wanted(self, ids: Ids) -> State:
        return {"namespace": self.spec.identity_namespace, "enabled": True}

    def create(self, ids: Ids) -> Found:
        create = (
            f'CREATE IDENTITY PROVIDER "{self._name}" TYPE AWSIDC'
            f" NAMESPACE '{self.spec.identity_namespace}'"
            f" APPLICATION_ARN '{ids[MANAGED_APPLICATION]}'"
            f" IAM_ROLE '{self.spec.role_arn(self.spec.redshift_role)}'"
        )
        self.sure(ids).run([create])
        return made()

    def change(self, ids: Ids, found: Found) -> None:
        if found.state["namespace"] != self.spec.identity_namespace:
            raise ProvisioningError(
                f"The warehouse is connected to IAM Identity Center, and names its roles"
                f" {found.state['namespace']}:…, not {self.spec.identity_namespace}:…: write that name as"
                f" identity_center.namespace, then apply again."
            )
        if found.owner is Owner.OTHERS:
            raise ProvisioningError(
                f"The warehouse's connection to IAM Identity Center is turned off, and was not made here: ask"
                f' whoever did, then ALTER IDENTITY PROVIDER "{found.detail}" ENABLE.'
            )
        self.sure(ids).run([f'ALTER IDENTITY PROVIDER "{found.detail}" ENABLE'])

    def remove(self, ids: Ids) -> None:
        self.sure(ids).run([f'DROP IDENTITY PROVIDER "{self._name}"'])


@dataclass(frozen=True)
class Statements(_InWarehouse):
    """The tables with their data, the roles of the groups, their policies and grants."""

    tell: Tell

    @property
    def title(self) -> str:
        return "tables, roles, policies and grants in the warehouse"

    def find(self, ids: Ids) -> Found | None:
        admin = self.admin(ids)
        if admin is None:
            return None
        new = NEW in ids and all(table.create for table in self.spec.tables)
        changes = warehouse.all_of(self.spec) if new else warehouse.plan(admin, self.spec)
        needed = {change.sql for change in changes}
        there = _by_file([step for step in steps(self.spec) if step.sql not in needed])
        goes = [change.title for change in changes if change.action == "remove"]
        remarks = tuple(f"{change.title}: {change.remark}" for change in changes if change.remark)
        state = {**there, **({_ASKED_FOR_NO_MORE: goes} if goes else {})}
        titles = tuple(change.title for change in changes)
        return Found(state, Owner.WHOLE, remarks=remarks, steps=titles, detail=changes)

    def wanted(self, ids: Ids) -> State:
        return _by_file(steps(self.spec))

    def create(self, ids: Ids) -> Found:
        raise ProvisioningError("There is no warehouse yet.")

    def change(self, ids: Ids, found: Found) -> None:
        for words in warehouse.run(self.sure(ids), found.detail, self.tell):
            self.tell(words)


def _by_file(listed: Sequence[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in listed:
        found.setdefault(step.script, []).append(step.title)
    return found


@dataclass(frozen=True)
class Made(_InWarehouse):
    """What the record in the warehouse says was made there, where the warehouse itself stays."""

    tell: Callable[[str], None]

    @property
    def title(self) -> str:
        return "tables, roles, policies and grants that were made in the warehouse"

    def find(self, ids: Ids) -> Found | None:
        admin = self.admin(ids)
        changes = warehouse.remaining(admin) if admin else ()
        return Found({"statements": [each.title for each in changes]}, Owner.US) if changes else None

    def wanted(self, ids: Ids) -> State:
        return {}

    def remove(self, ids: Ids) -> None:
        admin = self.sure(ids)
        for words in warehouse.undo(admin, warehouse.remaining(admin), self.tell):
            self.tell(words)
