"""What the warehouse answered to a person's own statement: its rows, a chart of them, files; or why not."""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import streamlit as st

from app.errors import AppError, QueryCancelled, QueryError, QueryTimedOut
from app.views import clock, drawing, export, formats, grid, states, waiting
from app.views.charts import Spec
from app.views.explore import plot, rows
from app.views.explore.running import PATH, Answered
from app.views.exports import Stamp
from app.views.formats import Marks
from app.views.page import Part
from app.views.palette import Palette
from app.views.reader import Reader

TITLE = "Explore"
_LOOKS = ("Table", "Chart")
_Option = TypeVar("_Option", bound=str)


def failed(error: AppError, reader: Reader) -> None:
    """Why there is no answer; in the warehouse's own words, where it has some for whoever wrote it."""
    if isinstance(error, QueryCancelled):
        st.html(states.trouble("Stopped. Run it again to have its answer.", role="status"))
        return
    said, remedy = "", error.remedy
    if isinstance(error, QueryTimedOut):
        remedy = f"A statement may take {reader.limits.seconds:g} seconds. Ask for less, such as fewer days."
    if isinstance(error, QueryError):
        said = error.said
    text = error.message if said else f"{error.message} {remedy}"
    st.html(states.trouble(text, error.quoted))
    if said:
        st.code(said, language=None, wrap_lines=True)


@st.fragment
def draw(found: Answered, reader: Reader, colours: Palette, marks: Marks) -> None:
    """The answer; drawn by itself, so that looking at it in another way asks nothing anew."""
    waiting.check(reader.warehouse, found.table)
    table = found.table
    with st.container(key="explore.result", horizontal=True, vertical_alignment="center"):
        st.header("Plan" if found.plan else "Result", anchor=False, width="stretch")
        tools = st.container(horizontal=True, vertical_alignment="center", width="content")
    states.note(
        f"{_rows(found, marks)} in {table.elapsed:.2f} s · as of {clock.time_of(table.as_of)} · "
        f"statement {table.statement_id}"
    )
    if found.plan:
        lines = [str(line) for column in table.columns.columns[:1] for line in column.to_pylist()]
        st.code("\n".join(lines), language=None)
        return
    axes = plot.axes(table.columns)
    look = "Table"
    if axes.up and table.columns.num_rows:
        look = drawing.looked_at("explore", _LOOKS, "Table")
        with tools:
            drawing.switch("explore", "Show as", _LOOKS, look)
    chart = _chart(table.columns, axes, colours, marks) if look == "Chart" else None
    if chart is None:
        _grid(table.columns)
    with tools:
        _export(found, reader, chart)


def _rows(found: Answered, marks: Marks) -> str:
    count = found.table.columns.num_rows
    written = formats.count(count, marks)
    if found.table.truncated:
        return f"First {written} of more rows"
    return "1 row" if count == 1 else f"{written} rows"


def _grid(columns: pa.Table) -> None:
    if not columns.num_columns:
        states.note("The statement has no rows to show.")
        return
    found = rows.shown(columns)
    if found.rows.num_rows < columns.num_rows:
        states.note(f"The first {found.rows.num_rows:,} of them are shown here; a file has all that came. ")
    config = {field.name: _column(field, found.places) for field in found.rows.schema}
    grid.draw(found.rows, config, alt="The rows of the answer", empty="NULL")


def _column(field: pa.Field, places: dict[str, int]) -> Any:
    if field.name in places:
        return st.column_config.NumberColumn(format=f"%.{places[field.name]}f")
    if pa.types.is_integer(field.type):
        return st.column_config.NumberColumn(format="%d")
    if pa.types.is_floating(field.type):
        return st.column_config.NumberColumn(format="%g")
    if pa.types.is_boolean(field.type):
        return st.column_config.CheckboxColumn()
    return st.column_config.TextColumn()


def _chart(columns: pa.Table, axes: plot.Axes, colours: Palette, marks: Marks) -> Spec | None:
    across, up, kind = plot.usual(columns, axes)
    # Of another answer's columns, a name would mean something else.
    key = f"explore.chart.{abs(hash((axes.across, axes.up)))}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        across = _chosen("Across", axes.across, across, f"{key}.across")
        up = _chosen("Up", axes.up, up, f"{key}.up")
        kind = _chosen("Kind", plot.KINDS, kind, f"{key}.kind")
    spec = plot.spec(columns, across, up, kind, colours=colours, marks=marks)
    if not spec["data"]["values"]:
        states.note("No row has a value in both columns.")
        return None
    if columns.num_rows > plot.most(kind):
        states.note(
            f"Of the first {plot.most(kind):,} rows. Group the rows in the query to see all in a chart."
        )
    drawing.chart(spec)
    return spec


def _chosen(label: str, names: Sequence[_Option], usual: _Option, key: str) -> _Option:
    return st.selectbox(label, names, index=names.index(usual), key=key, width=260)


def _export(found: Answered, reader: Reader, chart: Spec | None) -> None:
    if not st.button(":primary[Export]", type="tertiary", key="explore.export"):
        return
    table = found.table
    cut = ("incomplete: there are more rows than a page takes",) if table.truncated else ()
    stamp = Stamp(reader.name, TITLE, (found.sql, *cut), table.as_of, table.statement_id)
    columns = table.columns.rename_columns(rows.unique(table.columns.column_names))
    part = Part("Result", lambda: columns, (lambda: chart) if chart is not None else None)
    offers = {"Result": export.of_part(part, stamp, plain=True)}
    # The log hears the statement's id and nothing of its text.
    source = export.Source(PATH, TITLE, reader, table, ())
    st.dialog("Export")(partial(export.choose_from, offers, source))()
