"""Date and time functions."""

import re
from collections.abc import Mapping

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported
from infra.local.warehouse.sql import calendar_formats as formats
from infra.local.warehouse.sql import kinds
from infra.local.warehouse.sql.functions.function import (
    Arguments,
    Function,
    always,
    call,
    cast,
    literal,
    number,
    string,
    timestamp,
)
from infra.local.warehouse.sql.kinds import BIGINT, DATE, DOUBLE, INT, TIMESTAMP, TIMESTAMPTZ, Kind

# Names move with daylight saving, abbreviations do not: DuckDB would let both move.
_NAME = r"[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_+-]+){1,2}"
_ALONE = frozenset(
    {
        *("UTC", "GMT", "CUBA", "EGYPT", "EIRE", "HONGKONG", "ICELAND", "IRAN", "ISRAEL", "JAMAICA", "JAPAN"),
        *("NAVAJO", "POLAND", "PORTUGAL", "PRC", "ROC", "ROK", "SINGAPORE", "TURKEY", "UNIVERSAL", "ZULU"),
        *("EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT"),
    }
)
_HOURS_WEST = {"EST": 5, "EDT": 4, "CST": 6, "CDT": 5, "MST": 7, "MDT": 6, "PST": 8, "PDT": 7}
_ZONE = re.compile(_NAME, re.IGNORECASE)
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_SHORT_DAYS = ("su sun", "m mo mon", "tu tue tues", "w we wed", "th thu thurs", "f fr fri", "sa sat")
_WEEKDAYS = {
    name: place
    for place, (day, short) in enumerate(zip(_DAYS, _SHORT_DAYS, strict=True))
    for name in (day, *short.split())
}


def _date_add(arguments: Arguments) -> exp.Expr:
    unit, count, moment = formats.unit(arguments[0]), cast(arguments[1], INT), timestamp(arguments[2])
    if unit in formats.MONTHS and unit not in ("quarter", "month"):
        years = formats.MONTHS[unit] // 12
        if years > 1:
            count = cast(exp.Mul(this=count, expression=number(years)), INT)
        return call("years_later", moment, count)
    step: exp.Expr = count
    if unit == "quarter":
        step = exp.Mul(this=exp.Paren(this=count), expression=number(3))
    plural = "months" if unit == "quarter" else f"{unit}s"
    return exp.Paren(this=exp.Add(this=moment, expression=call(f"to_{plural}", step)))


def _date_diff(arguments: Arguments) -> exp.Expr:
    unit, moments = formats.unit(arguments[0]), [timestamp(moment) for moment in arguments[1:]]
    if unit in ("century", "millennium"):
        raise NotSupported("DATEDIFF in centuries or millennia")
    if unit == "week":
        return call("weeks_apart", *moments)
    return call("date_diff", string(unit), *moments)


def _date_trunc(arguments: Arguments) -> exp.Expr:
    unit, moment = formats.unit(arguments[0]), timestamp(arguments[1])
    if unit not in ("century", "millennium"):
        return call("date_trunc", string(unit), moment)
    # They begin with the year 1 here and with the year 0 in DuckDB.
    year_before = exp.Sub(this=moment, expression=call("to_years", number(1)))
    return exp.Paren(
        this=exp.Add(
            this=call("date_trunc", string(unit), year_before), expression=call("to_years", number(1))
        )
    )


def extract(unit: exp.Expr, value: exp.Expr, kind: Kind) -> exp.Expr:
    """EXTRACT: the part alone, without what is larger or smaller."""
    part = formats.part(unit)
    found = call("date_part", string(part), timestamp(value))
    if part == "microsecond":
        raise NotSupported("EXTRACT of microseconds")
    if part == "millisecond":
        return cast(exp.Mod(this=found, expression=number(1000)), kind)
    if part == "decade":
        return cast(exp.Add(this=found, expression=number(1)), kind)
    return cast(call("floor", found) if part == "epoch" else found, kind)


def _date_part(arguments: Arguments) -> exp.Expr:
    """DATE_PART: seconds with their fraction."""
    part, moment = formats.part(arguments[0]), timestamp(arguments[1])
    if part == "millisecond":
        raise NotSupported("DATE_PART of milliseconds")
    if part in ("second", "microsecond"):
        found = cast(call("date_part", string("microseconds"), moment), DOUBLE)
        if part == "second":
            return exp.Paren(this=exp.Div(this=found, expression=number(1_000_000)))
        return exp.Paren(this=exp.Mod(this=found, expression=number(1_000_000)))
    found = cast(call("date_part", string(part), moment), DOUBLE)
    return exp.Paren(this=exp.Add(this=found, expression=number(1))) if part == "decade" else found


def _zone(node: exp.Expr) -> exp.Expr:
    """A time zone in DuckDB's terms; one that Redshift would read otherwise is refused."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        return call("zone_name", node, string(f"(?i)UTC|GMT|{_NAME}"))
    name = node.name
    west = _HOURS_WEST.get(name.upper())
    if west is not None:
        return string(f"Etc/GMT+{west}")
    if name.upper() not in _ALONE and not _ZONE.fullmatch(name):
        raise NotSupported("a time zone that is neither UTC nor a name such as Europe/Paris")
    return string(name)


def _convert_timezone(arguments: Arguments) -> exp.Expr:
    """The moment of one zone's clock on another's; without a source, the clock is UTC's."""
    *source, target, moment = arguments
    start = _zone(source[0]) if source else string("UTC")
    zoned = kinds.of(moment).this == exp.DType.TIMESTAMPTZ
    at = moment if zoned else call("timezone", start, timestamp(moment))
    return call("timezone", _zone(target), at)


def _timezone(arguments: Arguments) -> exp.Expr:
    return call("timezone", _zone(arguments[0]), timestamp(arguments[1]))


def _timezone_kind(arguments: Arguments) -> Kind:
    return TIMESTAMP if kinds.of(arguments[1]).this == exp.DType.TIMESTAMPTZ else TIMESTAMPTZ


def _next_day(arguments: Arguments) -> exp.Expr:
    weekday = _WEEKDAYS.get(literal(arguments[1], "a weekday").lower())
    if weekday is None:
        raise NotSupported("NEXT_DAY of a weekday of this name")
    return call("next_weekday", timestamp(arguments[0]), number(weekday))


def _compare(arguments: Arguments) -> exp.Expr:
    """1, 0 or -1: moments without a zone are UTC's."""
    left, right = (call("epoch_us", timestamp(value)) for value in arguments)
    return cast(call("sign", exp.Sub(this=left, expression=right)), INT)


def _interval_cmp(arguments: Arguments) -> exp.Expr:
    left, right = (formats.interval(literal(value, "an interval")).length for value in arguments)
    return cast(string(str((left > right) - (left < right))), INT)


_COMPARE = Function(2, 2, always(INT), _compare)
_COMPARISONS = (
    *("date_cmp", "date_cmp_timestamp", "date_cmp_timestamptz"),
    *("timestamp_cmp", "timestamp_cmp_date", "timestamp_cmp_timestamptz"),
    *("timestamptz_cmp", "timestamptz_cmp_date", "timestamptz_cmp_timestamp"),
)
_DATE_ADD = Function(3, 3, always(TIMESTAMP), _date_add, column="date_add", unit=True)
_DATE_DIFF = Function(3, 3, always(BIGINT), _date_diff, column="date_diff", unit=True)
_DATE_PART = Function(2, 2, always(DOUBLE), _date_part, column="pgdate_part", unit=True)

DATES: Mapping[str, Function] = {
    "add_months": Function(
        2,
        2,
        always(TIMESTAMP),
        lambda a: call("months_later", cast(timestamp(a[0]), TIMESTAMP), cast(a[1], INT)),
    ),
    "convert_timezone": Function(2, 3, always(TIMESTAMP), _convert_timezone),
    **dict.fromkeys(_COMPARISONS, _COMPARE),
    "date_part_year": Function(
        1, 1, always(INT), lambda a: cast(call("date_part", string("year"), timestamp(a[0])), INT)
    ),
    "date_part": _DATE_PART,
    "pgdate_part": _DATE_PART,
    "date_trunc": Function(2, 2, always(TIMESTAMP), _date_trunc, unit=True),
    "dateadd": _DATE_ADD,
    "date_add": _DATE_ADD,
    "datediff": _DATE_DIFF,
    "date_diff": _DATE_DIFF,
    "interval_cmp": Function(2, 2, always(INT), _interval_cmp),
    "last_day": Function(1, 1, always(DATE), lambda a: call("last_day", timestamp(a[0]))),
    "months_between": Function(
        2,
        2,
        always(DOUBLE),
        lambda a: call("months_apart", *(cast(timestamp(value), TIMESTAMP) for value in a)),
    ),
    "next_day": Function(2, 2, always(DATE), _next_day),
    "timezone": Function(2, 2, _timezone_kind, _timezone),
}
