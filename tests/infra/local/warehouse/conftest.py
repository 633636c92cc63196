"""A small warehouse set up with the article's SQL, and the people who use it."""

import csv
import io
import itertools
import weakref
from typing import ClassVar

import duckdb
import pytest

from infra.local.warehouse import DbUser, Redshift, content
from infra.local.warehouse.database import Database, quoted

ADMIN = DbUser("admin", superuser=True)
PEOPLE = {
    name: DbUser(f"AWSIDC:{name}@example.com", frozenset({group}))
    for name, group in {
        "ethan": "exec-global",
        "frank": "amer-sales",
        "alex": "emea-sales",
        "ming": "apac-sales",
        "ada": "analytics-admins",
    }.items()
} | {"nora": DbUser("AWSIDC:nora@example.com")}
PREFIXES = {"ethan": "", "frank": "America", "alex": "Europe", "ming": "Asia"}

CREATE = """
CREATE TABLE IF NOT EXISTS public.sales_data (
    SKU VARCHAR(50),
    Product_Name VARCHAR(255),
    Category VARCHAR(100),
    Quantity INT,
    Sales_Price DECIMAL(10,2),
    Timestamp TIMESTAMP,
    City VARCHAR(100),
    Region_Code VARCHAR(10),
    Country VARCHAR(10),
    Latitude DECIMAL(10,6),
    Longitude DECIMAL(10,6),
    Population INT,
    Elevation INT,
    Timezone VARCHAR(50)
);
"""
COPY = """
COPY public.sales_data
FROM 's3://redshift-blogs/redshift-data-api-idc/sales_data.csv'
IAM_ROLE default
CSV
IGNOREHEADER 1
DELIMITER ','
TIMEFORMAT 'auto';
"""
POLICIES = """
CREATE ROLE "AWSIDC:amer-sales";
CREATE ROLE "AWSIDC:emea-sales";
CREATE ROLE "AWSIDC:apac-sales";
CREATE ROLE "AWSIDC:exec-global";

--Create RLS policy
CREATE RLS POLICY eu_region_filter
WITH (timezone VARCHAR(50))
USING (timezone LIKE 'Europe%');

CREATE RLS POLICY apac_region_filter
WITH (timezone VARCHAR(50))
USING (timezone LIKE 'Asia%');

CREATE RLS POLICY amer_region_filter
WITH (timezone VARCHAR(50))
USING (timezone LIKE 'America%');

--Attach policy
ATTACH RLS POLICY eu_region_filter ON sales_data TO ROLE "AWSIDC:emea-sales";
ATTACH RLS POLICY apac_region_filter ON sales_data TO ROLE "AWSIDC:apac-sales";
ATTACH RLS POLICY amer_region_filter ON sales_data TO ROLE "AWSIDC:amer-sales";

--Turn on RLS on table
ALTER TABLE public.sales_data ROW LEVEL SECURITY ON;
GRANT IGNORE RLS TO ROLE "AWSIDC:exec-global";
"""
GROUPS = ("amer-sales", "emea-sales", "apac-sales", "exec-global")
GRANTS = ";".join(f'GRANT SELECT ON sales_data TO ROLE "AWSIDC:{group}"' for group in GROUPS)
ARTICLE = [part for part in (CREATE + COPY + POLICIES).split(";") if part.strip()]

# What only Asia's rows hold: a quantity of 5, a city that is no number, a price nobody else has.
_PLACES = {
    "America/New_York": "100",
    "America/Lima": "200",
    "Europe/Paris": "300",
    "Europe/Rome": "",
    "Asia/Tokyo": "Tokyo",
}
_QUANTITIES = {"Asia/Tokyo": (5, 1, 2)}
HEADER = [
    "sku",
    "product_name",
    "category",
    "quantity",
    "sales_price",
    "timestamp",
    "city",
    "region_code",
    "country",
    "latitude",
    "longitude",
    "population",
    "elevation",
    "timezone",
]


def sales_rows(prefix=""):
    """240 rows, or those of them whose time zone begins with the prefix."""
    places = itertools.cycle(_PLACES.items())
    for number in range(240):
        zone, city = next(places)
        quantities = _QUANTITIES.get(zone, (1, 2, 7))
        row = [
            f"SKU{number % 16}",
            f"Product, {number % 16}",
            f"Category {number % 4}",
            quantities[number % 3],
            f"{number % 9}.{number % 7}5" if zone != "Asia/Tokyo" else "999.99",
            f"2024-{1 + number % 12:02}-{1 + number % 28:02} {number % 24:02}:00:00",
            city,
            zone[:2],
            zone[-2:].upper(),
            "10.5",
            "-20.25",
            number * 1000,
            "" if number % 5 == 1 else number % 3,
            zone,
        ]
        if zone.startswith(prefix):
            yield row


def sales_csv(prefix=""):
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *sales_rows(prefix)])
    return text.getvalue().encode()


def reader(body):
    return lambda _, key, *__: [(key, body)]


def run(redshift, script, user=ADMIN):
    for statement in script.split(";"):
        if statement.strip():
            redshift.execute(statement, user=user)


class Beside(Database):
    """A warehouse's tables in a DuckDB that other tests' warehouses use as well: to open one takes longer."""

    _opened: ClassVar[dict[int, duckdb.DuckDBPyConnection]] = {}

    def __init__(self, *, threads):
        super().__init__(threads=threads)
        gone = f"DROP SCHEMA {quoted(self.storage)} CASCADE"
        weakref.finalize(self, self._opened[threads].execute, gone).atexit = False

    def _open(self, threads):
        if threads not in self._opened:
            self._opened[threads] = super()._open(threads)
        return self._opened[threads].cursor()


@pytest.fixture(scope="session", autouse=True)
def one_duckdb():
    """Nothing of a warehouse shows in another, so those of the tests stand in one DuckDB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "Database", Beside)
        yield


@pytest.fixture(scope="session")
def people():
    return PEOPLE


@pytest.fixture
def empty():
    return Redshift(read_object=reader(sales_csv()))


def prepared():
    """The article's warehouse, and beside it what nobody but the superuser may see."""
    redshift = Redshift(read_object=reader(sales_csv()))
    for statement in ARTICLE:
        redshift.execute(statement, user=ADMIN)
    run(redshift, GRANTS)
    run(
        redshift,
        """
        CREATE TABLE salaries (person VARCHAR(50), salary INT);
        INSERT INTO salaries VALUES ('Ethan', 424242);
        CREATE SCHEMA hr;
        CREATE TABLE hr.notes (note VARCHAR(100));
        INSERT INTO hr.notes VALUES ('hush');
        """,
    )
    return redshift


@pytest.fixture(scope="module")
def shared_empty():
    return Redshift(read_object=reader(sales_csv()))


@pytest.fixture
def redshift():
    return prepared()


@pytest.fixture(scope="session")
def shared():
    """A prepared warehouse for tests that only read."""
    return prepared()
