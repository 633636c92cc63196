"""A statement's text without what the warehouse does not read: comments, and blanks beyond the first."""

import re
from functools import lru_cache

_STATEMENTS = 256
# What Redshift, its drivers and its dialects read in more than one way: such a text stays as it was written.
_UNSURE = re.compile(r"[\\${}]|/\*\+|\r(?!\n)|[-+*/<>=~!@#%^&|`?](--|/\*)")
_PIECE = re.compile(
    r"""(?P<blank>[ \t\r\n]+|--[^\r\n]*)
      | (?P<comment>/\*)
      | (?P<literal>'(?:[^']|'')*')
      | (?P<other>"[^"]*"|[^-/'" \t\r\n]+|[-/])""",
    re.VERBOSE,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")
_SEPARATES = "(),;="  # by themselves, unless they are a part of an operator
_OPERATES = "+-*/<>=~!@#%^&|`?:.[]"


@lru_cache(maxsize=_STATEMENTS)
def normalised(sql: str) -> str:
    """Equal for texts that ask the same; literals and quoted names are in it letter by letter."""
    if _UNSURE.search(sql):
        return sql
    out: list[str] = []
    place, apart, after_literal = 0, False, False
    while place < len(sql):
        piece = _PIECE.match(sql, place)
        if piece is None:  # a literal or a quoted name without its end
            return sql
        kind, text, place = piece.lastgroup, piece[0], piece.end()
        if kind == "comment":
            place = end_of_comment(sql, place)
            if not place:
                return sql
        if kind in {"blank", "comment"}:
            apart = True
            continue
        if after_literal and kind == "literal":
            return sql  # 'a' and, a line below, 'b' are 'ab'; on one line they are a mistake
        if apart and out and _matters(out[-1][-1], text[0]):
            out.append(" ")
        out.append(text)
        apart, after_literal = False, kind == "literal"
    return "".join(out)


def end_of_comment(sql: str, place: int) -> int:
    """Where a comment ends that began before this place, others within it included; 0 where it does not."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(sql, place):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return 0


def _matters(before: str, after: str) -> bool:
    """Whether a blank between two characters divides what would else be read as one."""
    return not (
        (before in _SEPARATES and after not in _OPERATES) or (after in _SEPARATES and before not in _OPERATES)
    )
