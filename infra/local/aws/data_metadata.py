"""What is in the database, as the Data API lists it: the caller's own look at the system views."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from infra.local.aws import data_requests as requests
from infra.local.aws.data_connections import Connections, caller_of, owner_of
from infra.local.aws.data_requests import Cursors, invalid
from infra.local.aws.model import Call
from infra.local.aws.results import column_metadata
from infra.local.aws.statement import Connection
from infra.local.warehouse import Column, Redshift, SqlError
from infra.local.warehouse.sql.sqltypes import SqlType, sql_type

Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Listing:
    """One operation: what it reads, what narrows it, and what a row becomes."""

    member: str  # of the response
    sql: str
    item: Callable[[Row], Any]
    order: str = "1"
    like: Mapping[str, str] = field(default_factory=dict)  # columns, and the parameters with their patterns
    equal: Mapping[str, str] = field(default_factory=dict)  # columns, and the parameters with their values


class Metadata:
    """ListDatabases, ListSchemas, ListTables and DescribeTable."""

    def __init__(self, redshift: Redshift, connections: Connections, cursors: Cursors) -> None:
        self._redshift = redshift
        self._connections = connections
        self._cursors = cursors
        self.operations: Mapping[str, Callable[[Call], Mapping[str, Any]]] = dict.fromkeys(
            _LISTINGS, self._list
        )

    def _list(self, call: Call) -> Mapping[str, Any]:
        listing = _LISTINGS[call.operation]
        connection = self._connections.connect(call)
        most = requests.most(call.parameters, requests.METADATA_RESULTS)
        whose = repr((call.operation, owner_of(caller_of(call)), requests.filters(call.parameters)))
        start = self._cursors.open(whose, call.parameters.get("NextToken"))
        rows = self._rows(listing, connection, call.parameters)
        page: dict[str, Any] = {listing.member: [listing.item(row) for row in rows[start : start + most]]}
        if start + most < len(rows):
            page["NextToken"] = self._cursors.seal(whose, start + most)
        if call.parameters.get("Table"):
            page["TableName"] = call.parameters["Table"]
        return page

    def _rows(
        self, listing: _Listing, connection: Connection, parameters: Mapping[str, Any]
    ) -> Sequence[Row]:
        """The view's rows that the caller sees; patterns and names travel as parameters."""
        for database in (parameters.get("ConnectedDatabase"), connection.database):
            refusal = database and self._connections.refusal(replace(connection, database=database))
            if refusal:
                raise invalid(refusal)
        conditions, values = "", {}
        for operator, columns in (("LIKE", listing.like), ("=", listing.equal)):
            for column, parameter in columns.items():
                if parameters.get(parameter):
                    conditions += f" AND {column} {operator} :{column}"
                    values[column] = parameters[parameter]
        sql = f"{listing.sql}{conditions} ORDER BY {listing.order}"
        try:
            result = self._redshift.execute(sql, user=connection.user, parameters=values or None)
        except SqlError as error:
            raise invalid(str(error)) from error
        return result.table.to_pylist() if result.table is not None else []


def _name(row: Row) -> str:
    return str(row["name"])


def _table(row: Row) -> dict[str, str]:
    """A line of SVV_TABLES as TableMember."""
    kind = "TABLE" if row["type"] == "BASE TABLE" else row["type"]
    return {"schema": row["schema"], "name": row["name"], "type": kind}


def _column(row: Row) -> dict[str, Any]:
    """A line of SVV_COLUMNS as ColumnMetadata."""
    kind = _type(row)
    column = Column(
        row["column_name"], kind.name, kind.precision, kind.scale, kind.length,
        nullable=row["is_nullable"] == "YES",
        schema_name=row["table_schema"], table_name=row["table_name"],
    )  # fmt: skip
    default = row["column_default"]
    return {**column_metadata(column), **({} if default is None else {"columnDefault": default})}


def _type(row: Row) -> SqlType:
    name, length = row["data_type"], row["character_maximum_length"]
    if name == "numeric":
        return sql_type(name, (int(row["numeric_precision"]), int(row["numeric_scale"])))
    try:
        return sql_type(name, (int(length),) if length else ())
    except SqlError:
        # A type that no result can have yet is shown under the name that the view gives it.
        return SqlType(name)


_LISTINGS: Mapping[str, _Listing] = {
    "ListDatabases": _Listing(
        "Databases", "SELECT database_name AS name FROM svv_redshift_databases WHERE true", _name
    ),
    "ListSchemas": _Listing(
        "Schemas",
        "SELECT schema_name AS name FROM svv_redshift_schemas WHERE database_name = current_database()",
        _name,
        like={"schema_name": "SchemaPattern"},
    ),
    "ListTables": _Listing(
        "Tables",
        "SELECT table_schema AS schema, table_name AS name, table_type AS type FROM svv_tables WHERE true",
        _table,
        order="1, 2",
        like={"table_schema": "SchemaPattern", "table_name": "TablePattern"},
    ),
    "DescribeTable": _Listing(
        "ColumnList",
        "SELECT table_schema, table_name, column_name, column_default, is_nullable, data_type,"
        " character_maximum_length, numeric_precision, numeric_scale FROM svv_columns WHERE true",
        _column,
        order="table_schema, table_name, ordinal_position",
        equal={"table_schema": "Schema", "table_name": "Table"},
    ),
}
