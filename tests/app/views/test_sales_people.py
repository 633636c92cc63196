"""The six people of the demonstration: a page tells each of them what they are told panel by panel."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.errors import QueryDenied
from app.views import sales
from app.views.choice import Filters
from infra.local.people import PEOPLE
from infra.local.sample import to_parquet
from infra.local.warehouse import DbUser, Redshift
from infra.provision import sql
from tests.app.views import people
from tests.app.views.people import Person

USERS = {each.name: DbUser(f"AWSIDC:{each.email}", frozenset(each.groups)) for each in PEOPLE}
READERS = ("Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac")
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
FILTERS = Filters(YESTERDAY - timedelta(days=89), YESTERDAY, ("Cycling", "Hiking"))
VALUES = {
    "first_day": FILTERS.first_day.isoformat(),
    "day_after": FILTERS.day_after.isoformat(),
    "previous_first_day": FILTERS.previous_first_day.isoformat(),
}

_SOLD = "SUM(quantity * sales_price), SUM(quantity), COUNT(*) FROM public.sales_data WHERE"
_NOW = '"timestamp" >= CAST(:first_day AS DATE) AND "timestamp" < CAST(:day_after AS DATE)'
_BOTH = '"timestamp" >= CAST(:previous_first_day AS DATE) AND "timestamp" < CAST(:day_after AS DATE)'
_PERIOD = """CASE WHEN "timestamp" < CAST(:first_day AS DATE) THEN 'previous' ELSE 'current' END"""
_STEP = """
    CASE WHEN "timestamp" < CAST(:first_day AS DATE)
         THEN (CAST(:first_day AS DATE) - 1 - CAST("timestamp" AS DATE)) / 7
         ELSE (CAST(:day_after AS DATE) - 1 - CAST("timestamp" AS DATE)) / 7 END
"""
_CHOSEN = "(category = 'Cycling' OR category = 'Hiking')"
_PLACE = "city, country, latitude, longitude"
ALONE = {
    (sales._OVERVIEW, sales.overview_query): {
        "totals": f"SELECT {_PERIOD}, {_SOLD} {_BOTH} AND {_CHOSEN} GROUP BY 1",
        "steps": f"SELECT {_PERIOD}, {_STEP}, {_SOLD} {_BOTH} AND {_CHOSEN} GROUP BY 1, 2",
        "categories": f"SELECT {_PERIOD}, category, {_SOLD} {_BOTH} GROUP BY 1, 2",
    },
    (sales._CITIES, sales.cities_query): {
        "total": f"SELECT {_SOLD} {_NOW} AND {_CHOSEN}",
        "categories": f"SELECT category, {_SOLD} {_NOW} GROUP BY 1",
        "cities": f"SELECT {_PLACE}, {_SOLD} {_NOW} AND {_CHOSEN} GROUP BY {_PLACE}",
    },
}


@pytest.fixture(scope="module")
def product():
    """A warehouse with the product's own tables, policies, roles and grants."""
    body = to_parquet(people.sample())
    database = Redshift(read_object=lambda *_: [("part-0.parquet", body)])
    values = {"namespace": "AWSIDC", "data_location": "s3://bucket/sales_data/", "data_format": "PARQUET"}
    for file in sorted(Path("infra/sql").glob("*.sql")):
        for step in sql.read(file.read_text(), values):
            database.execute(step.sql, user=people.ADMIN)
    return database


def alone(database, user, statement):
    values = {name: value for name, value in VALUES.items() if re.search(rf":{name}\b", statement)}
    table = database.execute(statement, user=user, parameters=values).table
    return Counter(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("page", "statements"), ALONE.items(), ids=lambda page: page[0].name if isinstance(page, tuple) else ""
)
def test_each_panel_has_the_figures_of_a_statement_of_its_own(product, name, page, statements):
    question, query = page
    person = Person(product, USERS[name])
    panels = question.split(person.warehouse.fetch(query(FILTERS)))
    assert person.api.operations() == ["ExecuteStatement", "GetStatementResultV2"]
    assert panels.any("anything")
    assert {*panels.tables} == {*statements, "anything"}
    for panel, statement in statements.items():
        expected = alone(product, USERS[name], statement)
        assert Counter(panels.rows(panel)) == expected
        assert sum(expected.values()) > 0


@pytest.mark.parametrize("name", sorted({*USERS} - {*READERS}))
@pytest.mark.parametrize("query", [sales.overview_query, sales.cities_query])
def test_who_has_no_grant_is_denied_the_page_as_each_of_its_panels(product, name, query):
    with pytest.raises(QueryDenied) as caught:
        Person(product, USERS[name]).warehouse.fetch(query(FILTERS))
    assert caught.value.code == "RL-410"


def test_nobody_but_the_executive_sees_the_whole(product):
    seen = {}
    for name in READERS:
        table = Person(product, USERS[name]).warehouse.fetch(sales.overview_query(FILTERS))
        seen[name] = sales.read_overview(table, FILTERS).now.orders
    whole = seen.pop("Ethan Global")
    assert all(0 < orders < whole for orders in seen.values())
