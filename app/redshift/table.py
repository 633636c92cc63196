"""What a query gave: rows as typed columns, and what is to be known about them."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Self

import pandas as pd
import pyarrow as pa


@dataclass(frozen=True)
class Timings:
    """Where the seconds went: in the warehouse, waiting for pages of the result, making columns of text.

    The first page of a short statement comes with its end: the wait for it is the warehouse's.
    """

    warehouse: float
    transfer: float
    parse: float

    @property
    def total(self) -> float:
        return self.warehouse + self.transfer + self.parse


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of one statement; `truncated` says that there were more than the caps let through.

    DECIMAL gives Decimal, NULL is null and never '' or NaN, TIMESTAMPTZ is aware.
    """

    columns: pa.Table = field(repr=False)
    truncated: bool
    statement_id: str
    elapsed: float
    timings: Timings
    as_of: datetime
    rights: str = ""  # the name of those under which it was read
    label: str = ""  # its statement's name at AWS: the query's, the sign-in's reference, the audit event's id

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The same columns in pandas, still Arrow's; types go by place, for names may repeat."""
        names = self.columns.column_names
        places = [str(place) for place in range(len(names))]
        frame: pd.DataFrame = self.columns.rename_columns(places).to_pandas(types_mapper=pd.ArrowDtype)
        return frame.set_axis(names, axis="columns")

    def copy(self) -> Self:
        """The same columns, with a frame of its own, so that a view's changes stay in that view."""
        return replace(self)
