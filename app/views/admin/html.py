"""Tables and facts as HTML; whatever they hold is escaped here. No Streamlit in it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from html import escape

MOST_ROWS = 200


class Html(str):
    """A text that is HTML already: made by this module's functions alone."""

    __slots__ = ()


Cell = str  # escaped, unless it is Html


def text(cell: Cell) -> Html:
    """The cell as HTML."""
    return cell if isinstance(cell, Html) else Html(escape(cell))


def code(name: str) -> Html:
    """A name to be read letter by letter."""
    return Html(f"<code>{escape(name)}</code>") if name else Html("")


def quiet(said: Cell) -> Html:
    """What is said beside something."""
    return Html(f'<span class="rl-quiet">{text(said)}</span>')


def lines(cells: Iterable[Cell]) -> Html:
    """One below the other."""
    return Html("".join(f"<div>{text(cell)}</div>" for cell in cells))


def joined(*cells: Cell) -> Html:
    """One after the other, with blanks between; empty ones are left out."""
    return Html(" ".join(text(cell) for cell in cells if cell))


def sql(statement: str) -> Html:
    """SQL as it was written."""
    return Html(f'<pre class="rl-sql">{escape(statement)}</pre>')


def details(summary: str, body: Cell) -> Html:
    """What opens when somebody wants to see it."""
    return Html(f"<details><summary>{escape(summary)}</summary>{text(body)}</details>")


def facts(pairs: Iterable[tuple[str, Cell]]) -> Html:
    """Names and values."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{text(value)}</dd></div>" for name, value in pairs)
    return Html(f'<dl class="rl-facts">{rows}</dl>')


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    figures: Iterable[str] = (),
    below: Sequence[Cell] = (),
) -> Html:
    """A table, of which the first column names the row; on a phone each row is a block of its own.

    `figures` are the columns of numbers, `below` is what stands under each row, over the whole width. Of many
    rows the first are shown, and how many there are is said.
    """
    right = set(figures)
    head = "".join(f'<th scope="col"{_side(name, right)}>{escape(name)}</th>' for name in heads)
    parts = [_row(heads, row, right) for row in rows[:MOST_ROWS]]
    under = [_below(cell, len(heads)) for cell in below[:MOST_ROWS]] or [""] * len(parts)
    body = "".join(row + part for row, part in zip(parts, under, strict=True))
    more = len(rows) - MOST_ROWS
    note = f'<p class="rl-note">The first {MOST_ROWS} of {len(rows):,}.</p>' if more > 0 else ""
    return Html(
        f'<div class="rl-scroll"><table class="rl-admin" role="table"><caption>{escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table></div>{note}'
    )


def _row(heads: Sequence[str], row: Sequence[Cell], right: set[str]) -> str:
    first, *others = row
    cells = "".join(
        f'<td role="cell" data-label="{escape(name)}"{_side(name, right)}>{text(cell)}</td>'
        for name, cell in zip(heads[1:], others, strict=True)
    )
    return f'<tr role="row"><th scope="row" role="rowheader">{text(first)}</th>{cells}</tr>'


def _below(cell: Cell, width: int) -> str:
    return f'<tr role="row" class="rl-below"><td role="cell" colspan="{width}">{text(cell)}</td></tr>'


def _side(name: str, right: set[str]) -> str:
    return ' class="rl-figure"' if name in right else ""


def when(moment: datetime | None, zone: tzinfo | None) -> str:
    """28 Nov 14:05; in UTC, and said so, where nobody knows the reader's zone."""
    if moment is None:
        return "not told"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # the warehouse's clock is UTC
    local = aware.astimezone(zone or UTC)
    return f"{local.day} {local:%b %H:%M}" + ("" if zone else " UTC")
