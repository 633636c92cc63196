"""What there is to read, by the warehouse's own word to this person. No Streamlit in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.redshift.query import Query
from app.redshift.table import Table

MOST = 5_000  # columns, of all tables together
# What may be read is granted to a role, to everybody, column by column, or belongs to whoever made it. The
# views of grants show a person their own; those of columns may show, where the warehouse's metadata security
# is off, what they may not read as well.
CATALOGUE = Query(
    "Explore: tables",
    """WITH readable AS (
        SELECT namespace_name AS schema_name, relation_name, '*' AS column_name
        FROM svv_relation_privileges WHERE privilege_type = 'SELECT'
        UNION SELECT namespace_name, relation_name, column_name
        FROM svv_column_privileges WHERE privilege_type = 'SELECT'
        UNION SELECT schemaname, tablename, '*' FROM pg_tables WHERE tableowner = current_user
        UNION SELECT schemaname, viewname, '*' FROM pg_views WHERE viewowner = current_user
    )
    SELECT DISTINCT c.table_schema, c.table_name, t.table_type, c.ordinal_position, c.column_name,
        c.data_type, c.character_maximum_length, c.numeric_precision, c.numeric_scale
    FROM svv_columns c
    JOIN svv_tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    JOIN readable r ON r.schema_name = c.table_schema AND r.relation_name = c.table_name
        AND (r.column_name = '*' OR r.column_name = c.column_name)
    WHERE c.table_schema NOT IN ('pg_catalog', 'information_schema', 'pg_internal')
    ORDER BY 1, 2, 4 LIMIT 5001""",  # one more than MOST: then the list is known to go on
)

_TYPES = {
    "character varying": "varchar",
    "character": "char",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "time with time zone": "timetz",
    "double precision": "float8",
    "numeric": "decimal",
}
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Names that Redshift reserves, and those that the app does not send as they are (app/redshift/read_only.py).
_WORDS = """
    aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup
    between binary blanksasnull both bytedict bzip2 case cast check collate column constraint create
    credentials cross current_date current_time current_timestamp current_user current_user_id default
    deferrable deflate defrag delete delta delta32k desc disable distinct do else emptyasnull enable
    encode encrypt encryption end except explicit false for foreign freeze from full globaldict256
    globaldict64k grant group gzip having identity ignore ilike in initially inner insert intersect
    interval into is isnull join language leading left like limit localtime localtimestamp lun luns lzo
    lzop merge minus mostly16 mostly32 mostly8 natural new not notnull null nulls off offline offset oid
    old on only open or order outer overlaps parallel partition percent permissions pivot placing
    primary qualify raw readratio recover references rejectlog resort respect restore right select
    session_user similar snapshot some sysdate system table tag tdes text255 text32k then timestamp to
    top trailing true truncatecolumns type union unique unnest unpivot update user using verbose wallet
    when where with without
"""
_RESERVED = frozenset(_WORDS.split())


@dataclass(frozen=True)
class Column:
    """A column as SQL writes it, and its type as people read it."""

    name: str
    kind: str


@dataclass(frozen=True)
class Relation:
    """A table or a view that the person may read, or some of its columns."""

    schema: str
    name: str
    view: bool
    columns: tuple[Column, ...]

    @property
    def written(self) -> str:
        """Its name as SQL writes it."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


def quoted(name: str) -> str:
    """A name as SQL writes it: in quotes where it would be read as something else without."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Catalogue:
    """The tables by schema and name; `whole` says that no column is missing from it."""

    relations: tuple[Relation, ...]
    whole: bool


def catalogue(table: Table) -> Catalogue:
    """What the answer to CATALOGUE tells."""
    found = tuple(_relations(table.columns.slice(0, MOST).to_pylist()))
    return Catalogue(found, whole=not table.truncated and table.columns.num_rows <= MOST)


def _relations(rows: Sequence[Mapping[str, object]]) -> Iterator[Relation]:
    for (schema, name), found in groupby(
        rows, lambda row: (str(row["table_schema"]), str(row["table_name"]))
    ):
        lines = list(found)
        view = "VIEW" in str(lines[0]["table_type"]).upper()
        yield Relation(schema, name, view, tuple(map(_column, lines)))


def _column(row: Mapping[str, object]) -> Column:
    kind = str(row["data_type"])
    short = _TYPES.get(kind, kind)
    if row["character_maximum_length"] and short in {"varchar", "char"}:
        short += f"({row['character_maximum_length']})"
    if kind == "numeric" and row["numeric_precision"]:
        short += f"({row['numeric_precision']},{row['numeric_scale'] or 0})"
    return Column(quoted(str(row["column_name"])), short)
