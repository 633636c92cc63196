"""Whoever a page is drawn for, and what the app lets a page do for them."""

from dataclasses import dataclass

from app.audit import NOBODY, Trail
from app.redshift.warehouse import Warehouse


@dataclass(frozen=True)
class Reader:
    """A person at a page: their name to be shown, their warehouse, their trail, and what the settings say."""

    name: str
    warehouse: Warehouse
    trail: Trail = NOBODY
    currency: str = "USD"
    personal_tables: bool = False
    map_style_url: str = ""
