"""The pages, in the order of the menu. A page asks the warehouse one question and draws the answer."""

from collections.abc import Callable
from dataclasses import dataclass

from app.redshift.warehouse import Warehouse
from app.views import cities, overview


@dataclass(frozen=True)
class View:
    """A page: its name, its address, and what draws it for a warehouse and a person's name."""

    title: str
    path: str
    render: Callable[[Warehouse, str], None]


VIEWS = (
    View(overview.TITLE, overview.PATH, overview.render),
    View(cities.TITLE, cities.PATH, cities.render),
)
