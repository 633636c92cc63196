"""Whoever a page is drawn for, and what the app lets a page do for them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.audit import NOBODY, Trail
from app.chain import NOBODYS, Chain
from app.redshift.warehouse import Warehouse


@dataclass(frozen=True)
class Limits:
    """What a statement may take: rows and megabytes of its answer, and seconds."""

    rows: int = 10_000
    megabytes: int = 64
    seconds: float = 60


@dataclass(frozen=True)
class Reader:
    """A person at a page: their name to be shown, their warehouse, their trail, and what the settings say."""

    name: str
    warehouse: Warehouse
    trail: Trail = NOBODY
    currency: str = "USD"
    personal_tables: bool = False
    map_style_url: str = ""
    limits: Limits = field(default_factory=Limits)
    chain: Callable[[], Chain] = lambda: NOBODYS
