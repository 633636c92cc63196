"""The six people of the demonstration: a page tells each of them what they are told panel by panel."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from app.errors import QueryDenied
from app.views import VIEWS, cities, overview
from app.views.choice import Filters
from infra.local.people import PEOPLE
from infra.local.sample import to_parquet
from infra.local.warehouse import DbUser, Redshift
from tests.app.views import people
from tests.app.views.people import Person
from tests.provisioned import STATEMENTS

USERS = {each.name: DbUser(f"AWSIDC:{each.email}", frozenset(each.groups)) for each in PEOPLE}
READERS = ("Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac")
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
FILTERS = Filters(YESTERDAY - timedelta(days=89), YESTERDAY, {"category": ("Cycling", "Hiking")})
VALUES = {
    name: day.isoformat()
    for name, day in {
        "first_day": FILTERS.first_day,
        "day_after": FILTERS.last_day + timedelta(days=1),
        "before": FILTERS.before[0],
        "year_ago": FILTERS.year_ago[0],
        "year_ago_day_after": FILTERS.year_ago[1] + timedelta(days=1),
    }.items()
}

_SOLD = "COALESCE(SUM(quantity * sales_price), 0), COALESCE(SUM(quantity), 0), COUNT(*)"
_PERIODS = (("first_day", "day_after"), ("before", "first_day"), ("year_ago", "year_ago_day_after"))
_CHOSEN = "category IN ('Cycling', 'Hiking')"


def _period(columns, first, after, where="1 = 1", group_by=""):
    return (
        f"SELECT {columns}{_SOLD} FROM public.sales_data "
        f'WHERE "timestamp" >= CAST(:{first} AS DATE) AND "timestamp" < CAST(:{after} AS DATE) '
        f"AND {where} {group_by}"
    )


@pytest.fixture(scope="module")
def product():
    """A warehouse with the product's own tables, policies, roles and grants."""
    body = to_parquet(people.sample())
    database = Redshift(read_object=lambda *_: [("part-0.parquet", body)])
    for statement in STATEMENTS:
        database.execute(statement, user=people.ADMIN)
    return database


def alone(database, user, statement):
    values = {name: value for name, value in VALUES.items() if re.search(rf":{name}\b", statement)}
    table = database.execute(statement, user=user, parameters=values).table
    return Counter(zip(*(column.to_pylist() for column in table.columns), strict=True))


def asked(product, name, view):
    person = Person(product, USERS[name])
    panels = view.question.split(person.warehouse.fetch(view.query(FILTERS)))
    assert person.api.operations() == ["ExecuteStatement", "GetStatementResultV2"]
    assert panels.any("anything")
    return panels


@pytest.mark.parametrize("name", READERS)
class TestEachPanelHasTheFiguresOfAStatementOfItsOwn:
    def test_totals_of_three_periods(self, product, name):
        (nine,) = asked(product, name, overview.VIEW).rows("totals")
        expected = [list(alone(product, USERS[name], _period("", *days, _CHOSEN))) for days in _PERIODS]
        assert [[tuple(nine[place : place + 3])] for place in (0, 3, 6)] == expected
        assert nine[2] > 0

    @pytest.mark.parametrize(
        ("panel", "columns"), [("categories", "category"), ("countries", "region_code, country")]
    )
    def test_facets(self, product, name, panel, columns):
        where = "1 = 1" if panel == "categories" else _CHOSEN
        expected = alone(
            product, USERS[name], _period(f"{columns}, ", *_PERIODS[0], where, f"GROUP BY {columns}")
        )
        keys = columns.count(",") + 1
        found = Counter(
            row[: keys + 3] for row in asked(product, name, overview.VIEW).rows(panel) if row[keys + 2]
        )
        assert found == expected
        assert expected

    def test_cities(self, product, name):
        place = "city || ', ' || country, latitude, longitude"
        statement = _period(f"{place}, ", *_PERIODS[0], _CHOSEN, "GROUP BY 1, 2, 3")
        found = Counter(asked(product, name, cities.VIEW).rows("cities"))
        assert found == alone(product, USERS[name], statement)
        assert found


@pytest.mark.parametrize("name", sorted({*USERS} - {*READERS}))
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.title)
def test_who_has_no_grant_is_denied_the_page(product, name, view):
    with pytest.raises(QueryDenied) as caught:
        Person(product, USERS[name]).warehouse.fetch(view.query(FILTERS))
    assert caught.value.code == "RL-410"


def test_nobody_but_the_executive_sees_the_whole(product):
    seen = {}
    for name in READERS:
        (seen[name],) = (nine[2] for nine in asked(product, name, overview.VIEW).rows("totals"))
    whole = seen.pop("Ethan Global")
    assert all(0 < orders < whole for orders in seen.values())
