"""Texts of dates in forms of Redshift's that DuckDB neither reads nor writes."""

import re

# Fields of the moment, by strftime; then each piece of Redshift's formats over these fields.
_FIELDS = (
    *("%Y", "%m", "%d", "%H", "%I", "%M", "%S", "%g", "%f"),
    *("%B", "%A", "%j", "%G", "%V", "%u", "%w", "%p"),
)
_AT = {name: f"f[{place}]" for place, name in enumerate(_FIELDS, 1)}


def _whole(name: str) -> str:
    return f"CAST({_AT[name]} AS INTEGER)"


def _names(pieces: tuple[str, str, str], name: str, width: int) -> dict[str, str]:
    """The name in capitals, with one and in small letters, blank-padded."""
    upper, mixed, lower = pieces
    shown = f"left({_AT[name]}, {width})" if width == 3 else _AT[name]  # noqa: PLR2004 - an abbreviation
    padded = f"rpad({shown}, {width}, ' ')"
    return {upper: f"upper({padded})", mixed: padded, lower: f"lower({padded})"}


_YEAR, _ISO_YEAR = f"lpad({_AT['%Y']}, 4, '0')", f"lpad({_AT['%G']}, 4, '0')"
PIECES = {
    "Y,YYY": f"left({_YEAR}, 1) || ',' || right({_YEAR}, 3)",
    "YYYY": _YEAR,
    "YYY": f"right({_YEAR}, 3)",
    "YY": f"right({_YEAR}, 2)",
    "Y": f"right({_YEAR}, 1)",
    "IYYY": _ISO_YEAR,
    "IYY": f"right({_ISO_YEAR}, 3)",
    "IY": f"right({_ISO_YEAR}, 2)",
    "I": f"right({_ISO_YEAR}, 1)",
    "CC": f"lpad(CAST(({_whole('%Y')} + 99) // 100 AS VARCHAR), 2, '0')",
    "Q": f"CAST(({_whole('%m')} + 2) // 3 AS VARCHAR)",
    **_names(("MONTH", "Month", "month"), "%B", 9),
    **_names(("MON", "Mon", "mon"), "%B", 3),
    **_names(("DAY", "Day", "day"), "%A", 9),
    **_names(("DY", "Dy", "dy"), "%A", 3),
    "MM": _AT["%m"],
    "IDDD": f"lpad(CAST(({_whole('%V')} - 1) * 7 + {_whole('%u')} AS VARCHAR), 3, '0')",
    "DDD": _AT["%j"],
    "DD": _AT["%d"],
    "ID": _AT["%u"],
    "D": f"CAST({_whole('%w')} + 1 AS VARCHAR)",
    "IW": _AT["%V"],
    "WW": f"lpad(CAST(({_whole('%j')} - 1) // 7 + 1 AS VARCHAR), 2, '0')",
    "W": f"CAST(({_whole('%d')} - 1) // 7 + 1 AS VARCHAR)",
    "HH24": _AT["%H"],
    "HH12": _AT["%I"],
    "HH": _AT["%I"],
    "MI": _AT["%M"],
    "SS": _AT["%S"],
    "MS": _AT["%g"],
    "US": _AT["%f"],
    **dict.fromkeys(("AM", "PM"), _AT["%p"]),
    **dict.fromkeys(("am", "pm"), f"lower({_AT['%p']})"),
    **dict.fromkeys(("A.M.", "P.M."), f"left({_AT['%p']}, 1) || '.M.'"),
    **dict.fromkeys(("a.m.", "p.m."), f"lower(left({_AT['%p']}, 1)) || '.m.'"),
    # The warehouse's clock is UTC's.
    "TZ": "'UTC'",
    "tz": "'utc'",
    "OF": "'+00'",
}
# Of a literal: the year first without separators, or month, day and year, as Redshift's DateStyle has them.
_COMPACT = re.compile(r"\s*(\d{4})(\d{2})(\d{2})(\s.*|T.*)?", re.DOTALL)
_MONTH_FIRST = re.compile(r"\s*(\d{1,2})([-/])(\d{1,2})\2(\d{4})(\s.*)?", re.DOTALL)


def iso(text: str) -> str:
    """The text of a date or timestamp, year first, when it is in one of Redshift's other forms."""
    compact, month_first = _COMPACT.fullmatch(text), _MONTH_FIRST.fullmatch(text)
    if compact:
        return f"{compact[1]}-{compact[2]}-{compact[3]}{compact[4] or ''}"
    if month_first:
        month, _, day, year, rest = month_first.groups()
        return f"{year}-{month:0>2}-{day:0>2}{rest or ''}"
    return text


NUMBER_OF = {piece: str(place) for place, piece in enumerate(PIECES, 1)}

_CASES = " ".join(f"WHEN '{NUMBER_OF[piece]}' THEN {value}" for piece, value in PIECES.items())

# A template is a list: the number of a piece, the same after an f for FM, or = and what stands as it is.
CALENDAR_TEXT = (
    f"calendar_piece(f, place) AS CASE place {_CASES} END",
    f"""calendar_text(moment, template) AS list_transform(
        [string_split(strftime(moment, '{"|".join(_FIELDS)}'), '|')], lambda f:
        CASE WHEN f IS NOT NULL THEN array_to_string(list_transform(template, lambda p: CASE left(p, 1)
            WHEN '=' THEN substring(p, 2)
            WHEN 'f' THEN regexp_replace(rtrim(calendar_piece(f, substring(p, 2)), ' '), '^0+(.)', '\\1')
            ELSE calendar_piece(f, p) END), '') END)[1]""",
)
