"""Words of a Redshift statement, for the statements that sqlglot does not read."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

from infra.local.warehouse.errors import SyntaxFault

Read = TypeVar("Read")
Kind = Literal["word", "quoted", "string", "number", "symbol", "end"]

_KINDS = {
    "space": r"\s+|--[^\n]*",
    "comment": r"/\*",
    "quoted": r'"(?:[^"]|"")*"',
    "string": r"'(?:[^'\\]|''|\\.)*'",
    "number": r"\d+(?:\.\d+)?",
    "word": r"\#?[^\W\d][\w$]*",
    "symbol": r"::|<>|!=|<=|>=|\|\||[-+*/%<>=(),.;:~!^&|@\[\]#]",
}
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()), re.DOTALL)
# Text that is made of tokens for sure: without comments, which nest, and without empty names.
_PLAIN = re.compile(rf'(?:(?!/\*|"")(?:{"|".join(_KINDS.values())}))*+', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_COMMENT_MARK = re.compile(r"/\*|\*/")
_BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}
_MOST_DIGITS = 18  # of a whole number
_MOST_TEXTS = 64  # whose first word is remembered: it is asked for twice


@dataclass(frozen=True)
class Token:
    """A word, a name, a literal or a symbol, and where it stands in the text."""

    kind: Kind
    text: str  # a word in lower case; a name or a string without its quotes
    start: int
    end: int


def _comment_end(sql: str, start: int) -> int:
    """Where a comment ends; Redshift's nest."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(sql, start):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    raise SyntaxFault("unterminated /* comment")


def _token(kind: str, match: re.Match[str]) -> Token:
    text = match[0]
    start, end = match.span()
    if kind == "word":
        return Token("word", text.lower(), start, end)
    if kind == "quoted":
        if text == '""':
            raise SyntaxFault('zero-length delimited identifier at or near """"')
        return Token("quoted", text[1:-1].replace('""', '"'), start, end)
    if kind == "string":
        return Token("string", _ESCAPE.sub(lambda m: m[1] or "'", text[1:-1]), start, end)
    return Token("number" if kind == "number" else "symbol", text, start, end)


def tokens(sql: str) -> Iterator[Token]:
    """The statement's tokens, with an end token last; SyntaxFault at what is none."""
    at = 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        if match is None:
            raise SyntaxFault(f'syntax error at or near "{sql[at]}"')
        kind = str(match.lastgroup)
        at = _comment_end(sql, at) if kind == "comment" else match.end()
        if kind not in ("space", "comment"):
            yield _token(kind, match)
    yield Token("end", "", len(sql), len(sql))


@lru_cache(_MOST_TEXTS)
def first_word(sql: str) -> str:
    """The word that begins the statement, behind parentheses; SyntaxFault wherever the text has no token."""
    found = tokens(sql) if _PLAIN.fullmatch(sql) else iter(list(tokens(sql)))
    first = next(token for token in found if token.text != "(" or token.kind != "symbol")
    return first.text if first.kind == "word" else ""


class Reader:
    """Reads a statement token by token."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._tokens = list(tokens(sql))
        self._at = 0

    @property
    def current(self) -> Token:
        return self._tokens[self._at]

    def ahead(self, steps: int) -> Token:
        """The token that comes so many steps after the current one."""
        return self._tokens[min(self._at + steps, len(self._tokens) - 1)]

    def fault(self) -> SyntaxFault:
        """What to raise when the current token does not belong here."""
        near = self.current.text[:60] or "end of input"
        return SyntaxFault(f'syntax error at or near "{near}"')

    def advance(self) -> Token:
        token = self.current
        if token.kind != "end":
            self._at += 1
        return token

    def accept(self, *words: str) -> bool:
        """Takes the words, one after the other, when they come next."""
        for offset, word in enumerate(words):
            token = self.ahead(offset)
            if token.kind not in ("word", "symbol") or token.text != word:
                return False
        self._at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Takes the words or raises SyntaxFault."""
        for word in words:
            if not self.accept(word):
                raise self.fault()

    def one_of(self, *words: str) -> str:
        """Takes one of the words and tells which."""
        for word in words:
            if self.accept(word):
                return word
        raise self.fault()

    def take(self, kind: Kind) -> str:
        """Takes a token of the kind and gives its text."""
        if self.current.kind != kind:
            raise self.fault()
        return self.advance().text

    def name(self) -> str:
        """An identifier of a schema, table or column: Redshift folds them, quoted or not."""
        if self.current.kind not in ("word", "quoted"):
            raise self.fault()
        return self.advance().text.lower()

    def principal(self) -> str:
        """A user's or role's name: kept as it is when quoted; `sys:secadmin` needs no quotes."""
        if self.current.kind not in ("word", "quoted"):
            raise self.fault()
        first = self.advance()
        second = self.ahead(1)
        if first.kind == second.kind == "word" and self.accept(":"):
            return f"{first.text}:{self.advance().text}"
        return first.text

    def whole(self) -> int:
        """A whole number."""
        text = self.current.text
        if self.current.kind != "number" or not text.isdecimal() or len(text) > _MOST_DIGITS:
            raise self.fault()
        self.advance()
        return int(text)

    def commas(self, read: Callable[[], Read]) -> list[Read]:
        """What `read` reads, once or more, between commas."""
        found = [read()]
        while self.accept(","):
            found.append(read())
        return found

    def enclosed(self) -> str:
        """The text between parentheses that open here."""
        return self._enclosed()[0].strip()

    def enclosed_parts(self) -> tuple[str, ...]:
        """The texts between the commas of a list in parentheses that opens here."""
        text, commas = self._enclosed()
        starts, ends = [0, *(comma + 1 for comma in commas)], [*commas, len(text)]
        return tuple(text[start:end].strip() for start, end in zip(starts, ends, strict=True))

    def _enclosed(self) -> tuple[str, list[int]]:
        """The text between parentheses that open here, and where its commas outside of others stand."""
        self.expect("(")
        start = self._tokens[self._at - 1].end
        depth, commas = 1, []
        while True:
            token = self.advance()
            if token.kind == "end":
                raise self.fault()
            if token.kind == "symbol":
                depth += _BRACKETS.get(token.text, 0)
                if depth == 1 and token.text == ",":
                    commas.append(token.start - start)
            if depth == 0:
                return self.sql[start : token.start], commas

    def rest(self, *tail: str) -> tuple[str, bool]:
        """The text up to the statement's end without the words of the tail, and whether they are there."""
        left = self._tokens[self._at : -1]
        while left and left[-1].text == ";" and left[-1].kind == "symbol":
            left.pop()
        if not left or any(token.kind == "symbol" and token.text == ";" for token in left):
            raise self.fault()
        words = [token.text if token.kind == "word" else "" for token in left[-len(tail) :]] if tail else []
        found = bool(tail) and words == list(tail) and len(left) > len(tail)
        last = left[-len(tail) - 1] if found else left[-1]
        self._at = len(self._tokens) - 1
        return self.sql[left[0].start : last.end], found

    def finish(self) -> None:
        """Raises SyntaxFault unless nothing but semicolons is left."""
        while self.accept(";"):
            pass
        if self.current.kind != "end":
            raise self.fault()
