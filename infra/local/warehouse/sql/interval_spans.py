"""INTERVAL literals with a qualifier: YEAR TO MONTH, DAY TO SECOND and their parts."""

import re

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql import calendar_formats as formats
from infra.local.warehouse.sql.calendar_formats import Interval

_MONTHS = ("year", "month")
_TIMES = {"day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000, "second": 1}  # of microseconds
QUALIFIERS = (*_MONTHS, *_TIMES)
_YEAR_MONTH = re.compile(r"\s*([+-]?)(\d{1,6})-(\d{1,2})\s*")
_DAY_TIME = re.compile(
    r"\s*(?:([+-]?\d{1,6})\s+)?([+-]?)(\d{1,6}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?\s*"
)
_DAY = 86_400_000_000


def qualified(text: str, first: str, last: str) -> Interval:
    """The interval that the text states, cut after the qualifier's last unit."""
    if (first in _MONTHS) != (last in _MONTHS) or QUALIFIERS.index(first) > QUALIFIERS.index(last):
        raise NotSupported("an INTERVAL with this qualifier")
    found = _stated(text, last)
    if first in _MONTHS:
        if found.days or found.microseconds:
            raise _invalid()
        return Interval(months=_cut(found.months, 12 if last == "year" else 1))
    if found.months:
        raise _invalid()
    total = _cut(found.days * _DAY + found.microseconds, _TIMES[last])
    days = _cut(total, _DAY)
    return Interval(days=days // _DAY, microseconds=total - days)


def _cut(amount: int, step: int) -> int:
    """The amount without what is less than a step of it."""
    return (abs(amount) // step) * step * (1 if amount >= 0 else -1)


def _stated(text: str, unit: str) -> Interval:
    months = _YEAR_MONTH.fullmatch(text)
    if months is not None:
        sign = -1 if months[1] == "-" else 1
        return Interval(months=sign * (12 * int(months[2]) + int(months[3])))
    time = _DAY_TIME.fullmatch(text)
    if time is None:
        return formats.interval(text, unit)
    if unit == "minute" and time[5] is None and time[1] is None:
        raise NotSupported("an INTERVAL that may be minutes and seconds")
    sign = -1 if time[2] == "-" else 1
    seconds = 3_600 * int(time[3]) + 60 * int(time[4]) + int(time[5] or 0)
    return Interval(
        days=int(time[1] or 0), microseconds=sign * (1_000_000 * seconds + int((time[6] or "").ljust(6, "0")))
    )


def _invalid() -> SqlError:
    return SqlError("invalid input syntax for type interval", "22007")
