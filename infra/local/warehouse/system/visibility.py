"""Who sees what of the catalogue.

Redshift's rules, with its metadata security always on: of objects, those to which one has some access.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.objects import ColumnDefinition, Grant, Grantee, Schema, Table, TableKey
from infra.local.warehouse.system.view import Moment

ON_COLUMNS = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})  # privileges that tell of columns


def sees_system_tables(rights: Rights) -> bool:
    """Whether the user sees what others did and were given."""
    return rights.has("ACCESS SYSTEM TABLE")


def sees_catalog(rights: Rights) -> bool:
    """Whether the user sees every object, as ACCESS CATALOG and sys:secadmin let them."""
    return rights.has("ACCESS CATALOG") or rights.has("SECURE RLS")


def sees_policies(rights: Rights) -> bool:
    """Whether the user sees row-level security policies and what they bound."""
    return rights.has("SECURE RLS") or sees_system_tables(rights)


def sees_masks(rights: Rights) -> bool:
    """Whether the user sees masking policies and what they mask."""
    return rights.has("SECURE MASKING") or sees_system_tables(rights)


def sees_identity(rights: Rights, identity: Grantee) -> bool:
    """Whether the user sees what the identity was given: they are it, have it or own it."""
    if sees_system_tables(rights) or identity in rights.grantees:
        return True
    role = rights.catalog.roles.get(identity.name) if identity.kind == "role" else None
    return role is not None and rights.is_owner(role.owner)


def visible_schemas(rights: Rights) -> Iterator[Schema]:
    """The schemas that the user may look into, by name."""
    everything = sees_catalog(rights)
    for name, schema in sorted(rights.catalog.schemas.items()):
        if everything or rights.on_schema(name, "USAGE"):
            yield schema


@dataclass(frozen=True)
class Visible:
    """A relation that somebody may use in some way, and the columns that they may use, with their places."""

    table: Table
    columns: tuple[tuple[int, ColumnDefinition], ...]


def visible_relations(moment: Moment) -> Iterator[Visible]:
    """The relations that the user may use in some way, by name."""
    rights = moment.rights
    everything = sees_catalog(rights)
    mine = _granted(rights)
    for key, table in sorted(rights.catalog.tables.items()):
        whole = everything or rights.owns(table)
        if not (whole or key in mine) or not (everything or rights.on_schema(key.schema, "USAGE")):
            continue
        names = None if whole else _column_names(mine[key])
        columns = enumerate(moment.columns_of(table), 1)
        yield Visible(table, tuple(c for c in columns if names is None or c[1].name in names))


def _granted(rights: Rights) -> dict[TableKey, list[Grant]]:
    found: dict[TableKey, list[Grant]] = {}
    for grant in rights.catalog.grants:
        if grant.table is not None and grant.grantee in rights.grantees:
            found.setdefault(TableKey(grant.schema, grant.table), []).append(grant)
    return found


def _column_names(grants: list[Grant]) -> frozenset[str] | None:
    """The columns that the privileges are on; None for all of the relation's."""
    telling = [grant for grant in grants if grant.privilege in ON_COLUMNS]
    if any(grant.columns is None for grant in telling):
        return None
    return frozenset().union(*(grant.columns or () for grant in telling))
