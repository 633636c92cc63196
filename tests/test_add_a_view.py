"""docs/add-a-view.md holds as it stands: its table, its rights and its page, for two and for nobody."""

import importlib.util
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.views.formats import money
from app.views.reader import Reader
from infra.provision.specification import toml_file
from infra.provision.sql.statements import steps
from tests.app.views import people
from tests.app.views.people import Person
from tests.app.views.test_pages import html
from tests.app.views.test_sales_people import USERS, product  # noqa: F401 - the product's own warehouse
from tests.infra.provision.test_policies import spec
from tests.infra.provision.test_toml_file import EXAMPLE, written
from tests.provisioned import STATEMENTS

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "add-a-view.md").read_text()
RETURNED = [  # days ago, category, units, refund, time zone
    (2, "Cycling", 1, "120.50", "America/Lima"),
    (3, "Cycling", 2, "80.25", "Europe/Paris"),
    (5, "Hiking", 1, "19.99", "America/New_York"),
    (40, "Hiking", 4, "200.00", "America/Lima"),
]
SHOWN = SimpleNamespace(view=None, reader=None)


def block(language):
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return found


def described():
    """The example's specification with the document's sections, each in place of the one of its name."""
    example, added = (tomllib.loads(text) for text in (EXAMPLE.read_text(), block("toml")))
    merged = {name: {each["name"]: each for each in (*example[name], *added[name])} for name in added}
    text = written({**example, **{name: list(sections.values()) for name, sections in merged.items()}})
    values = toml_file.parse(text)
    return spec(**{name: values[name] for name in added})


@pytest.fixture(scope="module")
def warehouse(product):  # noqa: F811
    """The product's warehouse with the document's table, and what came back."""
    for step in steps(described()):
        if step.sql not in STATEMENTS:
            product.execute(step.sql, user=people.ADMIN)
    today = datetime.now(UTC).date()
    for days, category, units, refund, timezone in RETURNED:
        values = f"'{today - timedelta(days=days)} 12:00:00', '{category}', {units}, {refund}, '{timezone}'"
        product.execute(f"INSERT INTO public.returns VALUES ({values})", user=people.ADMIN)
    return product


def loaded(text, file):
    """The page of a document, from a file as it would be."""
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.VIEW


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    return loaded(block("python"), tmp_path_factory.mktemp("views") / "returns.py")


def script():
    from app.views import filters
    from app.views.frame import render
    from tests.test_add_a_view import SHOWN

    filters.follow_address()
    render(SHOWN.view, SHOWN.reader)


def open_page(warehouse, view, name, **address):
    person = Person(warehouse, USERS[name])
    SHOWN.view, SHOWN.reader = view, Reader(name, person.warehouse, personal_tables=True)
    page = AppTest.from_function(script, default_timeout=30)
    page.query_params.update(address)
    page.run()
    assert not page.exception
    return page


def refunds(warehouse, name, *, days, where="1 = 1"):
    """What SQL says under the same identity."""
    statement = (
        f"SELECT SUM(refund) FROM public.returns WHERE {where} AND returned_at < current_date "
        f"AND returned_at >= dateadd(day, -{days}, current_date)"
    )
    return warehouse.execute(statement, user=USERS[name]).table.column(0)[0].as_py()


@pytest.mark.parametrize("name", ["Ethan Global", "Frank Amer"])
@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ({}, {"days": 90}),
        ({"period": "7d"}, {"days": 7}),
        ({"category": "Cycling"}, {"days": 90, "where": "category = 'Cycling'"}),
    ],
)
def test_each_sees_what_sql_says(warehouse, view, name, address, asked):
    page = open_page(warehouse, view, name, **address)
    assert page.metric[0].help == money(refunds(warehouse, name, **asked))
    assert [chosen.label for chosen in page.multiselect] == ["Category"]


def test_they_see_different_rows(warehouse, view):
    shown = {name: open_page(warehouse, view, name).metric[0].help for name in ("Ethan Global", "Frank Amer")}
    assert shown == {"Ethan Global": "$420.74", "Frank Amer": "$340.49"}


def test_all_categories_stay_to_choose_from(warehouse, view):
    page = open_page(warehouse, view, "Ethan Global", category="Hiking")
    assert page.multiselect[0].options == ["Cycling", "Hiking"]
    assert list(page.dataframe[0].value.refunds) == [219.99, 200.75]


@pytest.mark.parametrize("name", ["Nora Newcomer", "Ada Admin"])
def test_who_has_no_grant_is_told_so(warehouse, view, name):
    page = open_page(warehouse, view, name)
    assert page.header[0].value == "There is nothing here for you yet."
    assert page.code[0].value.startswith("RL-410 ")
    assert not page.metric


def test_who_has_a_grant_and_no_policy_is_told_why(warehouse, view):
    warehouse.execute('CREATE ROLE "AWSIDC:visitors"', user=people.ADMIN)
    warehouse.execute('GRANT USAGE ON SCHEMA public TO ROLE "AWSIDC:visitors"', user=people.ADMIN)
    warehouse.execute('GRANT SELECT ON public.returns TO ROLE "AWSIDC:visitors"', user=people.ADMIN)
    SHOWN.view = view
    SHOWN.reader = Reader("Otto", Person(warehouse, people.DbUser("otto", frozenset({"visitors"}))).warehouse)
    page = AppTest.from_function(script, default_timeout=30).run()
    assert page.code[0].value.startswith("RL-412 ")
    assert "No policy lets any through." in html(page)


def test_the_example_fits_the_house(view):
    assert view.dimensions == ("category",)
    assert len(block("python").splitlines()) < 100
