"""The system views of users and roles, and of what they were granted."""

import json
from collections.abc import Iterator

from infra.local.warehouse.catalog import PREDEFINED_ROLES, RDSDB
from infra.local.warehouse.objects import DATABASE, POLICIES, PUBLIC, Grant, Grantee, Membership
from infra.local.warehouse.sql import session_roles
from infra.local.warehouse.system.view import Moment, Row, SystemView, view
from infra.local.warehouse.system.visibility import sees_identity, sees_system_tables

# What sys:secadmin may do to policies has no name among Redshift's privileges.
_UNNAMED = frozenset({"SECURE RLS", "SECURE MASKING"})
_IDENTITY = "identity_id integer, identity_name text, identity_type text"


def _roles(moment: Moment) -> Iterator[Row]:
    for name, role in sorted(moment.catalog.roles.items()):
        yield role.number, name, role.owner, None


def _identity_providers(moment: Moment) -> Iterator[Row]:
    for name, provider in sorted(moment.catalog.identity_providers.items()):
        shown = json.dumps({"application_arn": provider.application_arn, "iam_role": provider.iam_role})
        _, instance, *_ = [*provider.application_arn.split("/"), ""]
        yield provider.number, name, "awsidc", instance, provider.namespace, shown, provider.enabled


def _session_roles(moment: Moment) -> Iterator[Row]:
    """Those that the identity provider gives for as long as somebody is connected."""
    roles = moment.catalog.roles
    for name in sorted(moment.rights.user.brings(moment.namespace)):
        if name in roles:
            yield name, roles[name].number


def _user_grants(moment: Moment) -> Iterator[Row]:
    everything = sees_system_tables(moment.rights)
    for membership in _memberships(moment, "user"):
        user = membership.member.name
        if everything or user == moment.user:
            role = moment.catalog.roles[membership.role]
            yield moment.history.user_id(user), user, role.number, role.name, membership.option


def _role_grants(moment: Moment) -> Iterator[Row]:
    roles = moment.catalog.roles
    for membership in _memberships(moment, "role"):
        if sees_identity(moment.rights, membership.member):
            role, granted = roles[membership.member.name], roles[membership.role]
            yield role.number, role.name, granted.number, granted.name


def _memberships(moment: Moment, kind: str) -> list[Membership]:
    return sorted(m for m in moment.catalog.memberships if m.member.kind == kind)


def identity_id(moment: Moment, identity: Grantee) -> int:
    """The number of the user or the role; PUBLIC's is 0."""
    if identity == PUBLIC:
        return 0
    if identity.kind == "role":
        return moment.catalog.roles[identity.name].number
    return moment.history.user_id(identity.name)


def _identity(moment: Moment, identity: Grantee) -> Row:
    return identity_id(moment, identity), str(identity), identity.kind


def _option(grants: list[Grant]) -> bool:
    """Whether the grantee may grant it on: true of users alone."""
    return any(grant.option for grant in grants if grant.grantee.kind == "user")


def grants_in_order(moment: Moment) -> list[Grant]:
    """The grants on objects, in order; what policies may look up is nobody's privilege."""
    return sorted((g for g in moment.catalog.grants if g.grantee.kind not in POLICIES), key=_order)


def _visible_grants(moment: Moment) -> Iterator[Grant]:
    return (g for g in grants_in_order(moment) if sees_identity(moment.rights, g.grantee))


def _order(grant: Grant) -> tuple[str, ...]:
    columns = sorted(grant.columns or ())
    return (grant.schema, grant.table or "", grant.privilege, *grant.grantee, grant.grantor, *columns)


_Held = tuple[str, str | None, str, Grantee]  # schema, relation, privilege and whose


def _held(moment: Moment) -> dict[_Held, list[Grant]]:
    """The grants of whole objects by what they give: several may have granted the same."""
    held: dict[_Held, list[Grant]] = {}
    for grant in _visible_grants(moment):
        if grant.columns is None:
            key = (grant.schema, grant.table, grant.privilege, grant.grantee)
            held.setdefault(key, []).append(grant)
    return held


def _relation_privileges(moment: Moment) -> Iterator[Row]:
    for (schema, table, privilege, grantee), grants in _held(moment).items():
        if table is not None:
            yield schema, table, privilege, *_identity(moment, grantee), _option(grants)


def _schema_privileges(moment: Moment) -> Iterator[Row]:
    for (schema, table, privilege, grantee), grants in _held(moment).items():
        if table is None and schema != DATABASE:
            yield schema, privilege, *_identity(moment, grantee), _option(grants), "SCHEMA"


def _database_privileges(moment: Moment) -> Iterator[Row]:
    for (schema, _, privilege, grantee), grants in _held(moment).items():
        if schema == DATABASE:
            yield moment.database, privilege, *_identity(moment, grantee), _option(grants), "DATABASE"


def _column_privileges(moment: Moment) -> Iterator[Row]:
    for grant in _visible_grants(moment):
        for column in sorted(grant.columns or ()):
            yield grant.schema, grant.table, column, grant.privilege, *_identity(moment, grant.grantee)


def _system_privileges(moment: Moment) -> Iterator[Row]:
    held = {(grant.privilege, grant.grantee) for grant in moment.catalog.system_grants}
    for role, privileges in PREDEFINED_ROLES.items():
        held |= {(privilege, Grantee("role", role)) for privilege in privileges - _UNNAMED}
    for privilege, identity in sorted(held):
        if sees_identity(moment.rights, identity):
            yield privilege, *_identity(moment, identity)


def _visible_users(moment: Moment) -> Iterator[tuple[str, int, bool]]:
    """Name, number and whether a superuser: of all, or of oneself."""
    everything = sees_system_tables(moment.rights)
    users = moment.catalog.users
    for name in sorted({RDSDB, *users, *moment.people, moment.user}):
        if everything or name == moment.user:
            superuser = name == RDSDB or (name in users and users[name].superuser)
            yield name, moment.history.user_id(name), superuser


def _user_info(moment: Moment) -> Iterator[Row]:
    for name, number, superuser in _visible_users(moment):
        access = "UNRESTRICTED" if superuser else "RESTRICTED"
        yield name, number, superuser, superuser, name == RDSDB, "UNLIMITED", access, None, 0, None


def _pg_user(moment: Moment) -> Iterator[Row]:
    for name, number, superuser in _visible_users(moment):
        yield name, number, superuser, superuser, name == RDSDB, "********", None, None


def _nothing(_: Moment) -> Iterator[Row]:
    return iter(())


VIEWS: tuple[SystemView, ...] = (
    view(
        "svv_identity_providers",
        "uid integer, name text, type text, instanceid text, namespc text, params text, enabled boolean",
        _identity_providers,
        allowed=lambda rights: rights.superuser,
    ),
    view("svv_roles", "role_id integer, role_name text, role_owner text, external_id text", _roles),
    view(
        "svv_user_grants",
        "user_id integer, user_name text, role_id integer, role_name text, admin_option boolean",
        _user_grants,
    ),
    view(
        "svv_role_grants",
        "role_id integer, role_name text, granted_role_id integer, granted_role_name text",
        _role_grants,
    ),
    view(
        "svv_relation_privileges",
        f"namespace_name text, relation_name text, privilege_type text, {_IDENTITY}, admin_option boolean",
        _relation_privileges,
    ),
    view(
        "svv_column_privileges",
        f"namespace_name text, relation_name text, column_name text, privilege_type text, {_IDENTITY}",
        _column_privileges,
    ),
    view(
        "svv_schema_privileges",
        f"namespace_name text, privilege_type text, {_IDENTITY}, admin_option boolean, privilege_scope text",
        _schema_privileges,
    ),
    view(
        "svv_database_privileges",
        f"database_name text, privilege_type text, {_IDENTITY}, admin_option boolean, privilege_scope text",
        _database_privileges,
    ),
    view("svv_system_privileges", f"system_privilege text, {_IDENTITY}", _system_privileges),
    view(
        "svv_default_privileges",
        "schema_name text, object_type text, owner_id integer, owner_name text, owner_type text,"
        "privilege_type text, grantee_id integer, grantee_name text, grantee_type text,"
        "admin_option boolean",
        _nothing,
    ),
    view(
        "svv_user_info",
        "user_name text, user_id integer, createdb boolean, superuser boolean, catalog_update boolean,"
        "connection_limit text, syslog_access text, last_ddl_timestamp timestamp,"
        "session_timeout integer, external_user_id text",
        _user_info,
    ),
    view(
        "pg_user",
        "usename varchar(128), usesysid integer, usecreatedb boolean, usesuper boolean,"
        "usecatupd boolean, passwd text, valuntil timestamp, useconfig text",
        _pg_user,
    ),
)
FUNCTIONS: tuple[SystemView, ...] = (
    view(session_roles.RELATION, "name text, roleid integer", _session_roles),
)
