"""The Data API's metadata calls on the real warehouse: everybody lists what they may see, nothing else."""

from typing import Any

import pytest

from infra.local.aws.data_api import DataApi
from infra.local.aws.model import Call, Caller
from infra.local.warehouse import DbUser, Redshift
from tests.infra.local.aws.known_warehouse import (
    ADMIN,
    FRANK,
    MING,
    SECRET,
    WORKGROUP,
    WORKGROUP_ARN,
    authorize,
)

SUPERUSER = DbUser("admin", superuser=True)
WORLD = """
    CREATE SCHEMA finance;
    CREATE TABLE public.sales_data (
        city VARCHAR(100) NOT NULL, price DECIMAL(10,2), quantity INTEGER, day DATE, moment TIMESTAMP);
    CREATE TABLE public.salaries (person VARCHAR(100), amount BIGINT);
    CREATE TABLE finance.accounts (number BIGINT);
    CREATE ROLE "AWSIDC:amer-sales";
    GRANT USAGE ON SCHEMA public TO ROLE "AWSIDC:amer-sales";
    GRANT SELECT ON public.sales_data TO ROLE "AWSIDC:amer-sales";
    CREATE ROLE "AWSIDC:apac-sales";
    GRANT USAGE ON SCHEMA public TO ROLE "AWSIDC:apac-sales";
    GRANT SELECT (city, day) ON public.sales_data TO ROLE "AWSIDC:apac-sales"
"""


@pytest.fixture(scope="module")
def service() -> DataApi:
    redshift = Redshift()
    for sql in WORLD.split(";"):
        redshift.execute(sql.strip(), user=SUPERUSER)
    return DataApi(
        redshift=redshift,
        authorize=authorize,
        workgroup_arn={WORKGROUP: WORKGROUP_ARN}.get,
        admin_secrets={SECRET: "admin"}.get,
    )


def read(service: DataApi, operation: str, as_: Caller = FRANK, **more: Any) -> dict[str, Any]:
    parameters = {"WorkgroupName": WORKGROUP, "Database": "dev", **more}
    if as_ == ADMIN:
        parameters["SecretArn"] = SECRET
    call = Call("redshift-data", operation, parameters, "us-east-1", as_, "request")
    return dict(service.operations[operation](call))


def tables(service: DataApi, as_: Caller = FRANK, **more: Any) -> list[str]:
    """The names of tables of our own schemas; the views of the system are there for everybody."""
    found = read(service, "ListTables", as_, **more)["Tables"]
    return [f"{each['schema']}.{each['name']}" for each in found if each["schema"] in ("public", "finance")]


def columns(service: DataApi, table: str, as_: Caller = FRANK, **more: Any) -> list[str]:
    found = read(service, "DescribeTable", as_, Table=table, **more)["ColumnList"]
    return [column["name"] for column in found]


def test_there_is_one_database(service: DataApi) -> None:
    assert read(service, "ListDatabases") == {"Databases": ["dev"]}


def test_schemas_are_those_that_one_may_use(service: DataApi) -> None:
    assert {"public", "finance"} <= set(read(service, "ListSchemas", ADMIN)["Schemas"])
    assert "finance" not in read(service, "ListSchemas")["Schemas"]
    assert read(service, "ListSchemas", SchemaPattern="pub%")["Schemas"] == ["public"]
    assert read(service, "ListSchemas", SchemaPattern="publi_")["Schemas"] == ["public"]
    assert read(service, "ListSchemas", SchemaPattern="publi")["Schemas"] == []


def test_tables_are_those_that_one_may_see(service: DataApi) -> None:
    assert tables(service, ADMIN) == ["finance.accounts", "public.salaries", "public.sales_data"]
    assert tables(service) == ["public.sales_data"]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"TablePattern": "sal%"}, ["public.salaries", "public.sales_data"]),
        ({"TablePattern": "sales_data"}, ["public.sales_data"]),
        ({"TablePattern": "%s"}, ["finance.accounts", "public.salaries"]),
        ({"TablePattern": "salarie_"}, ["public.salaries"]),
        ({"TablePattern": "SAL%"}, []),
        ({"SchemaPattern": "fin%"}, ["finance.accounts"]),
        ({"SchemaPattern": "public", "TablePattern": "acc%"}, []),
        ({"TablePattern": "' OR 1=1 --"}, []),
    ],
    ids=str,
)
def test_patterns_narrow_the_list(service: DataApi, narrowed: dict[str, str], expected: list[str]) -> None:
    assert tables(service, ADMIN, **narrowed) == expected


def test_tables_are_told_with_their_type(service: DataApi) -> None:
    found = read(service, "ListTables", TablePattern="sales_data")["Tables"]
    assert found == [{"schema": "public", "name": "sales_data", "type": "TABLE"}]


def test_columns_are_those_that_one_may_see(service: DataApi) -> None:
    everything = ["city", "price", "quantity", "day", "moment"]
    assert columns(service, "sales_data", Schema="public") == everything
    assert columns(service, "sales_data", MING) == ["city", "day"]
    assert columns(service, "salaries") == []
    assert columns(service, "no_such_table") == []
    assert columns(service, "salaries", ADMIN) == ["person", "amount"]
    assert columns(service, "sales\\_data") == []


def test_columns_are_told_with_their_types(service: DataApi) -> None:
    found = read(service, "DescribeTable", Schema="public", Table="sales_data")["ColumnList"]
    told = {
        each["name"]: (each["typeName"], each["precision"], each["scale"], each["nullable"]) for each in found
    }
    assert told == {
        "city": ("varchar", 100, 0, 0),
        "price": ("numeric", 10, 2, 1),
        "quantity": ("int4", 10, 0, 1),
        "day": ("date", 13, 0, 1),
        "moment": ("timestamp", 29, 6, 1),
    }


def test_columns_of_a_whole_schema_are_paged(service: DataApi) -> None:
    names, token = [], {}
    while True:
        page = read(service, "DescribeTable", ADMIN, Schema="public", MaxResults=3, **token)
        names += [f"{each['tableName']}.{each['name']}" for each in page["ColumnList"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert names == [
        *("salaries.person", "salaries.amount"),
        *(f"sales_data.{name}" for name in ("city", "price", "quantity", "day", "moment")),
    ]
    assert "TableName" not in page
