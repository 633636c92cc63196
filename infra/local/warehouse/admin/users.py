"""Users and roles, and who has which role."""

from dataclasses import replace

from infra.local.warehouse.admin.statements import (
    AlterRoleOwner,
    AlterUser,
    ChangeMembership,
    CreateRole,
    CreateUser,
    DropRole,
    DropUser,
)
from infra.local.warehouse.admin.work import Changed, Work, duplicate, require_role
from infra.local.warehouse.catalog import PREDEFINED_ROLES, RDSDB, Catalog
from infra.local.warehouse.errors import SqlError
from infra.local.warehouse.objects import Grantee, Membership, Role, User


def create_user(at: Work, statement: CreateUser, catalog: Catalog) -> Changed:
    """CREATE USER: a name that may be granted something, and that may own."""
    name = statement.name
    # An identity provider's people have a colon in their names, and are there once they have connected.
    if name in catalog.users or (":" in name and at.known_user(name)):
        raise duplicate("user", name, "42710")
    if name in catalog.roles:
        raise duplicate("role", name, "42710")
    if name.lower() in ("public", RDSDB):
        raise SqlError(f'user name "{name}" is reserved', "42939")
    return catalog.with_one("users", name, User(name, superuser=statement.superuser)), 0


def alter_user(at: Work, statement: AlterUser, catalog: Catalog) -> Changed:
    """ALTER USER: a superuser from now on, or no longer."""
    at.require_user(catalog, statement.name)
    if statement.superuser is None:
        return catalog, 0
    if not statement.superuser:
        _require_another_superuser(catalog, statement.name)
    user = User(statement.name, superuser=statement.superuser)
    return catalog.with_one("users", user.name, user), 0


def _require_another_superuser(catalog: Catalog, name: str) -> None:
    """The first superuser owns the database, and stays what they are."""
    if name == next(iter(catalog.users), None):
        raise SqlError(f'user "{name}" owns the database', "55006")


def drop_user(at: Work, statement: DropUser, catalog: Catalog) -> Changed:
    """DROP USER: only who owns nothing and was granted nothing but roles."""
    for name in dict.fromkeys(statement.names):
        if statement.if_exists and name not in catalog.users and not at.known_user(name):
            continue
        at.require_user(catalog, name)
        if name == at.user:
            raise SqlError("current user cannot be dropped", "55006")
        _require_another_superuser(catalog, name)
        _require_unused(catalog, name)
        catalog = catalog.without_one("users", name).without_grantee(Grantee("user", name))
    return catalog, 0


def _require_unused(catalog: Catalog, name: str) -> None:
    owners = [
        *(table.owner for table in catalog.tables.values()),
        *(schema.owner for schema in catalog.schemas.values()),
        *(role.owner for role in catalog.roles.values()),
    ]
    if name in owners:
        raise SqlError(f'user "{name}" can\'t be dropped because the user owns some object', "55006")
    if any(grant.grantee == Grantee("user", name) for grant in catalog.grants):
        raise SqlError(
            f'user "{name}" can\'t be dropped because the user has a privilege on some object', "55006"
        )


def create_role(at: Work, statement: CreateRole, catalog: Catalog) -> Changed:
    """CREATE ROLE: a role of the caller's."""
    name = statement.name
    if name in catalog.roles:
        raise duplicate("role", name, "42710")
    if name in catalog.users:
        raise duplicate("user", name, "42710")
    if name.lower().startswith(("sys:", "ds:")) or name.lower() == "public":
        raise SqlError(f'role name "{name}" is reserved', "42939")
    role = Role(name, at.user, catalog.made)
    return catalog.with_one("roles", name, role).changed(made=catalog.made + 1), 0


def _require_own_kind(catalog: Catalog, name: str) -> None:
    """Raises SqlError for a role that is not there, or that is Redshift's."""
    require_role(catalog, name)
    if name in PREDEFINED_ROLES:
        raise SqlError(f'system role "{name}" cannot be changed', "42939")


def alter_role_owner(at: Work, statement: AlterRoleOwner, catalog: Catalog) -> Changed:
    """ALTER ROLE OWNER TO."""
    _require_own_kind(catalog, statement.name)
    at.require_user(catalog, statement.owner)
    role = replace(catalog.roles[statement.name], owner=statement.owner)
    return catalog.with_one("roles", role.name, role), 0


def drop_role(at: Work, statement: DropRole, catalog: Catalog) -> Changed:
    """DROP ROLE: with FORCE one that is granted, or that was granted others."""
    _require_own_kind(catalog, statement.name)
    role = Grantee("role", statement.name)
    # They would go with it, and who has the role would see what they hide.
    secured = {a.grantee for a in catalog.attachments} | {mask.grantee for mask in catalog.masks}
    if role in secured and not at.rights.has("SECURE RLS"):
        raise SqlError("cannot drop this role since policies are attached to it", "2BP01")
    if not statement.force:
        if any(m.role == role.name and m.member.kind != "role" for m in catalog.memberships):
            raise SqlError("cannot drop this role since it has been granted on a user", "2BP01")
        if any(role.name == m.role or role == m.member for m in catalog.memberships):
            raise SqlError("cannot drop this role since it depends on another role", "2BP01")
    return catalog.without_role(statement.name), 0


def change_membership(at: Work, statement: ChangeMembership, catalog: Catalog) -> Changed:
    """GRANT and REVOKE of roles, and of the option to grant them on."""
    at.require_grantees(catalog, *statement.grantees)
    for role in statement.roles:
        require_role(catalog, role)
        for member in statement.grantees:
            change = _granted if statement.give else _revoked
            catalog = change(catalog, Membership(member, role, statement.option))
    return catalog, 0


def _granted(catalog: Catalog, given: Membership) -> Catalog:
    if given.member in catalog.roles_of(frozenset({Grantee("role", given.role)})):
        raise SqlError(
            "cannot grant this role, a circular dependency was detected between these roles", "0LP01"
        )
    present = catalog.memberships
    if given._replace(option=True) in present:
        return catalog
    return catalog.changed(memberships=present - {given._replace(option=False)} | {given})


def _revoked(catalog: Catalog, taken: Membership) -> Catalog:
    plain, optional = taken._replace(option=False), taken._replace(option=True)
    left = catalog.memberships - {plain, optional}
    only_option = taken.option and optional in catalog.memberships
    if taken.option and not only_option:
        return catalog
    return catalog.changed(memberships=left | {plain} if only_option else left)
