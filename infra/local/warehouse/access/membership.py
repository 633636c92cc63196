"""USER_IS_MEMBER_OF and ROLE_IS_MEMBER_OF: who has which role, told to whoever may ask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.catalog import SYSTEM_SECADMIN, SYSTEM_SUPERUSER
from infra.local.warehouse.errors import NotSupported, PermissionDenied, UndefinedObject
from infra.local.warehouse.objects import Grantee

_SEE_USERS = frozenset(Grantee("role", name) for name in (SYSTEM_SECADMIN, SYSTEM_SUPERUSER))


@dataclass(frozen=True)
class Memberships:
    """What one user may know of who has which role, through other roles, too."""

    rights: Rights
    rights_as: Callable[[str], Rights]
    known_user: Callable[[str], bool]

    @property
    def functions(self) -> Mapping[str, Callable[[str, str], bool]]:
        """What answers each of the functions."""
        return {"user_is_member_of": self.of_user, "role_is_member_of": self.of_role}

    def of_user(self, user: str, role: str) -> bool:
        """Whether the user has the role; everybody may ask for the roles that they have themselves."""
        asked = Grantee("role", role)
        if not (self.rights.superuser or _SEE_USERS & self.rights.grantees):
            if user != self.rights.user.name:
                raise PermissionDenied("permission denied to check the membership of another user")
            self._require(asked)
        elif not self.known_user(user):
            raise UndefinedObject(f'user "{user}" does not exist', "42704")
        self._check(role)
        return asked in self.rights_as(user).grantees

    def of_role(self, role: str, granted: str) -> bool:
        """Whether the one role was granted the other."""
        asked = Grantee("role", role), Grantee("role", granted)
        if not self.rights.has("ACCESS SYSTEM TABLE"):
            for each in asked:
                self._require(each)
        for name in (role, granted):
            self._check(name)
        if role == granted:
            raise NotSupported("the membership of a role in itself")
        return asked[1] in self.rights.catalog.roles_of(frozenset({asked[0]}))

    def _require(self, role: Grantee) -> None:
        # In words that do not tell what a policy asks for, nor whether there is such a role.
        if role not in self.rights.grantees:
            raise PermissionDenied("permission denied: the role is not granted to the user")

    def _check(self, role: str) -> None:
        if role not in self.rights.catalog.roles:
            raise UndefinedObject(f'role "{role}" does not exist', "42704")
