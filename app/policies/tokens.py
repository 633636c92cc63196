"""A condition's SQL → its words, marks and texts; a character with no one reading is refused."""

import re
from dataclasses import dataclass

LONGEST = 20_000  # characters

_PIECE = re.compile(
    r"""(?P<blank>\s++)
      | (?P<literal>'(?:[^'\\]|'')*+')
      | (?P<quoted>"(?:[^"\\]|"")++")
      | (?P<number>(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+(?![\w.]))
      | (?P<word>[A-Za-z_][A-Za-z0-9_$]*+)
      | (?P<mark>::|!~~\*|!~~|~~\*|~~|!~\*|!~|~\*|~|<>|!=|<=|>=|\|\||[()\[\],.=<>+*/%]|-(?!-))""",
    re.VERBOSE | re.DOTALL,
)


class Unreadable(ValueError):
    """A condition that is not taken apart."""


@dataclass(frozen=True)
class Token:
    """A word, a mark, a text, a number, a quoted name or the end."""

    kind: str
    text: str
    place: int

    @property
    def name(self) -> str:
        """What it names: unquoted letters are small ones to Redshift, whatever they are."""
        return self.text[1:-1].replace('""', '"') if self.kind == "quoted" else self.text.lower()


def tokens_of(text: str) -> list[Token]:
    """The tokens, and one for the end."""
    if len(text) > LONGEST:
        raise Unreadable(f"longer than {LONGEST} characters")
    found, place = [], 0
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None:
            raise Unreadable(f"the character {text[place]!r}")
        if piece.lastgroup != "blank":
            found.append(Token(str(piece.lastgroup), piece[0], place))
        place = piece.end()
    found.append(Token("end", "", len(text)))
    return found
