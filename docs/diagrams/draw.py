"""Draws docs/diagrams/sign-in.svg, `make diagram`: who says what to whom, from the button to the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

SVG = Path(__file__).with_name("sign-in.svg")
WHO = ("Browser", "Rowlight", "Identity provider", "STS", "IAM Identity Center", "Data API, Redshift")
COLUMN, LEFT, HEAD, LINE, GAP = 200, 106, 64, 18, 22
WIDTH = LEFT * 2 + COLUMN * (len(WHO) - 1)
BROWSER, APP, PROVIDER, STS, CENTER, WAREHOUSE = range(len(WHO))


@dataclass(frozen=True)
class Part:
    """A heading over what follows."""

    text: str


@dataclass(frozen=True)
class Message:
    """What one says to another; an answer is dashed."""

    sender: int
    receiver: int
    text: str
    answer: bool = False


@dataclass(frozen=True)
class Note:
    """What somebody does by themselves."""

    who: int
    text: str


STORY = (
    Part("Sign-in"),
    Message(BROWSER, APP, "Sign in"),
    Message(APP, BROWSER, "to the provider: state,\nnonce, PKCE challenge", answer=True),
    Message(BROWSER, PROVIDER, "who are you?"),
    Message(PROVIDER, BROWSER, "a code, once", answer=True),
    Message(BROWSER, APP, "code, state"),
    Message(APP, PROVIDER, "code, client secret,\nPKCE verifier"),
    Message(PROVIDER, APP, "ID token, refresh token", answer=True),
    Note(APP, "verify: signature, issuer, audience,\nnonce, time, address"),
    Message(APP, BROWSER, "a cookie: a random id", answer=True),
    Part("Exchange, at the first question"),
    Message(APP, STS, "AssumeRoleWithWebIdentity: ID token"),
    Message(STS, APP, "bridge role's credentials", answer=True),
    Message(APP, CENTER, "CreateTokenWithIAM: ID token, once"),
    Message(CENTER, APP, "identity context, refresh token", answer=True),
    Message(APP, STS, "AssumeRole: identity context"),
    Message(STS, APP, "the person's credentials, one hour", answer=True),
    Part("A page"),
    Message(BROWSER, APP, "a page, a filter"),
    Message(APP, WAREHOUSE, "ExecuteStatement, signed as the person"),
    Note(WAREHOUSE, "who is it, in which\ngroups? grants, policies"),
    Message(WAREHOUSE, APP, "GetStatementResultV2: the rows that they may see", answer=True),
    Message(APP, BROWSER, "figures, charts, map", answer=True),
    Part("Renewal, at three quarters of the hour"),
    Message(APP, PROVIDER, "refresh token"),
    Message(PROVIDER, APP, "a new ID token", answer=True),
    Message(APP, STS, "AssumeRoleWithWebIdentity: the new ID token"),
    Message(APP, CENTER, "CreateTokenWithIAM: Identity Center's refresh token"),
    Message(APP, STS, "AssumeRole: the new identity context"),
    Message(STS, APP, "the person's next credentials", answer=True),
)
_STYLE = """
svg{background:#fff;font:15px system-ui,sans-serif;fill:#16202b}
.who{font-weight:600}.box,.note{fill:#f6f7f9;stroke:#5b6876}.life{stroke:#5b6876;opacity:.45}
.part{font-weight:600;fill:#0b6e6e}.rule{stroke:#0b6e6e}
.way{stroke:#16202b;fill:none}.answer{stroke-dasharray:5 4}.tip{fill:#16202b}
@media(prefers-color-scheme:dark){
svg{background:#0f1419;fill:#e7ecf1}
.box,.note{fill:#171e26;stroke:#9aa8b6}.life{stroke:#9aa8b6}
.part{fill:#4fc3bf}.rule{stroke:#4fc3bf}.way{stroke:#e7ecf1}.tip{fill:#e7ecf1}}
"""


def drawing() -> str:
    """The diagram, as a page in any theme can hold it."""
    y, drawn = HEAD + GAP, []
    for each in STORY:
        y, shapes = _placed(each, y)
        drawn += shapes
    height = y + GAP
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
            ' aria-labelledby="t d">',
            '<title id="t">From sign-in to a page, and the renewal of credentials</title>',
            f'<desc id="d">{escape("; ".join(told()))}</desc>',
            f"<style>{_STYLE}</style>",
            '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8"',
            ' orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker>',
            *(shape for who in range(len(WHO)) for shape in _line_of(who, height)),
            *drawn,
            "</svg>\n",
        )
    )


def told() -> Iterator[str]:
    """The same in words, for who does not see it."""
    for each in STORY:
        text = each.text.replace("\n", " ")
        if isinstance(each, Part):
            yield text
        elif isinstance(each, Note):
            yield f"{WHO[each.who]}: {text}"
        else:
            yield f"{WHO[each.sender]} to {WHO[each.receiver]}: {text}"


def _x(who: int) -> int:
    return LEFT + COLUMN * who


def _line_of(who: int, height: int) -> Iterator[str]:
    x = _x(who)
    yield f'<line class="life" x1="{x}" y1="{HEAD}" x2="{x}" y2="{height}"/>'
    yield f'<rect class="box" x="{x - 90}" y="16" width="180" height="36" rx="6"/>'
    yield from _text(x, 39, WHO[who], "who")


def _placed(each: Part | Message | Note, y: int) -> tuple[int, list[str]]:
    """The shapes of it below y, and where the next begins."""
    lines = each.text.count("\n") + 1
    if isinstance(each, Part):
        rule = f'<line class="rule" x1="12" y1="{y + 24}" x2="{WIDTH - 12}" y2="{y + 24}"/>'
        return y + 24 + GAP, [*_text(12, y + 16, each.text, "part", "start"), rule]
    if isinstance(each, Note):
        high, wide = lines * LINE + 12, max(map(len, each.text.split("\n"))) * 8
        x = _x(each.who)
        box = f'<rect class="note" x="{x - wide / 2:g}" y="{y}" width="{wide}" height="{high}" rx="6"/>'
        return y + high + GAP, [box, *_text(x, y + 18, each.text, "said")]
    start, end = _x(each.sender), _x(each.receiver)
    arrow_y = y + lines * LINE
    kind = "way answer" if each.answer else "way"
    way = f'<path class="{kind}" marker-end="url(#tip)" d="M{start} {arrow_y}H{end}"/>'
    return arrow_y + GAP, [*_text(min(start, end) + 10, y + 8, each.text, "said", "start"), way]


def _text(x: int, y: int, text: str, kind: str, anchor: str = "middle") -> Iterator[str]:
    for number, line in enumerate(text.split("\n")):
        at = y + number * LINE
        yield f'<text class="{kind}" x="{x}" y="{at}" text-anchor="{anchor}">{escape(line)}</text>'


if __name__ == "__main__":
    SVG.write_text(drawing(), "utf-8")
