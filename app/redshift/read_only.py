"""A person's own text → the one query that it is: nothing else of theirs is ever sent.

Text is read as Redshift reads it: what a literal, a quoted name or a comment holds is no part of the
statement. Wherever two readers could disagree about where one of them ends, the text is refused.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.errors import StatementRefused

LONGEST = 50_000  # characters; the Data API takes 100 KB, and a browser's message has a limit, too

_PIECE = re.compile(
    r"""(?P<blank>(?:[ \t\n]|\r\n)++)
      | (?P<line>--[^\r\n]*+)
      | (?P<comment>/\*(?:(?!/\*|\*/).)*+\*/)
      | (?P<literal>'(?:[^'\\]|''|\\[^'])*+')
      | (?P<quoted>"(?:[^"\\]|"")++")
      | (?P<number>(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+(?![\w.]))
      | (?P<word>[^\W\d]\w*+)
      | (?P<cast>::)
      | (?P<end>;)
      | (?P<mark>\*(?!/)|/(?!\*)|-(?!-)|[()\[\],.+%<>=!~^|&])""",
    re.VERBOSE | re.DOTALL,
)
_COMMENTS = frozenset({"line", "comment"})
_OPERATORS = frozenset("+-*/<>=~!%^|&")
_UNCLEAR = {
    "'": "A text in quotes has no end, or holds a backslash before a quote. Write a quote as two quotes.",
    '"': "A name in double quotes has no end, is empty, or holds a backslash.",
    "/": "A comment has no end, or another begins within it.",
    "*": "A comment ends here that has not begun.",
    "$": "Texts between dollar signs are not taken. Write them in quotes.",
}
_PARAMETER = re.compile(r":(\w+)")
# What cannot be seen, and what turns round what stands beside it. A text in quotes may join its letters.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_HIDDEN_IN_LITERALS = _HIDDEN - {"Cf"}
_SPACE = re.compile(r"[\t\n]|\r\n")
# Within a query, each of these writes, or locks what it reads, and nothing else does.
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "INTO"})
# Functions that do something beside their answer. Procedures need CALL, which begins no query.
_ACTS = frozenset(
    {
        *("SET_CONFIG", "SETVAL", "NEXTVAL", "PG_CANCEL_BACKEND", "PG_TERMINATE_BACKEND", "REBOOT_CLUSTER"),
        *(
            "CHANGE_QUERY_PRIORITY",
            "CHANGE_SESSION_PRIORITY",
            "CHANGE_USER_PRIORITY",
            "DBLINK",
            "DBLINK_EXEC",
        ),
        *("LO_CREAT", "LO_IMPORT", "LO_EXPORT", "LO_UNLINK"),
    }
)


@dataclass(frozen=True)
class ReadOnly:
    """One query as it is to be sent, and whether it asks for a plan alone."""

    sql: str
    explains: bool

    @property
    def explained(self) -> str:
        """The statement that asks for the query's plan."""
        return self.sql if self.explains else f"EXPLAIN\n{self.sql}"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int

    def is_word(self, word: str) -> bool:
        """Whether it is this word, in ASCII's letters and not in some that look like them."""
        return self.kind == "word" and self.text.isascii() and self.text.upper() == word

    def is_mark(self, mark: str) -> bool:
        return self.kind == "mark" and self.text == mark

    @property
    def name(self) -> str:
        """What a reader could take it for: some fold letters that look like others."""
        plain = self.text[1:-1].replace('""', '"') if self.kind == "quoted" else self.text
        return unicodedata.normalize("NFKC", plain).upper()


def read_only(text: str) -> ReadOnly:
    """The one SELECT, or EXPLAIN of one, that the text is; raises StatementRefused for any other."""
    if len(text) > LONGEST:
        raise StatementRefused(
            f"The text is longer than {LONGEST:,} characters.", "Write a shorter statement.", code="RL-463"
        )
    tokens = list(_tokens(text))
    end = next((token.place for token in tokens if token.kind == "end"), len(text))
    for token in tokens:
        if token.place > end and token.kind != "end":
            raise _refused(text, token.place, "A second statement begins here.")
    tokens = [token for token in tokens if token.place < end]
    if not tokens:
        raise StatementRefused("There is no statement to run.", "Write one that begins with SELECT.")
    explains = tokens[0].is_word("EXPLAIN")
    query = tokens[1:] if explains else tokens
    if explains and query and query[0].is_word("VERBOSE"):
        query = query[1:]
    _check_brackets(text, query)
    _check_words(text, query)
    _check_verb(text, query)
    return ReadOnly(text[:end].strip(), explains)


def _tokens(text: str) -> Iterator[_Token]:
    """What the statement consists of, without blanks and comments."""
    place, before = 0, ""
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None:
            raise _unclear(text, place)
        kind = str(piece.lastgroup)
        _check_seen(text, piece)
        if kind in _COMMENTS and before in _OPERATORS:
            raise _doubtful(text, place, "An operator touches a comment here. Put a blank between them.")
        if kind == "blank":
            before = ""
        else:
            before = piece[0] if kind == "mark" else ""
            if kind not in _COMMENTS:
                yield _Token(kind, piece[0], place)
        place = piece.end()


def _check_seen(text: str, piece: re.Match[str]) -> None:
    if piece[0].isascii() and piece[0].isprintable():
        return
    hidden = _HIDDEN_IN_LITERALS if piece.lastgroup == "literal" else _HIDDEN
    for place in range(piece.start(), piece.end()):
        each = text[place]
        before = text[max(0, place - 1) : place + 1]
        if unicodedata.category(each) in hidden and not (
            _SPACE.match(text, place) or (each == "\n" and before == "\r\n")
        ):
            raise _doubtful(text, place, f"A character that cannot be seen stands here (U+{ord(each):04X}).")


def _check_brackets(text: str, tokens: Sequence[_Token]) -> None:
    depth = 0
    for token in tokens:
        depth += token.is_mark("(") - token.is_mark(")")
        if depth < 0:
            raise _refused(text, token.place, "A bracket ends here that has not begun.")
    if depth:
        raise _refused(text, len(text), "A bracket has no end.")


def _check_words(text: str, tokens: Sequence[_Token]) -> None:
    """That none of its words writes, wherever it stands, and none of its functions acts."""
    for place, token in enumerate(tokens):
        if token.kind == "word" and token.name in _WRITES:
            raise _refused(
                text,
                token.place,
                f"{token.name} would change something. Where it is a name, write it in double quotes.",
            )
        called = place + 1 < len(tokens) and tokens[place + 1].is_mark("(")
        if called and token.kind in {"word", "quoted"} and token.name in _ACTS:
            raise _refused(text, token.place, f"The function {token.name} does more than answer.")


def _check_verb(text: str, tokens: Sequence[_Token]) -> None:
    """That what it does, after any WITH, is to SELECT."""
    place = _after_brackets(tokens, 0)
    while place < len(tokens) and tokens[place].is_word("WITH"):
        place = _after_brackets(tokens, _after_named(tokens, place + 1))
    if place >= len(tokens) or not tokens[place].is_word("SELECT"):
        at = tokens[place].place if place < len(tokens) else len(text)
        raise _refused(text, at, "A statement begins with SELECT, or with WITH … SELECT.")


def _after_brackets(tokens: Sequence[_Token], place: int) -> int:
    while place < len(tokens) and tokens[place].is_mark("("):
        place += 1
    return place


def _after_named(tokens: Sequence[_Token], place: int) -> int:
    """Where the queries end that WITH names: [RECURSIVE] name [(columns)] AS (query), name …"""
    if place < len(tokens) and tokens[place].is_word("RECURSIVE"):
        place += 1
    while True:
        place = _after_pair(tokens, place + 1)
        if place >= len(tokens) or not tokens[place].is_word("AS"):
            return len(tokens)
        after = _after_pair(tokens, place + 1)
        if after == place + 1 or after >= len(tokens):
            return len(tokens)
        if not tokens[after].is_mark(","):
            return after
        place = after + 1


def _after_pair(tokens: Sequence[_Token], place: int) -> int:
    """Behind the brackets that begin here, or here where none do."""
    depth = 0
    while place < len(tokens):
        depth += tokens[place].is_mark("(") - tokens[place].is_mark(")")
        if not depth:
            return place + tokens[place].is_mark(")")
        place += 1
    return place


def _unclear(text: str, place: int) -> StatementRefused:
    parameter = _PARAMETER.match(text, place)
    if parameter:
        name = parameter[0][:40]
        return StatementRefused(
            f"{_line(text, place)}{name} would be a parameter, and the editor has no values for any.",
            "Write the value in its place; a cast is written with two colons.",
            code="RL-462",
        )
    each = text[place]
    what = _UNCLEAR.get(each)
    if what is None and each.isdigit():
        what = "A number touches a name here. Put a blank between them."
    if what is None:
        shown = each if each.isprintable() else f"U+{ord(each):04X}"
        what = f"The character {shown} has no one meaning outside of quotes."
    return _doubtful(text, place, what)


def _doubtful(text: str, place: int, what: str) -> StatementRefused:
    return StatementRefused(
        f"{_line(text, place)}{what}",
        "The statement was not sent: it could be read in more than one way.",
        code="RL-461",
    )


def _refused(text: str, place: int, what: str) -> StatementRefused:
    return StatementRefused(
        f"{_line(text, place)}{what}",
        "The statement was not sent: here, one query runs at a time, and it only reads.",
    )


def _line(text: str, place: int) -> str:
    """Where it is, in a text of several lines."""
    return f"Line {text.count(chr(10), 0, place) + 1}: " if "\n" in text.strip() else ""
