"""What somebody gave by hand to roles that were made here, beyond what the specification gives them."""

from collections.abc import Iterable, Iterator

from infra.provision.specification.spec import Spec
from infra.provision.sql.admin import Admin
from infra.provision.sql.record import Made

_ATTACHED = (
    "SELECT polname, relschema, relname, grantee FROM svv_rls_attached_policy WHERE granteekind = 'role'"
)
_GRANTED = (
    "SELECT namespace_name, relation_name, identity_name FROM svv_relation_privileges"
    " WHERE identity_type = 'role' AND privilege_type = 'SELECT'"
)
_IGNORING = (
    "SELECT identity_name FROM svv_system_privileges"
    " WHERE identity_type = 'role' AND system_privilege = 'IGNORE RLS'"
)


def beyond(admin: Admin, spec: Spec, *, own: Iterable[Made], wanted: Iterable[Made]) -> list[Made]:
    """What lets a group see more rows of the specification's tables than the specification says.

    Roles that were there before, and all other tables, are others' affair.
    """
    known = {*own, *wanted}
    roles = {made.name for made in own if made.kind == "role"}
    tables = {"", *(table.name for table in spec.tables)}
    return [
        made
        for made in _given(admin)
        if made not in known and made.grantee in roles and made.relation in tables and made.sound()
    ]


def _given(admin: Admin) -> Iterator[Made]:
    rows = admin.rows([_ATTACHED, _GRANTED, _IGNORING])
    for policy, schema, relation, role in rows[_ATTACHED]:
        yield Made("attachment", policy, f"{schema}.{relation}", role)
    for schema, relation, role in rows[_GRANTED]:
        yield Made("grant", "SELECT", f"{schema}.{relation}", role)
    for (role,) in rows[_IGNORING]:
        yield Made("system grant", "IGNORE RLS", "", role)
