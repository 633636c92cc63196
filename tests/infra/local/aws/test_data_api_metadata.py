"""The Data API: databases, schemas, tables and columns, as the caller sees them."""

from typing import Any

import pyarrow as pa
import pytest

from infra.local.warehouse import DbUser, SqlError
from tests.infra.local.aws.known_warehouse import (
    ADMIN,
    BRIDGE,
    FRANK,
    MING,
    SECRET,
    WORKGROUP,
    Api,
    caller,
    table,
)

OPERATIONS = ["ListDatabases", "ListSchemas", "ListTables", "DescribeTable"]
MEMBERS = {"ListDatabases": "Databases", "ListSchemas": "Schemas", "ListTables": "Tables"}
TARGET = {"WorkgroupName": WORKGROUP, "Database": "dev"}


class Views(Api):
    """The Data API over system views whose rows are given."""

    def __init__(self, **columns: list[Any]) -> None:
        super().__init__()
        self.rows = table(**{name: pa.array(values) for name, values in columns.items()})
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.warehouse.execute = self.execute_sql  # type: ignore[method-assign]

    def execute_sql(self, sql: str, *, user: DbUser, parameters: dict[str, str] | None) -> Any:
        self.warehouse.users.append(user)
        self.asked.append((" ".join(sql.split()), parameters or {}))
        return self.rows

    def read(self, operation: str, as_: Any = FRANK, **more: Any) -> dict[str, Any]:
        return self.call(operation, as_, **{**TARGET, **more})


def names(count: int) -> Views:
    return Views(name=[f"n{number:04}" for number in range(count)])


COLUMN = {
    "table_schema": ["public"],
    "table_name": ["sales_data"],
    "column_name": ["price"],
    "column_default": pa.array([None], pa.string()),
    "is_nullable": ["NO"],
    "data_type": ["numeric"],
    "character_maximum_length": pa.array([None], pa.int32()),
    "numeric_precision": [10],
    "numeric_scale": [2],
}


# Who reads


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_views_are_read_as_the_caller(operation: str) -> None:
    api = Views(**COLUMN, schema=["public"], name=["x"], type=["TABLE"])
    api.read(operation)
    api.read(operation, ADMIN, SecretArn=SECRET)
    assert api.warehouse.users == [
        DbUser("AWSIDC:frank@example.com", frozenset({"amer-sales"})),
        DbUser("admin", superuser=True),
    ]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("stranger", [BRIDGE, caller(None)], ids=["bridge", "no person"])
def test_whoever_may_not_connect_reads_nothing(operation: str, stranger: Any) -> None:
    api = Views(name=["x"])
    assert api.refused(operation, stranger, **TARGET).code == "AccessDeniedException"
    assert api.warehouse.users == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_call_needs_the_permission_of_its_name(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tests.infra.local.aws.known_warehouse.ON_WORKGROUP", {*OPERATIONS, "ExecuteStatement"} - {operation}
    )
    assert Views(name=["x"]).refused(operation, **TARGET).code == "AccessDeniedException"


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"WorkgroupName": "no-such-workgroup"},
        {"ClusterIdentifier": "cluster"},
        {"Database": ""},
        {"Database": "prod"},
        {"ConnectedDatabase": "prod"},
        {"DbUser": "admin"},
        {"MaxResults": 1001},
        {"MaxResults": -1},
    ],
    ids=str,
)
def test_wrong_requests_are_refused(operation: str, wrong: dict[str, Any]) -> None:
    api = Views(name=["x"])
    assert api.refused(operation, ADMIN, **{**TARGET, **wrong}).code == "ValidationException"


def test_the_connected_database_may_be_named() -> None:
    assert names(1).read("ListSchemas", ConnectedDatabase="dev") == {"Schemas": ["n0000"]}


def test_an_error_of_the_warehouse_is_told_in_its_words() -> None:
    api = Api()
    api.warehouse.answers[
        "SELECT database_name AS name FROM svv_redshift_databases WHERE true ORDER BY 1"
    ] = SqlError("ERROR: no", "42501")
    refused = api.refused("ListDatabases", **TARGET)
    assert (refused.code, refused.message) == ("ValidationException", "ERROR: no")


# What is asked for


def test_patterns_are_values() -> None:
    api = Views(schema=["public"], name=["t"], type=["TABLE"])
    api.read("ListTables", SchemaPattern="pub%", TablePattern="x' OR '1'='1")
    ((sql, parameters),) = api.asked
    assert "table_schema LIKE :table_schema AND table_name LIKE :table_name" in sql
    assert parameters == {"table_schema": "pub%", "table_name": "x' OR '1'='1"}


def test_names_are_no_patterns() -> None:
    api = Views(**COLUMN)
    api.read("DescribeTable", Schema="pub%", Table="sales_data")
    ((sql, parameters),) = api.asked
    assert "table_schema = :table_schema AND table_name = :table_name" in sql
    assert parameters == {"table_schema": "pub%", "table_name": "sales_data"}


def test_without_patterns_everything_is_asked_for() -> None:
    api = Views(schema=["public"], name=["t"], type=["BASE TABLE"])
    assert api.read("ListTables") == {"Tables": [{"schema": "public", "name": "t", "type": "TABLE"}]}
    assert ":" not in api.asked[0][0]


# What is told


def test_columns_are_told_as_results_tell_them() -> None:
    described = Views(**COLUMN).read("DescribeTable", Schema="public", Table="sales_data")
    assert described == {
        "TableName": "sales_data",
        "ColumnList": [
            {
                "name": "price",
                "label": "price",
                "typeName": "numeric",
                "precision": 10,
                "scale": 2,
                "length": 0,
                "nullable": 0,
                "schemaName": "public",
                "tableName": "sales_data",
                "isCaseSensitive": False,
                "isSigned": True,
                "isCurrency": False,
            }
        ],
    }


@pytest.mark.parametrize(
    ("data_type", "length", "expected"),
    [
        ("character varying", 100, ("varchar", 100, 0)),
        ("character", 3, ("char", 3, 0)),
        ("integer", None, ("int4", 10, 0)),
        ("bigint", None, ("int8", 19, 0)),
        ("double precision", None, ("float8", 17, 17)),
        ("boolean", None, ("bool", 1, 0)),
        ("date", None, ("date", 13, 0)),
        ("timestamp without time zone", None, ("timestamp", 29, 6)),
        ("timestamp with time zone", None, ("timestamptz", 35, 6)),
        ("geometry", None, ("geometry", 0, 0)),
    ],
)
def test_types_have_the_names_of_results(
    data_type: str, length: int | None, expected: tuple[str, int, int]
) -> None:
    lengths = pa.array([length], pa.int32())
    api = Views(**{**COLUMN, "data_type": [data_type], "character_maximum_length": lengths})
    (column,) = api.read("DescribeTable")["ColumnList"]
    assert (column["typeName"], column["precision"], column["scale"]) == expected


def test_a_default_is_told() -> None:
    (column,) = Views(**{**COLUMN, "column_default": ["0"]}).read("DescribeTable")["ColumnList"]
    assert column["columnDefault"] == "0"


# Pages


@pytest.mark.parametrize("operation", ["ListDatabases", "ListSchemas"])
def test_lists_are_paged(operation: str) -> None:
    api, read, token = names(25), [], {}
    while True:
        page = api.read(operation, MaxResults=10, **token)
        read += page[MEMBERS[operation]]
        if "NextToken" not in page:
            break
        assert len(page[MEMBERS[operation]]) == 10
        token = {"NextToken": page["NextToken"]}
    assert read == [f"n{number:04}" for number in range(25)]


def test_a_page_holds_a_thousand_at_most() -> None:
    page = names(1001).read("ListSchemas", MaxResults=0)
    assert len(page["Schemas"]) == 1000
    assert "NextToken" in page


def test_next_tokens_are_for_the_same_list_alone() -> None:
    api = names(3)
    token = api.read("ListSchemas", MaxResults=1)["NextToken"]
    for wrong in (
        {"operation": "ListDatabases"},
        {"as_": MING},
        {"SchemaPattern": "a%"},
        {"NextToken": token[::-1]},
    ):
        operation, as_ = wrong.pop("operation", "ListSchemas"), wrong.pop("as_", FRANK)
        asked = {**TARGET, "NextToken": token, **wrong}
        assert api.refused(operation, as_, **asked).code == "ValidationException"
