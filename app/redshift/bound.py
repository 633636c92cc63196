"""`:name`, as the Data API has parameters → `$1`, as a database connection has them, and the values."""

import re
from collections.abc import Mapping

# What a colon may stand in without naming a parameter: literals, quoted names, comments, casts.
_PIECE = re.compile(
    r"""(?P<literal>'(?:[^']|'')*')
      | (?P<name>"[^"]*")
      | (?P<line>--[^\r\n]*)
      | (?P<comment>/\*)
      | (?P<cast>::)
      | :(?P<parameter>[0-9A-Za-z_]+)""",
    re.VERBOSE,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")


def bound(sql: str, parameters: Mapping[str, str]) -> tuple[str, list[str]]:
    """The statement with numbers for names, one for each use: Redshift gives each its own type."""
    out: list[str] = []
    values: list[str] = []
    place = 0
    while piece := _PIECE.search(sql, place):
        end = _end_of_comment(sql, piece.end()) if piece.lastgroup == "comment" else piece.end()
        name = piece["parameter"]
        if name in parameters:
            values.append(parameters[name])
            out += [sql[place : piece.start()], f"${len(values)}"]
        else:
            out.append(sql[place:end])
        place = end
    return "".join([*out, sql[place:]]), values


def _end_of_comment(sql: str, place: int) -> int:
    """Where a comment ends that began before this place, others within it included."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(sql, place):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(sql)
