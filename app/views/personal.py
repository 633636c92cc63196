"""What a person keeps for themselves: saved views, and alerts. No Streamlit in it.

They lie in two tables of the warehouse, whose row-level security lets people see and delete their own rows.
It does not hold for INSERT: whoever may write there can write in anybody's name. So what is read here is
anybody's text, as an address is: what nobody here would have written is not shown. Nor does it hold for roles
with IGNORE RLS: so every statement says `owner = current_user` itself.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from textwrap import dedent, indent
from typing import Any, Literal, LiteralString, get_args
from urllib.parse import parse_qs, urlencode

from app.redshift.conditions import Value
from app.redshift.panels import Base, Measure, Panel, Panels, Question, Section
from app.redshift.query import Query
from app.views import choice, formats
from app.views.choice import DIMENSIONS, Choice, Dimension, Filters
from app.views.formats import Marks
from app.views.sales import SOLD

MOST_VIEWS = 50
MOST_ALERTS = 20
LONGEST_NAME = 100
SHARED = "shared"  # the parameter of an address that marks a link for somebody else
DAYS = (7, 30)
Direction = Literal["below", "above"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

# Marks that turn text about would make one name look like another.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
_MOST_MONEY = Decimal(10) ** 12
_LONGEST_AMOUNT = 40
_HUNDRED = 100
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}


def _newest(columns: LiteralString, *, of: LiteralString, each: LiteralString, most: int) -> LiteralString:
    """The person's own rows: the newest for each of something, and of those the newest that are shown."""
    return f"""
    FROM (
        SELECT {columns}
        FROM (
            SELECT {columns}, saved_at,
                   ROW_NUMBER() OVER (PARTITION BY {each} ORDER BY saved_at DESC) AS nth
            FROM {of}
            WHERE owner = current_user
        ) AS own
        WHERE nth = 1
        ORDER BY saved_at DESC
        LIMIT {most}
    ) AS kept"""  # noqa: S608 - of our own texts alone


_OF_VIEW: LiteralString = "name, page, address"
_VIEWS = Section(
    Base(
        "my_views",
        f"""
    SELECT name AS my_name, page AS my_page, address AS my_address
    {_newest(_OF_VIEW, of="rowlight.saved_views", each="name", most=MOST_VIEWS).strip()}
    """,
        columns={"my_name": "VARCHAR(400)", "my_page": "VARCHAR(64)", "my_address": "VARCHAR(2048)"},
    ),
    {},
    [Panel("my_views", by=("my_name", "my_page", "my_address"))],
)

_SCOPE: Mapping[Dimension, LiteralString] = {
    "region": "VARCHAR(10)",
    "country": "VARCHAR(10)",
    "category": "VARCHAR(100)",
    "product": "VARCHAR(255)",
    "place": "VARCHAR(112)",
}
# The orders that pages count, of other days. Nothing here reckons with what stands in an alert: a row that
# somebody planted must not make the statement fail.
_WATCHED = SOLD.sql.replace(":first_day", ":watched_first_day").replace(":day_after", ":watched_day_after")
_OF_ALERT: LiteralString = "region, country, category, product, place, days, direction"
_ALERTS = Section(
    Base(
        "my_alerts",
        f"""
    SELECT kept.region AS my_region, kept.country AS my_country, kept.category AS my_category,
           kept.product AS my_product, kept.place AS my_place, kept.days AS my_days,
           kept.direction AS my_direction, kept.threshold AS my_threshold, watched.amount AS my_amount
    {_newest(f"{_OF_ALERT}, threshold", of="rowlight.alerts", each=_OF_ALERT, most=MOST_ALERTS).strip()}
    LEFT JOIN (
        {indent(dedent(_WATCHED).strip(), " " * 8).strip()}
    ) AS watched
      ON (watched.sold_at >= CAST(:watched_week AS DATE) OR kept.days = 30)
     AND (kept.region IS NULL OR kept.region = watched.region)
     AND (kept.country IS NULL OR kept.country = watched.country)
     AND (kept.category IS NULL OR kept.category = watched.category)
     AND (kept.product IS NULL OR kept.product = watched.product)
     AND (kept.place IS NULL OR kept.place = watched.place)
    """,
        columns={
            **{f"my_{name}": column_type for name, column_type in _SCOPE.items()},
            "my_days": "INTEGER",
            "my_direction": "VARCHAR(5)",
            "my_threshold": "DECIMAL(18,2)",
        },
    ),
    {"my_sales": Measure("SUM(my_amount)", "DECIMAL(38,2)")},
    [Panel("my_alerts", by=(*(f"my_{name}" for name in _SCOPE), "my_days", "my_direction", "my_threshold"))],
)


@cache
def beside(question: Question) -> Question:
    """A page's question that also asks for what its reader keeps, in the same statement."""
    return question.beside(_VIEWS, _ALERTS)


def parameters(today: date) -> dict[str, Value]:
    """The values of what `beside` adds: alerts look at whole days, and today is none yet."""
    week, month = (today - timedelta(days=days) for days in DAYS)
    return {"watched_first_day": month, "watched_week": week, "watched_day_after": today}


@dataclass(frozen=True)
class SavedView:
    """A page and its filters under a name."""

    name: str
    page: str
    choice: Choice


@dataclass(frozen=True)
class Watch:
    """What is to be told: that the sales of the last so many days are below an amount, or above it.

    Each dimension in `scope` has that one value; without any, all sales count.
    """

    scope: Mapping[Dimension, str]
    days: int
    direction: Direction
    threshold: Decimal

    def replaces(self, other: "Watch") -> bool:
        """Whether the two differ in their amount alone: there is one of a kind."""
        return replace(self, threshold=other.threshold) == other


@dataclass(frozen=True)
class Alert:
    """A watch that is kept, and the sales that it looks at."""

    watch: Watch
    sales: Decimal

    @property
    def holds(self) -> bool:
        """Whether there is something to tell."""
        below = self.watch.direction == "below"
        return self.sales < self.watch.threshold if below else self.sales > self.watch.threshold


@dataclass(frozen=True)
class Personal:
    """What a page's answer says of what its reader keeps."""

    alerts: tuple[Alert, ...]
    more_alerts: bool  # there may be others: the list is full or cut, or has rows not of this app's
    _rows: Panels = field(repr=False)

    @property
    def holding(self) -> int:
        """How many alerts have something to tell."""
        return sum(alert.holds for alert in self.alerts)

    def views(self, pages: Collection[str], today: date) -> tuple[tuple[SavedView, ...], bool]:
        """The saved views by name, and whether there may be others as with alerts."""
        rows = list(self._rows.rows("my_views"))
        found = [view for row in rows if (view := _view(row, pages, today))]
        found.sort(key=lambda view: (view.name.casefold(), view.name))
        return tuple(found), _more(self._rows, "my_views", len(found), MOST_VIEWS)


def read(panels: Panels) -> Personal:
    """Reads what `beside` asked for."""
    rows = list(panels.rows("my_alerts"))
    found = sorted((alert for row in rows if (alert := _alert(*row))), key=_place)
    return Personal(tuple(found), _more(panels, "my_alerts", len(found), MOST_ALERTS), panels)


def _more(panels: Panels, name: str, found: int, most: int) -> bool:
    return name in panels.incomplete or not panels[name].num_rows == found < most


def _place(alert: Alert) -> tuple[Any, ...]:
    """What holds comes first."""
    watch = alert.watch
    return not alert.holds, scope_said(watch.scope).casefold(), watch.days, watch.direction, str(watch.scope)


def _view(row: Sequence[Any], pages: Collection[str], today: date) -> SavedView | None:
    name, page, address = row
    if None in row or not is_name(name) or page not in pages or not address.startswith("?"):
        return None
    try:
        said = parse_qs(address[1:], max_num_fields=1_000)
    except ValueError:
        return None
    return SavedView(name, page, choice.read(said, today))


def _alert(*row: Any) -> Alert | None:
    *values, days, direction, threshold, sales = row
    scope = {name: value for name, value in zip(_SCOPE, values, strict=True) if value is not None}
    sound = all(_is_value(name, value) for name, value in scope.items())
    if not sound or days not in DAYS or direction not in DIRECTIONS:
        return None
    if threshold is None or not 0 < threshold < _MOST_MONEY:
        return None
    return Alert(Watch(scope, days, direction, threshold), Decimal(0) if sales is None else sales)


def _is_value(dimension: Dimension, value: str) -> bool:
    """Whether filters could say it."""
    return Choice().keeping(dimension, [value]).only.get(dimension) == (value,)


def is_name(text: str) -> bool:
    """Whether a view may have this name: some visible text that is what it looks like."""
    return (
        0 < len(text) <= LONGEST_NAME
        and text == text.strip()
        and not any(each in _TURNING or unicodedata.category(each) in _UNSEEN for each in text)
    )


def link(path: str, chosen: Choice, *, shared: bool = False) -> str:
    """The address of a page with these filters within the app; `shared` marks one for somebody else."""
    said = chosen.parameters() | ({SHARED: ["1"]} if shared else {})
    return f"/{path}{_query(said) if said else ''}"


def _query(said: Mapping[str, Sequence[str]]) -> str:
    return f"?{urlencode(said, doseq=True)}"


def is_whole(chosen: Choice) -> bool:
    """Whether an address can say all of it: one that says a part looks like all that was chosen."""
    return choice.read(chosen.parameters(), date.max).only == chosen.only


def save_view(name: str, page: str, chosen: Choice) -> tuple[Query, Query]:
    """Keeps a view, and then lets go of those that had its name before: the newest of a name counts."""
    saved_at = _now()
    kept = {"name": name, "page": page, "address": _query(chosen.parameters())}
    return (
        Query("A view is kept", _INSERT_VIEW, {**kept, "saved_at": saved_at}),
        Query(
            "Older views of its name go", f"{_DELETE_VIEW} AND {_OLDER}", {"name": name, "saved_at": saved_at}
        ),
    )


def delete_view(name: str) -> Query:
    """Lets go of a view."""
    return Query("A view goes", _DELETE_VIEW, {"name": name})


def save_alert(watch: Watch) -> tuple[Query, Query]:
    """Keeps an alert in place of any that differs in its amount alone."""
    values, saved_at = _values(watch), {"saved_at": _now()}
    columns = [name for name in DIMENSIONS if name in watch.scope]
    # A parameter can be neither NULL nor empty: what the alert does not look at is not named.
    sql = _INSERT_ALERT.format(
        columns="".join(f"{name}, " for name in columns), values="".join(f":{name}, " for name in columns)
    )
    older = f"{_delete_alert(watch)} AND {_OLDER}"
    return (
        Query("An alert is kept", sql, {**values, "threshold": f"{watch.threshold:f}", **saved_at}),
        Query("Older alerts of its kind go", older, {**values, **saved_at}),
    )


def delete_alert(watch: Watch) -> Query:
    """Lets go of an alert."""
    return Query("An alert goes", _delete_alert(watch), _values(watch))


def _delete_alert(watch: Watch) -> str:
    scope = (f"{name} = :{name}" if name in watch.scope else f"{name} IS NULL" for name in DIMENSIONS)
    return " AND ".join(
        [DELETE_ALL_ALERTS.sql, *scope, "days = CAST(:days AS INTEGER)", "direction = :direction"]
    )


def _values(watch: Watch) -> dict[str, str]:
    scope = {str(name): value for name, value in watch.scope.items()}
    return scope | {"days": str(watch.days), "direction": watch.direction}


DELETE_ALL_VIEWS = Query("All views go", "DELETE FROM rowlight.saved_views\nWHERE owner = current_user")
DELETE_ALL_ALERTS = Query("All alerts go", "DELETE FROM rowlight.alerts\nWHERE owner = current_user")

_INSERT_VIEW = """\
INSERT INTO rowlight.saved_views (owner, name, page, address, saved_at)
VALUES (current_user, :name, :page, :address, CAST(:saved_at AS TIMESTAMP))"""
_DELETE_VIEW = f"{DELETE_ALL_VIEWS.sql} AND name = :name"
_INSERT_ALERT = """\
INSERT INTO rowlight.alerts (owner, {columns}days, direction, threshold, saved_at)
VALUES (current_user, {values}CAST(:days AS INTEGER), :direction,
        CAST(:threshold AS DECIMAL(18,2)), CAST(:saved_at AS TIMESTAMP))"""
_OLDER = "saved_at < CAST(:saved_at AS TIMESTAMP)"


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def scope_of(filters: Filters) -> tuple[dict[Dimension, str], tuple[Dimension, ...]]:
    """What an alert on these filters looks at, and the dimensions of which they have more than one value."""
    several = tuple(name for name in DIMENSIONS if len(filters.values(name)) > 1)
    scope = {name: filters.values(name)[0] for name in DIMENSIONS if len(filters.values(name)) == 1}
    return scope, several


def scope_said(scope: Mapping[Dimension, str]) -> str:
    """Germany · Cycling; All sales."""
    named = {name: formats.country(value) if name == "country" else value for name, value in scope.items()}
    return " · ".join(named[name] for name in DIMENSIONS if name in named) or "All sales"


def said(alert: Alert, marks: Marks) -> str:
    """Germany, last 7 days: $12.3k, below $15k."""
    watch, write = alert.watch, formats.short_money
    if write(alert.sales, marks) == write(watch.threshold, marks):
        write = formats.money  # or the two would look equal
    state = watch.direction if alert.holds else f"not {watch.direction}"
    figures = f"{write(alert.sales, marks)}, {state} {_threshold(watch.threshold, marks)}"
    return f"{scope_said(watch.scope)}, last {watch.days} days: {figures}"


def _threshold(threshold: Decimal, marks: Marks) -> str:
    return (formats.money if threshold % _HUNDRED else formats.round_money)(threshold, marks)


def amount(text: str, marks: Marks) -> Decimal | None:
    """An amount above zero as its reader writes it, 15,000.50 or 15k or $1.5M; None for what is none."""
    plain = re.sub(r"\s", "", text[:_LONGEST_AMOUNT].replace(marks.symbol, ""))
    between, point = re.escape(marks.thousands.strip()), re.escape(marks.decimal)
    groups = rf"\d{{1,3}}(?:{between}\d{{2,3}})*{between}\d{{3}}|" if between else ""
    match = re.fullmatch(rf"({groups}\d+)(?:{point}(\d{{1,2}}))?([kmb]?)", plain, re.ASCII | re.IGNORECASE)
    if match is None:
        return None
    whole, cents, factor = match[1].replace(marks.thousands.strip() or ",", ""), match[2], match[3]
    found = Decimal(f"{whole}.{cents or 0}") * _FACTORS[factor.lower()]
    return found if 0 < found < _MOST_MONEY else None
