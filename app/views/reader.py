"""Whoever a page is drawn for, and what the app lets a page do for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.audit import NOBODY, Trail
from app.chain import NOBODYS, Chain
from app.errors import SessionExpired
from app.redshift.warehouse import Warehouse


@dataclass(frozen=True)
class Limits:
    """What a statement may take: rows and megabytes of its answer, and seconds."""

    rows: int = 10_000
    megabytes: int = 64
    seconds: float = 60


@dataclass(frozen=True)
class Present:
    """Somebody who is signed in, as administrators may know it; `reference` opens nothing."""

    reference: str
    person: str
    groups: tuple[str, ...]
    started_at: datetime
    used_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class SignedOut:
    """What came of ending somebody's sign-ins: how many there were, and what the provider did not confirm."""

    sign_ins: int
    unconfirmed: int


@dataclass(frozen=True)
class Person:
    """Somebody at one side of a page: their name and groups to be shown, and their warehouse."""

    name: str
    groups: tuple[str, ...]
    warehouse: Warehouse


@dataclass(frozen=True)
class Second:
    """The place beside the reader, for a second person who signs in there while the reader stays."""

    who: Callable[[], Person | None]  # None: nobody; SessionExpired: somebody whose sign-in is over
    offer: Callable[[SessionExpired | None], None]  # draws the way in, and says why the last one left
    end: Callable[[], None]
    over: Callable[[SessionExpired], None]  # ends it for the reason that their side of the page met


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
    at_work: Callable[[], None] = lambda: None  # for what a person does in a part that is drawn by itself
    is_administrator: bool = False  # by the warehouse's last answer; no page waits for one
    administers: Callable[[], bool] = lambda: False  # asks it, unless it was asked under the same rights
    signed_in: Callable[[], Sequence[Present]] = lambda: ()  # for administrators alone
    end_sign_ins: Callable[[str], SignedOut] = lambda _: SignedOut(0, 0)  # everywhere, who has this address
    rpu_hour_price: Decimal | None = None  # in US dollars; None: nothing is said of costs
    groups: tuple[str, ...] = ()
    second: Second | None = None  # where there is no place beside the reader
