"""docs/tutorial.md: its page, from the document's own text, and the line that puts it into the menu."""

import ast
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.views import VIEWS
from app.views.formats import money
from app.views.reader import Reader
from tests.app.views.people import Person
from tests.app.views.test_sales_people import USERS, product  # noqa: F401 - the product's own warehouse
from tests.test_add_a_view import SHOWN, loaded, script

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "tutorial.md").read_text()
PAGE, MENU = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    return loaded(PAGE, tmp_path_factory.mktemp("views") / "altitude.py")


def opened(warehouse, view, name):
    SHOWN.view = view
    SHOWN.reader = Reader(name, Person(warehouse, USERS[name]).warehouse, personal_tables=True)
    page = AppTest.from_function(script, default_timeout=30).run()
    assert not page.exception
    return page


def truth(warehouse, name):
    """What SQL says under the same identity."""
    asked = (
        "SELECT CASE WHEN elevation < 500 THEN 'below 500 m' WHEN elevation < 1500 THEN '500 to 1,500 m' "
        "ELSE 'above 1,500 m' END, SUM(quantity * sales_price), COUNT(*) FROM public.sales_data "
        'WHERE "timestamp" >= dateadd(day, -90, current_date) AND "timestamp" < current_date GROUP BY 1'
    )
    columns = warehouse.execute(asked, user=USERS[name]).table.to_pydict().values()
    return sorted(zip(*columns, strict=True), key=lambda row: -row[1])


@pytest.mark.parametrize("name", ["Ethan Global", "Frank Amer"])
def test_each_sees_what_sql_says(product, view, name):  # noqa: F811
    page, rows = opened(product, view, name), truth(product, name)
    assert rows
    assert page.metric[0].help == money(sum((row[1] for row in rows), Decimal(0)))
    shown = page.dataframe[0].value
    assert list(shown.altitude) == [row[0] for row in rows]
    assert list(shown.orders) == [row[2] for row in rows]


def test_they_see_different_rows(product, view):  # noqa: F811
    shown = [opened(product, view, name).metric[0].help for name in ("Ethan Global", "Frank Amer")]
    assert shown[0] != shown[1]


def test_who_may_read_nothing_is_told_so(product, view):  # noqa: F811
    page = opened(product, view, "Nora Newcomer")
    assert page.code[0].value.startswith("RL-410 ")
    assert not page.metric


def test_its_line_is_the_menu_with_the_page_added():
    """The document's two lines differ from the file's own by the new page alone."""
    ours = ast.parse((ROOT / "app" / "views" / "__init__.py").read_text())
    theirs = ast.parse(MENU)

    def imported(tree):
        return {
            alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module == "app.views"
            for alias in node.names
        }

    def listed(tree):
        (values,) = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VIEWS"
        ]
        return [ast.unparse(each) for each in values.elts]

    assert imported(theirs) == imported(ours) | {"altitude"}
    assert listed(theirs) == [*listed(ours), "altitude.VIEW"]
    assert len(VIEWS) == len(listed(ours))


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_it_is_written_as_the_house_is(command):
    """Who copies it has nothing to mend."""
    ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", "app/views/altitude.py", "-"]
    assert subprocess.run(ruff, cwd=ROOT, input=PAGE, text=True, check=False).returncode == 0
