"""Warehouses of the stand-in, filled and governed as a world says."""

import io
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet

from infra.local.warehouse import Redshift
from tests.infra.local.warehouse.oracle.world import ADMIN, KINDS, Table, World

_ARROW = {
    "int": pa.int32(),
    "decimal": pa.decimal128(8, 2),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}


def _parquet(table: Table) -> bytes:
    columns = zip(*table.rows, strict=True) if table.rows else ((),) * len(table.columns)
    arrays = [
        pa.array(values, _ARROW[KINDS[name]]) for name, values in zip(table.columns, columns, strict=True)
    ]
    body = io.BytesIO()
    pa.parquet.write_table(pa.table(arrays, names=list(table.columns)), body)
    return body.getvalue()


def _copies(bodies: Iterable[str]) -> list[str]:
    return [f"COPY {key} FROM 's3://rows/{key}' IAM_ROLE default FORMAT PARQUET" for key in bodies]


def governed(world: World) -> Redshift:
    """The world's warehouse, with all its policies and rights."""
    bodies = {table.key: _parquet(table) for table in world.stored}
    redshift = Redshift(read_object=lambda _, key, *__: [(key, bodies[key])], threads=1)
    tables = [table.definition() for table in world.stored]
    statements = [*world.principals(), *tables, *_copies(bodies), *world.rules(), *world.rights()]
    redshift.execute_batch(statements, user=ADMIN)
    return redshift


class Twin:
    """A warehouse that holds tables and nothing else: no policy, no mask, no right."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}
        self.redshift = Redshift(read_object=lambda _, key, *__: [(key, self._bodies[key])], threads=1)

    def hold(self, tables: Sequence[Table]) -> None:
        """Puts the tables in place of those that it holds."""
        gone = [f"DROP TABLE {key}" for key in self._bodies]
        self._bodies = {table.key: _parquet(table) for table in tables}
        made = [table.definition() for table in tables]
        schema = "CREATE SCHEMA IF NOT EXISTS shop"
        self.redshift.execute_batch([*gone, schema, *made, *_copies(self._bodies)], user=ADMIN)
