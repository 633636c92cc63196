"""The way to take along what a page shows: a button, a dialog, and a file made when it is asked for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import pyarrow as pa
import streamlit as st

from app.errors import ExportError
from app.redshift.table import Table
from app.views import exports, states, waiting
from app.views.exports import Chart, Sheet, Stamp, Tell
from app.views.page import Page, Part
from app.views.reader import Reader
from app.views.scripts import script

Kind = Literal["CSV", "Excel", "Parquet", "PNG", "PDF"]

WHOLE_PAGE = "The whole page"
_DRAWN = frozenset({"PNG", "PDF"})  # in a process that does not tell how far it is
_ENDINGS: dict[Kind, tuple[str, str]] = {
    "CSV": ("csv", "text/csv"),
    "Excel": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "Parquet": ("parquet", "application/vnd.apache.parquet"),
    "PNG": ("png", "image/png"),
    "PDF": ("pdf", "application/pdf"),
}


@dataclass(frozen=True)
class File:
    """A file to take along, and how many rows are in it."""

    content: bytes
    rows: int


Maker = Callable[[Tell], File]


@dataclass(frozen=True)
class Source:
    """What files are made of: on which page, for whom, of which answer, and what of it the log hears."""

    path: str
    title: str
    reader: Reader
    table: Table
    said: tuple[str, ...]


def export(this: Page) -> None:
    """Draws the button among the page's tools, once the page has said what it offers."""
    if this.parts and this.tools.button(":primary[Export]", type="tertiary", key=f"{this.view.path}.export"):
        st.dialog("Export")(choose)(this)


def choose(this: Page) -> None:
    """What the dialog holds: what is to be taken along and as what, and then the file."""
    choose_from(_offers(this), Source(this.view.path, this.view.title, this.reader, this.table, this.said))


def choose_from(offers: Mapping[str, Mapping[Kind, Maker]], source: Source) -> None:
    """The same, of what is offered under these names."""
    # Drawn by itself while the page stands: what the person may see can have changed since.
    waiting.check(source.reader.warehouse, source.table)
    key = f"{source.path}.export"
    what = st.selectbox("What", list(offers), key=f"{key}.what")
    kinds = list(offers[what])
    # A widget for each choice of kinds: what is none of them any more must not stay chosen.
    kind = st.segmented_control(
        "As", kinds, default=kinds[0], required=True, key=".".join((key, *kinds)), wrap=True
    )
    states.note("The file says whose rows it holds, under which filters and as of when.")
    if st.button("Make the file", type="primary", key=f"{key}.make"):
        _offer(what, kind, offers[what][kind], source)


def _offer(what: str, kind: Kind, make: Maker, source: Source) -> None:
    """Makes the file and offers it, and tells the log; or says why there is none."""
    about = {
        "kind": kind,
        "page": source.path,
        "part": what,
        "statement": source.table.statement_id,
        "filters": "; ".join(source.said),
    }
    try:
        file = _made(make, drawn=kind in _DRAWN)
    except ExportError as error:
        source.reader.trail.record("export", outcome=error.code, **about)
        st.html(states.trouble(f"{error.message} {error.remedy}", error.quoted))
        return
    source.reader.trail.record("export", rows=file.rows, bytes=len(file.content), **about)
    ending, mime = _ENDINGS[kind]
    about_it = {
        "name": exports.file_name(source.title, what, source.table.as_of.date(), ending),
        "type": mime,
        "label": f"Download ({max(1, round(len(file.content) / 1000)):,} kB)",
    }
    # To this tab, over its own connection: an address of Streamlit's would be known to this process alone.
    script("file")(
        key=f"{source.path}.export.download", data=json.dumps(about_it).encode() + b"\n" + file.content
    )


def _made(make: Maker, *, drawn: bool) -> File:
    """The file; meanwhile, in its place, how far it is, or for how long it is being drawn."""
    if drawn:
        with st.spinner("Drawing", show_time=True):
            return make(exports.quiet)
    place = st.empty()
    bar = place.progress(0.0, "Writing rows")
    try:
        return make(lambda share: bar.progress(share, f"Writing rows: {share:.0%}"))
    finally:
        place.empty()


def _offers(this: Page) -> dict[str, dict[Kind, Maker]]:
    """What there is to take along, and what makes it each kind of file."""
    stamp = _stamp(this)
    whole: dict[Kind, Maker] = {"PDF": lambda _: _document(this, stamp)}
    return {
        WHOLE_PAGE: whole,
        **{part.name: of_part(part, stamp, this.reader.currency) for part in this.parts},
    }


def of_part(part: Part, stamp: Stamp, currency: str = "", *, plain: bool = False) -> dict[Kind, Maker]:
    """What a part can be taken along as; `plain` where its numbers may mean anything."""

    def rows(write: Callable[[pa.Table, Stamp, Tell], bytes], tell: Tell) -> File:
        columns = part.table()
        return File(write(columns, stamp, tell), columns.num_rows)

    makers: dict[Kind, Maker] = {
        "CSV": partial(rows, exports.as_csv),
        "Excel": partial(rows, partial(exports.as_excel, currency=currency, plain=plain)),
        "Parquet": partial(rows, exports.as_parquet),
    }
    if (chart := part.chart) is not None:
        makers["PNG"] = lambda _: File(
            exports.chart_png(Chart(part.name, chart()), stamp), part.table().num_rows
        )
    return makers


def _stamp(this: Page) -> Stamp:
    cut = ("incomplete: there are more rows than a page takes",) if this.table.truncated else ()
    return Stamp(
        person=this.reader.name,
        page=this.view.title,
        filters=(*this.said, *cut),
        as_of=this.table.as_of,
        statement_id=this.table.statement_id,
    )


def _document(this: Page, stamp: Stamp) -> File:
    """The page: a table of one row that has no chart is its figures; its first chart has all the width."""
    tables = [(part, part.table()) for part in this.parts]
    figures = {part.name: rows for part, rows in tables if part.chart is None and rows.num_rows == 1}
    charts = [(part.name, part.chart()) for part in this.parts if part.chart]
    sheet = Sheet(
        metrics=tuple(metric for rows in figures.values() for metric in exports.metrics(rows, this.marks)),
        charts=tuple(Chart(name, spec, wide=not place) for place, (name, spec) in enumerate(charts)),
        tables=tuple((part.name, columns) for part, columns in tables if part.name not in figures),
    )
    document = exports.page_pdf(sheet, stamp, marks=this.marks)
    return File(document, sum(columns.num_rows for _, columns in tables))
