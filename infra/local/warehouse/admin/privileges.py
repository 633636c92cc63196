"""GRANT and REVOKE of privileges: who gave what to whom, and what falls with it."""

from collections.abc import Iterator, Mapping

from infra.local.warehouse.admin import authority
from infra.local.warehouse.admin.statements import ChangePrivileges, ChangeSystemPrivileges
from infra.local.warehouse.admin.work import Changed, Work, require_schema
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedColumn
from infra.local.warehouse.objects import DATABASE, Grant, SystemGrant, Table, TableKey

_Grants = frozenset[Grant]


def change(at: Work, statement: ChangePrivileges, catalog: Catalog) -> Changed:
    """GRANT and REVOKE of privileges on objects."""
    at.require_grantees(catalog, *statement.grantees)
    for schema in statement.schemas:
        if schema != DATABASE:
            require_schema(catalog, schema)
    grants = catalog.grants
    for named in _named(at, statement, catalog):
        if statement.give:
            grants = _given(grants, named)
        else:
            grants = _taken(grants, named, only_option=statement.option)
            grants = _standing(grants, named, cascade=statement.cascade)
    return catalog.changed(grants=grants), 0


def _named(at: Work, statement: ChangePrivileges, catalog: Catalog) -> Iterator[Grant]:
    """Each privilege that the statement names, on each object, for each grantee."""
    for schema, name in authority.targets(at.rights, statement):
        if schema == catalog.temporary:
            raise NotSupported("a grant on a temporary table")
        # A superuser grants for the owner, and revokes what the owner granted.
        grantor = "" if authority.owns(at.rights, schema, name) else at.user
        privileges: Mapping[str, frozenset[str] | None] = statement.privileges
        if name is not None:
            privileges = _applicable(statement, catalog.table(TableKey(schema, name)))
        for privilege, columns in privileges.items():
            for grantee in statement.grantees:
                yield Grant(grantee, privilege, schema, name, columns, statement.option, grantor)


def _applicable(statement: ChangePrivileges, table: Table) -> Mapping[str, frozenset[str] | None]:
    """The privileges that the relation can have, on columns that it has."""
    found: dict[str, frozenset[str] | None] = {}
    for privilege, columns in statement.privileges.items():
        if columns is not None and table.view is not None:
            if not table.view.bound:
                raise SqlError("column privileges cannot be granted on a late-binding view", "0A000")
            if privilege != "SELECT":
                if statement.everything:
                    continue
                raise SqlError(f"invalid privilege type {privilege} for the columns of a view", "0LP01")
        for name in sorted((columns or frozenset()) - set(table.column_names)):
            raise UndefinedColumn(f'column "{name}" of relation "{table.key.name}" does not exist')
        found[privilege] = columns
    return found


def _same(grants: _Grants, grant: Grant) -> _Grants:
    """What the grantee has of that privilege on that object, from whomever."""
    return frozenset(g for g in grants if g[:4] == grant[:4])


def _given(grants: _Grants, grant: Grant) -> _Grants:
    """The grants with one more: nobody holds a privilege on a relation and on its columns."""
    present = _same(grants, grant)
    if grant.columns is None:
        if any(g.columns is not None for g in present):
            raise SqlError(
                f"{grant.privilege} is granted on columns of the relation; revoke that first", "0LP01"
            )
        before = frozenset(g for g in present if g.grantor == grant.grantor)
        option = grant.option or any(g.option for g in before)
        return grants - before | {grant._replace(option=option)}
    if any(g.columns is None for g in present):
        return grants
    columns = grant.columns.union(*(g.columns or () for g in present))
    return grants - present | {grant._replace(columns=columns)}


def _taken(grants: _Grants, taken: Grant, *, only_option: bool) -> _Grants:
    """The grants without what the grantor gave; revoking all columns takes what was given on some, too."""
    present = frozenset(g for g in _same(grants, taken) if g.grantor == taken.grantor)
    if taken.columns is None:
        kept = {g._replace(option=False) for g in present} if only_option else set()
        return grants - present | kept
    if any(g.columns is None for g in present):
        raise SqlError(f"{taken.privilege} is granted on the whole relation; revoke that", "0LP01")
    rest = {g._replace(columns=(g.columns or frozenset()) - taken.columns) for g in present}
    return grants - present | {g for g in rest if g.columns}


def _standing(grants: _Grants, taken: Grant, *, cascade: bool) -> _Grants:
    """The grants of that privilege on that object that lead back to the owner; the others go with CASCADE."""
    about = frozenset(g for g in grants if g[1:4] == taken[1:4])
    grantors, known = {""}, 0
    while len(grantors) > known:
        known = len(grantors)
        grantors |= {g.grantee.name for g in about if g.option and g.grantor in grantors}
    fallen = frozenset(g for g in about if g.grantor not in grantors)
    if fallen and not cascade:
        raise SqlError("dependent privileges exist", "2BP01")
    return grants - fallen


def change_system(at: Work, statement: ChangeSystemPrivileges, catalog: Catalog) -> Changed:
    """GRANT and REVOKE of system privileges."""
    at.require_grantees(catalog, *statement.grantees)
    named = frozenset(SystemGrant(g, p) for g in statement.grantees for p in statement.privileges)
    present = catalog.system_grants
    return catalog.changed(system_grants=present | named if statement.give else present - named), 0
