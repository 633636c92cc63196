"""Where administrative statements do their work."""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from infra.local.warehouse import objects
from infra.local.warehouse.access.rewrite import Compiler
from infra.local.warehouse.access.rights import Rights
from infra.local.warehouse.admin.loader import ObjectReader
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.database import quoted, translated
from infra.local.warehouse.errors import SqlError, UndefinedObject
from infra.local.warehouse.objects import Grantee, Stamp, Table, TableKey

Changed = tuple[Catalog, int]  # the catalogue after a statement, and how many rows it touched


@dataclass(frozen=True)
class Work:
    """One statement's surroundings: its user's rights, and their session in one transaction."""

    session: duckdb.DuckDBPyConnection
    compiler: Compiler  # of the statement's user
    read_object: ObjectReader | None
    known_user: Callable[[str], bool]
    is_identity_center_application: Callable[[str], bool]

    @property
    def rights(self) -> Rights:
        return self.compiler.rights

    @property
    def user(self) -> str:
        """Who runs the statement."""
        return self.rights.user.name

    @property
    def stamp(self) -> Stamp:
        """That the statement's user did something now."""
        return Stamp(self.user, self.compiler.context.now)

    def run(self, sql: str) -> None:
        """Runs DuckDB's SQL; its errors are told in Redshift's words."""
        with translated():
            self.session.execute(sql)

    def stored(self, table: Table) -> str:
        """DuckDB's qualified name of the table."""
        return f"{quoted(self.compiler.storage)}.{quoted(table.physical)}"

    def require_user(self, catalog: Catalog, name: str) -> None:
        """Raises UndefinedObject unless the user was created or has connected."""
        if name not in catalog.users and not self.known_user(name):
            raise UndefinedObject(f'user "{name}" does not exist', "42704")

    def require_grantees(self, catalog: Catalog, *grantees: Grantee) -> None:
        """Raises UndefinedObject unless each of them is there."""
        for grantee in grantees:
            match grantee.kind:
                case "role":
                    require_role(catalog, grantee.name)
                case "user":
                    self.require_user(catalog, grantee.name)
                case objects.RLS_POLICY:
                    catalog.policy(grantee.name)
                case objects.MASKING_POLICY:
                    catalog.masking_policy(grantee.name)


def require_role(catalog: Catalog, role: str) -> None:
    """Raises UndefinedObject unless the role is there."""
    if role not in catalog.roles:
        raise UndefinedObject(f'role "{role}" does not exist', "42704")


def require_schema(catalog: Catalog, schema: str) -> None:
    """Raises UndefinedObject unless the schema is there."""
    if schema not in catalog.schemas:
        raise UndefinedObject(f'schema "{schema}" does not exist', "3F000")


def stored_table(catalog: Catalog, key: TableKey) -> Table:
    """The table of that name; an error for a view."""
    table = catalog.table(key)
    if table.view is not None:
        raise SqlError(f'"{key.name}" is not a table', "42809")
    return table


def duplicate(what: str, name: str, sqlstate: str) -> SqlError:
    """What to raise for a name that is taken."""
    return SqlError(f'{what} "{name}" already exists', sqlstate)
