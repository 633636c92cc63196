"""`:name`, as the Data API has parameters → `$1`, as a database connection has them, and the values."""

import re
from collections.abc import Mapping

from app.redshift.statement_text import end_of_comment

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


def bound(sql: str, parameters: Mapping[str, str]) -> tuple[str, list[str]]:
    """The statement with numbers for names, one for each use: Redshift gives each its own type."""
    out: list[str] = []
    values: list[str] = []
    place = 0
    while piece := _PIECE.search(sql, place):
        end = piece.end()
        if piece.lastgroup == "comment":
            end = end_of_comment(sql, end) or len(sql)
        name = piece["parameter"]
        if name in parameters:
            values.append(parameters[name])
            out += [sql[place : piece.start()], f"${len(values)}"]
        else:
            out.append(sql[place:end])
        place = end
    return "".join([*out, sql[place:]]), values
