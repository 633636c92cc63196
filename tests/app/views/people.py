"""People who ask a small warehouse through the app's own data path: SQL, Data API, CSV, typed columns."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
from pyarrow import csv

from app.redshift.columns import Bounds
from app.redshift.data_api import DataApi
from app.redshift.warehouse import Warehouse
from infra.local.aws.results import Limits, ResultSet, response
from infra.local.sample import sales
from infra.local.warehouse import DbUser, Redshift, SqlError
from tests.app.redshift.data_api import STATEMENT_ID, FakeDataApi

ADMIN = DbUser("admin", superuser=True)
ETHAN = DbUser("AWSIDC:ethan@example.com", frozenset({"exec-global"}))
FRANK = DbUser("AWSIDC:frank@example.com", frozenset({"amer-sales"}))
NORA = DbUser("AWSIDC:nora@example.com")
# May read the table, and no policy lets a row through.
OTTO = DbUser("AWSIDC:otto@example.com", frozenset({"nowhere-sales"}))

IMAGE = "<img src=x onerror=alert(1)>"
EXPRESSION = "@@=constructor.constructor('alert(1)')()"
MARKDOWN = "[x](javascript:alert(1)) $x$ **b** :red[r] ![i](https://example.com/i.png)"

_SETUP = """
CREATE TABLE public.sales_data (
    sku VARCHAR(50), product_name VARCHAR(255), category VARCHAR(100), quantity INT,
    sales_price DECIMAL(10,2), timestamp TIMESTAMP, city VARCHAR(100), region_code VARCHAR(10),
    country VARCHAR(10), latitude DECIMAL(10,6),
    longitude DECIMAL(10,6), population INT, elevation INT, timezone VARCHAR(50)
);
COPY public.sales_data FROM 's3://bucket/sales.csv' IAM_ROLE default CSV IGNOREHEADER 1 TIMEFORMAT 'auto';
CREATE ROLE "AWSIDC:amer-sales";
CREATE ROLE "AWSIDC:exec-global";
CREATE ROLE "AWSIDC:nowhere-sales";
CREATE RLS POLICY amer WITH (timezone VARCHAR(50)) USING (timezone LIKE 'America%');
ATTACH RLS POLICY amer ON sales_data TO ROLE "AWSIDC:amer-sales";
ALTER TABLE public.sales_data ROW LEVEL SECURITY ON;
GRANT USAGE ON SCHEMA public TO
    ROLE "AWSIDC:amer-sales", ROLE "AWSIDC:exec-global", ROLE "AWSIDC:nowhere-sales";
GRANT SELECT ON sales_data TO
    ROLE "AWSIDC:amer-sales", ROLE "AWSIDC:exec-global", ROLE "AWSIDC:nowhere-sales";
GRANT IGNORE RLS TO ROLE "AWSIDC:exec-global"
"""


def warehouse(*tables: pa.Table) -> Redshift:
    """A warehouse with these rows and the article's kind of roles and policies."""
    out = io.BytesIO()
    csv.write_csv(pa.concat_tables(tables), out)
    database = Redshift(read_object=lambda *_: [("sales.csv", out.getvalue())])
    for statement in _SETUP.split(";"):
        database.execute(statement, user=ADMIN)
    return database


def sample(rows: int = 4_000) -> pa.Table:
    return sales(rows, today=datetime.now(UTC).date())


def row(**values) -> dict:
    """One row of public.sales_data, sold a few days ago."""
    sold = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=3)
    usual = {
        "sku": "S-1",
        "product_name": "Ball",
        "category": "Football",
        "quantity": 2,
        "sales_price": Decimal("10.50"),
        "timestamp": sold,
        "city": "Lima",
        "region_code": "AMER",
        "country": "PE",
        "latitude": Decimal("-12.046000"),
        "longitude": Decimal("-77.043000"),
        "population": 1,
        "elevation": 1,
        "timezone": "America/Lima",
    }
    return usual | values


def rows(*given: dict) -> pa.Table:
    return pa.Table.from_pylist(list(given), schema=sample(1).schema)


class Person:
    """Somebody's Warehouse over the fake Data API, which runs their SQL in the real engine."""

    def __init__(
        self, database: Redshift, user: DbUser, *, max_rows: int = 10_000, rights: Callable[[], str] = str
    ):
        self.database, self.user = database, user
        self.api = FakeDataApi(
            ExecuteStatement=self._execute,
            DescribeStatement=lambda _: {"Id": STATEMENT_ID, "Status": "FAILED", "Error": self._error},
            GetStatementResultV2=lambda _: response(self._result, 0, lambda _row: "next"),
        )
        path = DataApi(
            self.api.client,
            target={"WorkgroupName": "sales"},
            database="dev",
            bounds=Bounds(rows=max_rows, bytes=64 << 20),
        )
        self.warehouse = Warehouse(path, timeout_seconds=10, admit=rights, ready=rights)

    def _execute(self, arguments):
        parameters = {each["name"]: each["value"] for each in arguments.get("Parameters", [])}
        try:
            result = self.database.execute(arguments["Sql"], user=self.user, parameters=parameters)
        except SqlError as error:
            self._error = str(error)
            return {"Id": STATEMENT_ID, "Status": "FAILED"}
        if result.table is None:
            return {"Id": STATEMENT_ID, "Status": "FINISHED", "HasResultSet": False}
        self._result = ResultSet(
            result,
            result_format="CSV",
            csv_header=True,
            limits=Limits(page_bytes=1 << 24),
            check=lambda: None,
        )
        return {"Id": STATEMENT_ID, "Status": "FINISHED", "HasResultSet": True}

    @property
    def asked(self) -> list[dict]:
        """What reached the warehouse, statement by statement."""
        return [arguments for operation, arguments in self.api.calls if operation == "ExecuteStatement"]
