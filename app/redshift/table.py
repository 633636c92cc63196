"""What a query gave: rows as typed columns, and what is to be known about them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import pandas as pd


@dataclass(frozen=True)
class Timings:
    """Where the seconds went: in the warehouse, on the way, in making columns of text."""

    warehouse: float
    transfer: float
    parse: float

    @property
    def total(self) -> float:
        return self.warehouse + self.transfer + self.parse


@dataclass(frozen=True)
class Table:
    """The rows of one statement; `truncated` says that there were more than the cap lets through.

    Columns are Arrow-backed: DECIMAL gives Decimal, NULL is <NA> and never '' or NaN, TIMESTAMPTZ is aware.
    """

    frame: pd.DataFrame
    truncated: bool
    statement_id: str
    elapsed: float
    timings: Timings
    as_of: datetime

    def copy(self) -> Self:
        """The same rows in a frame of their own, so that a view's changes stay in that view."""
        return replace(self, frame=self.frame.copy(deep=False))
