"""What is in the database, as the Data API lists it: the caller's own look at the system views."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra.local.aws import data_requests as requests
from infra.local.aws.data_connections import Connections, caller_of, owner_of
from infra.local.aws.data_requests import Cursors, invalid
from infra.local.aws.model import Call
from infra.local.aws.results import column_metadata
from infra.local.warehouse import Column, Redshift, SqlError
from infra.local.warehouse.sql.sqltypes import SqlType, sql_type

Row = Mapping[str, Any]

_DATABASES = "SELECT current_database() AS name"
_SCHEMAS = "SELECT schema_name AS name FROM svv_redshift_schemas WHERE database_name = current_database()"
_TABLES = "SELECT table_schema AS schema, table_name AS name, table_type AS type FROM svv_tables WHERE true"
_COLUMNS = """
    SELECT table_schema, table_name, column_name, column_default, is_nullable, data_type,
           character_maximum_length, numeric_precision, numeric_scale
    FROM svv_columns WHERE true"""

# table_type of the views: the type that the Data API gives.
_TABLE_TYPES = {"BASE TABLE": "TABLE"}


class Metadata:
    """ListDatabases, ListSchemas, ListTables and DescribeTable."""

    def __init__(
        self, redshift: Redshift, connections: Connections, cursors: Cursors, *, database: str
    ) -> None:
        self._redshift = redshift
        self._connections = connections
        self._cursors = cursors
        self._database = database
        self.operations: Mapping[str, Callable[[Call], Mapping[str, Any]]] = {
            "ListDatabases": self._list_databases,
            "ListSchemas": self._list_schemas,
            "ListTables": self._list_tables,
            "DescribeTable": self._describe_table,
        }

    def _list_databases(self, call: Call) -> Mapping[str, Any]:
        rows = self._rows(call, _DATABASES)
        return self._page(call, "Databases", [row["name"] for row in rows])

    def _list_schemas(self, call: Call) -> Mapping[str, Any]:
        rows = self._rows(call, _SCHEMAS, order="1", like={"schema_name": "SchemaPattern"})
        return self._page(call, "Schemas", [row["name"] for row in rows])

    def _list_tables(self, call: Call) -> Mapping[str, Any]:
        like = {"table_schema": "SchemaPattern", "table_name": "TablePattern"}
        rows = self._rows(call, _TABLES, order="1, 2", like=like)
        tables = [{**row, "type": _TABLE_TYPES.get(row["type"], row["type"])} for row in rows]
        return self._page(call, "Tables", tables)

    def _describe_table(self, call: Call) -> Mapping[str, Any]:
        equal = {"table_schema": "Schema", "table_name": "Table"}
        rows = self._rows(call, _COLUMNS, order="table_schema, table_name, ordinal_position", equal=equal)
        page = self._page(call, "ColumnList", [_column(row) for row in rows])
        return {**page, "TableName": call.parameters["Table"]} if call.parameters.get("Table") else page

    def _rows(
        self,
        call: Call,
        sql: str,
        *,
        order: str = "1",
        like: Mapping[str, str] | None = None,
        equal: Mapping[str, str] | None = None,
    ) -> Sequence[Row]:
        """The view's rows that the caller sees; patterns and names travel as parameters."""
        connection = self._connections.connect(call)
        for database in (call.parameters.get("ConnectedDatabase"), connection.database):
            if database is not None and database != self._database:
                raise invalid(f'FATAL: database "{database}" does not exist')
        conditions, values = "", {}
        for operator, columns in (("LIKE", like or {}), ("=", equal or {})):
            for column, parameter in columns.items():
                if call.parameters.get(parameter):
                    conditions += f" AND {column} {operator} :{column}"
                    values[column] = call.parameters[parameter]
        try:
            result = self._redshift.execute(
                f"{sql}{conditions} ORDER BY {order}", user=connection.user, parameters=values or None
            )
        except SqlError as error:
            raise invalid(str(error)) from error
        return result.table.to_pylist() if result.table is not None else []

    def _page(self, call: Call, name: str, items: Sequence[Any]) -> Mapping[str, Any]:
        most = requests.most(call.parameters, requests.METADATA_RESULTS)
        listing = repr((call.operation, owner_of(caller_of(call)), requests.filters(call.parameters)))
        start = self._cursors.open(listing, call.parameters.get("NextToken"))
        page: dict[str, Any] = {name: list(items[start : start + most])}
        if start + most < len(items):
            page["NextToken"] = self._cursors.seal(listing, start + most)
        return page


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
