"""The statements that attack the warehouse, each through the page's own door: reader, query, data path."""

from collections.abc import Iterator

import pytest

from app.errors import QueryError, StatementRefused
from app.redshift.query import Query
from app.redshift.read_only import read_only
from tests.app.views.people import Person
from tests.infra.local.warehouse.access.hostile import (
    test_changes,
    test_escalation,
    test_explain,
    test_fuzz_admin,
    test_masks,
    test_noninterference,
    test_relations,
    test_rows,
    test_shapes,
    test_smuggling,
    test_temporary,
    world,
)

ATTACKS = (
    *(test_changes, test_escalation, test_explain, test_fuzz_admin, test_masks, test_noninterference),
    *(test_relations, test_rows, test_shapes, test_smuggling, test_temporary),
)
TABLES = ("orders", "regions", "mine", "people", "staff", "secrets", "vault.papers", "ledger", "log")


def texts(value: object) -> Iterator[str]:
    """Every statement that stands somewhere within."""
    if isinstance(value, str) and " " in value.strip():
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def statements() -> list[str]:
    """What the attacks' own modules list."""
    listed = (
        value for module in ATTACKS for name, value in vars(module).items() if name.strip("_").isupper()
    )
    return list(dict.fromkeys(texts(list(listed))))


def everything(database) -> list[list[str]]:
    """What every table holds, as the superuser sees it."""
    found = (database.execute(f"SELECT * FROM {table}", user=world.ADMIN).table for table in TABLES)
    return [sorted(map(str, table.to_pylist())) for table in found]


@pytest.fixture(scope="module")
def planted():
    return world.build("planted")


def test_the_attacks_are_there():
    assert len(statements()) > 500


def test_no_attack_through_the_editor_changes_or_shows_anything(planted):
    """Most are refused; those that only read show Frank what he may see, as anywhere."""
    frank = Person(planted, world.FRANK)
    before = everything(planted)
    refused = sent = 0
    for text in statements():
        try:
            query = Query("Explore", read_only(text).sql)
        except StatementRefused:
            refused += 1
            continue
        sent += 1
        try:
            said = str(frank.warehouse.fetch(query, fresh=True).columns.to_pydict())
        except QueryError as error:
            said = f"{error.message} {error.remedy} {error.said}"
        hidden = [word for word in world.PLANTED if word in said and word.lower() not in text.lower()]
        assert not hidden, text
    assert everything(planted) == before
    assert refused > 200
    assert sent > 200
