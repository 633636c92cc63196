"""A warehouse as infra/sql makes it, with the six people, and some of more than one group."""

from functools import cache

import pytest

from infra.local.people import PEOPLE
from infra.local.sample import to_parquet
from infra.local.warehouse import DbUser, Redshift, SqlError
from tests.app.views import people
from tests.app.views.people import Person
from tests.provisioned import STATEMENTS

GROUPS = {each.email: each.groups for each in PEOPLE} | {
    "both@example.com": ("amer-sales", "emea-sales"),
    "head@example.com": ("apac-sales", "exec-global"),
}


class Product:
    """The warehouse, and what each person is told by it."""

    def __init__(self, database: Redshift) -> None:
        self.database = database

    def user(self, address: str) -> DbUser:
        return DbUser(f"AWSIDC:{address}", frozenset(GROUPS.get(address, ())))

    def person(self, address: str) -> Person:
        return Person(self.database, self.user(address))

    def run(self, *statements: str) -> None:
        """As the warehouse's own administrator."""
        for statement in statements:
            self.database.execute(statement, user=people.ADMIN)

    def rows(self, address: str, statement: str) -> list[tuple]:
        table = self.database.execute(statement, user=self.user(address)).table
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def count(self, address: str, relation: str = "public.sales_data") -> int | None:
        """How many rows somebody counts themselves; None where they are refused."""
        try:
            ((found,),) = self.rows(address, f"SELECT count(*) FROM {relation}")
        except SqlError:
            return None
        return found


@cache
def sold() -> bytes:
    return to_parquet(people.sample(1_500))


def made() -> Product:
    product = Product(Redshift(read_object=lambda *_: [("part-0.parquet", sold())]))
    product.run(*STATEMENTS)
    for address in GROUPS:  # Redshift knows people once they have connected
        product.rows(address, "SELECT 1")
    return product


@pytest.fixture
def product():
    """For tests that change its policies."""
    return made()


@pytest.fixture(scope="session")
def provisioned():
    """As it was made; nobody changes it."""
    return made()
