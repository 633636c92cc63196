"""What was made in the warehouse: how each kind of it is found, and how it is taken back.

The record in the warehouse keeps names and never SQL: what is read back of it becomes part of a statement by
the forms below alone.
"""
# ruff: noqa: S608 - the forms take literals, and names whose letters were checked

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.policies.sql import literal

RECORD = "rowlight.provisioned"
_PRIVILEGES = frozenset({"SELECT", "INSERT", "DELETE"})
_SYSTEM_PRIVILEGES = frozenset({"IGNORE RLS", "EXPLAIN RLS", "ACCESS SYSTEM TABLE"})
# No name of a catalog's or a schema's that these do not match is Rowlight's.
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,126}", re.ASCII)
_RELATION = re.compile(r"[a-z_][a-z0-9_]{0,126}\.[a-z_][a-z0-9_]{0,126}", re.ASCII)
_ROLE = re.compile(r"[\w+=,.@: -]{1,256}", re.ASCII)
# Redshift's reserved words.
_WORDS = """
aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup between
binary blanksasnull both bytedict bzip2 case cast check collate column connect constraint create
credentials cross current_date current_time current_timestamp current_user current_user_id default
deferrable deflate defrag delta delta32k desc disable distinct do else emptyasnull enable encode encrypt
encryption end except explicit false for foreign freeze from full globaldict256 globaldict64k grant
group gzip having identity ignore ilike in initially inner intersect interval into is isnull join
language leading left like limit localtime localtimestamp lun luns lzo lzop minus mostly16 mostly32
mostly8 natural new not notnull null nulls off offline offset oid old on only open or order outer
overlaps parallel partition percent permissions pivot placing primary raw readratio recover references
rejectlog resort respect restore right select session_user similar snapshot some sysdate system table
tag tdes text255 text32k then timestamp to top trailing true truncatecolumns union unique unnest unpivot
user using verbose wallet when where with without
"""
_RESERVED = frozenset(_WORDS.split())


def name_in_sql(name: str) -> str:
    """A name of small letters, digits and _, in double quotes where it could be a word of SQL's."""
    return f'"{name}"' if name in _RESERVED else name


def relation_in_sql(relation: str) -> str:
    """schema.relation likewise."""
    return ".".join(map(name_in_sql, relation.split(".")))


class Made(NamedTuple):
    """One thing in the warehouse, as the record names it."""

    kind: str
    name: str = ""
    relation: str = ""
    grantee: str = ""

    def sound(self) -> bool:
        """Whether the record can mean it: what is not sound becomes no part of a statement."""
        kind = KINDS.get(self.kind)
        return kind is not None and all(
            (not wanted and not value) or bool(wanted and re.fullmatch(wanted, value))
            for wanted, value in zip(kind.parts, self[1:], strict=True)
        )

    @property
    def there(self) -> str:
        """The query that has a row while it is there."""
        return self._filled(KINDS[self.kind].there)

    @property
    def traces(self) -> str:
        """The query that has a row while any part of it is there."""
        return self._filled(KINDS[self.kind].there).partition(" GROUP BY ")[0]

    @property
    def undo(self) -> str:
        """The statement that takes it back."""
        return self._filled(KINDS[self.kind].undo)

    @property
    def rank(self) -> int:
        """Its place in the order of taking back."""
        return list(KINDS).index(self.kind)

    @property
    def alone(self) -> bool:
        """Whether Redshift may refuse to take it back because of what others made of it."""
        return KINDS[self.kind].alone

    def _filled(self, form: str) -> str:
        schema, _, relation = self.relation.rpartition(".")
        privileges = self.name.split(", ")
        return form.format(
            name=name_in_sql(self.name),
            relation=relation_in_sql(self.relation),
            grantee=f'"{self.grantee}"',
            privileges=self.name,
            role=f'"{self.name}"',
            name_text=literal(self.name),
            schema_text=literal(schema),
            relation_text=literal(relation),
            grantee_text=literal(self.grantee),
            privileges_text=", ".join(map(literal, privileges)),
            number=len(privileges),
        )


@dataclass(frozen=True)
class _Kind:
    there: str
    undo: str
    # Of name, relation and grantee; None: it has none.
    parts: tuple[str | re.Pattern[str] | None, ...]
    alone: bool = False


def _one_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words))


_OF_ROLE = "identity_type = 'role' AND identity_name = {grantee_text}"
_RELATION_IS = "table_schema = {schema_text} AND table_name = {relation_text}"

# In the order in which they are taken back: nobody sees more on the way.
KINDS = {
    "system grant": _Kind(
        "SELECT 1 FROM svv_system_privileges WHERE system_privilege = {name_text} AND " + _OF_ROLE,
        "REVOKE {privileges} FROM ROLE {grantee}",
        (_one_of(_SYSTEM_PRIVILEGES), None, _ROLE),
    ),
    "grant": _Kind(
        "SELECT 1 FROM svv_relation_privileges WHERE namespace_name = {schema_text}"
        " AND relation_name = {relation_text} AND privilege_type IN ({privileges_text}) AND "
        + _OF_ROLE
        # Of several privileges, all.
        + " GROUP BY identity_name HAVING COUNT(DISTINCT privilege_type) = {number}",
        "REVOKE {privileges} ON {relation} FROM ROLE {grantee}",
        (rf"({_one_of(_PRIVILEGES)})(, ({_one_of(_PRIVILEGES)}))*", _RELATION, _ROLE),
    ),
    "schema grant": _Kind(
        "SELECT 1 FROM svv_schema_privileges WHERE namespace_name = {relation_text}"
        " AND privilege_type = {name_text} AND " + _OF_ROLE,
        "REVOKE {privileges} ON SCHEMA {relation} FROM ROLE {grantee}",
        ("USAGE", _NAME, _ROLE),
    ),
    "attachment": _Kind(
        "SELECT 1 FROM svv_rls_attached_policy WHERE relschema = {schema_text}"
        " AND relname = {relation_text} AND polname = {name_text}"
        " AND granteekind = 'role' AND grantee = {grantee_text}",
        "DETACH RLS POLICY {name} ON {relation} FROM ROLE {grantee}",
        (_NAME, _RELATION, _ROLE),
    ),
    "row-level security": _Kind(
        "SELECT 1 FROM svv_rls_relation WHERE relschema = {schema_text} AND relname = {relation_text}"
        " AND is_rls_on",
        "ALTER TABLE {relation} ROW LEVEL SECURITY OFF",
        (None, _RELATION, None),
    ),
    "policy": _Kind(
        "SELECT 1 FROM svv_rls_policy WHERE polname = {name_text}",
        "DROP RLS POLICY {name}",
        (_NAME, None, None),
        alone=True,
    ),
    "view": _Kind(
        f"SELECT 1 FROM svv_tables WHERE {_RELATION_IS}",
        "DROP VIEW {relation}",
        (None, _RELATION, None),
        alone=True,
    ),
    "table": _Kind(
        f"SELECT 1 FROM svv_tables WHERE {_RELATION_IS}",
        "DROP TABLE {relation}",
        (None, _RELATION, None),
        alone=True,
    ),
    "role": _Kind(
        "SELECT 1 FROM svv_roles WHERE role_name = {name_text}",
        "DROP ROLE {role}",
        (_ROLE, None, None),
        alone=True,
    ),
    "schema": _Kind(
        "SELECT 1 FROM svv_redshift_schemas WHERE database_name = current_database()"
        " AND schema_name = {name_text}",
        "DROP SCHEMA {name}",
        (_NAME, None, None),
        alone=True,
    ),
}


def note(made: Sequence[Made]) -> str:
    """The statement that adds them to the record."""
    rows = ",\n    ".join(f"({', '.join(map(literal, each))}, getdate())" for each in made)
    return f"INSERT INTO {RECORD} (kind, name, relation, grantee, made_at) VALUES\n    {rows}"


def forget(made: Made) -> str:
    """The statement that takes it out of the record."""
    fields = zip(("kind", "name", "relation", "grantee"), made, strict=True)
    conditions = " AND ".join(f"{name} = {literal(value)}" for name, value in fields)
    return f"DELETE FROM {RECORD} WHERE {conditions}"
