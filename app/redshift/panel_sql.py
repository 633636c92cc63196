"""A page's panels → the text of one statement, as its readers in the warehouse's history would write it.

Panels with the same conditions and measures share a scan: they are sets of one GROUPING SETS, told apart by
GROUPING(), for a NULL among the values is not a column that was rolled up. UNION ALL puts the scans together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import dedent, indent

from app.redshift.conditions import Condition
from app.redshift.panel import CODE, AnyRow, Measure, Panel, Section

# Redshift takes 64 sets in a GROUP BY, and documents no limit for GROUPING(), whose answer is an integer. 32
# sets are told apart by at most 31 columns: they fit into any integer, and are as many as PostgreSQL takes.
MOST_SETS = 32
_LINE = 100
_INDENT = " " * 4
_CONTINUED = ",\n" + " " * len("SELECT ")


@dataclass(frozen=True)
class Layout:
    """The columns of the answer and their types: a panel's code, what panels group by, the measures."""

    dimensions: Mapping[str, str]
    measures: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        return [CODE, *self.dimensions, *self.measures]

    def type_of(self, name: str) -> str:
        return self.measures[name] if name in self.measures else self.dimensions[name]


def layout(sections: Sequence[Section]) -> Layout:
    """Sections share the columns of one name; ValueError where those are not of one type and kind."""
    dimensions = _together(section.dimensions for section in sections)
    measures = _together({n: m.type for n, m in section.measures.items()} for section in sections)
    _together([dimensions, dict.fromkeys(measures, "")])
    return Layout(dimensions, measures)


def _together(columns: Iterable[Mapping[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, column_type in (column for some in columns for column in some.items()):
        if found.setdefault(name, column_type) != column_type:
            raise ValueError(f"The column {name!r} is two different ones.")
    return found


@dataclass(frozen=True)
class Asked:
    """A panel, its code, and the measures and conditions that it has in this statement."""

    code: int
    panel: Panel
    measures: Mapping[str, Measure]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Scan:
    """Panels that count the same rows in one pass over them."""

    measures: Mapping[str, Measure]
    conditions: tuple[Condition, ...]
    panels: dict[int, Panel] = field(default_factory=dict)

    @property
    def limited(self) -> bool:
        return any(panel.limit for panel in self.panels.values())

    @property
    def dimensions(self) -> list[str]:
        return list(dict.fromkeys(column for panel in self.panels.values() for column in panel.by))


def scans(asked: Iterable[Asked]) -> list[Scan]:
    """The fewest passes in which the panels can be counted."""
    found: dict[tuple[object, ...], Scan] = {}
    for each in asked:
        number = 0
        while True:
            best = each.panel.limit and each.panel.name
            key = (frozenset(each.conditions), tuple(each.measures), best, number)
            scan = found.setdefault(key, Scan(each.measures, each.conditions))
            # Two panels with the same columns could not be told apart.
            if len(scan.panels) < MOST_SETS and all(
                set(p.by) != set(each.panel.by) for p in scan.panels.values()
            ):
                break
            number += 1
        scan.panels[each.code] = each.panel
    return list(found.values())


def statement(
    ctes: Mapping[str, str], parts: Sequence[str], *, order: Sequence[str], codes: Mapping[str, int]
) -> str:
    """The whole text; rows come panel by panel."""
    bodies = {name: indent(dedent(body).strip(), _INDENT) for name, body in ctes.items()}
    subqueries = ", ".join(f"{name} AS (\n{body}\n)" for name, body in bodies.items())
    named = ", ".join(f"{code} {name}" for name, code in codes.items())
    union = "\nUNION ALL\n".join(parts)
    return f"WITH {subqueries}\n-- {CODE} {named}\n{union}\nORDER BY {_order_by([CODE, *order])}\n"


def counting(layout: Layout, scan: Scan, source: str, *, first: bool) -> str:
    """The part that counts a scan's panels; the first part names the columns and gives their types."""
    values = {CODE: _which(scan), **{name: name for name in scan.dimensions}}
    if scan.limited:
        values |= {name: name for name in scan.measures}
        return f"{_select(layout, values, first=first)}\nFROM {_best(scan, source)}"
    values |= {name: measure.sql for name, measure in scan.measures.items()}
    return f"{_select(layout, values, first=first)}\nFROM {source}{_group_by(scan)}"


def looking(layout: Layout, code: int, asked: AnyRow) -> str:
    """The part of the statement that has a row if there is one to be seen."""
    row = f"(SELECT 1 AS one FROM {asked.relation} LIMIT 1)"  # noqa: S608 - a developer's, and checked
    return f"{_select(layout, {CODE: str(code)}, first=False)}\nFROM {row} AS {asked.name}"


def _best(scan: Scan, source: str) -> str:
    """A limited panel's rows: within a set operation Redshift takes LIMIT in a derived table alone."""
    (panel,) = scan.panels.values()
    columns = [*panel.by, *(f"{measure.sql} AS {name}" for name, measure in scan.measures.items())]
    query = (
        f"SELECT {', '.join(columns)}\nFROM {source}{_group_by(scan)}\n"
        f"ORDER BY {_order_by(panel.whole_order)}\nLIMIT {panel.limit}"
    )
    return f"(\n{indent(query, _INDENT)}\n) AS {panel.name}"


def _group_by(scan: Scan) -> str:
    first, *others = (", ".join(panel.by) for panel in scan.panels.values())
    if others:
        return f"\nGROUP BY GROUPING SETS ({', '.join(f'({each})' for each in (first, *others))})"
    return f"\nGROUP BY {first}" if first else ""


def _which(scan: Scan) -> str:
    """The code of the panel to which a row of the scan belongs."""
    if len(scan.panels) == 1:
        return str(*scan.panels)
    telling = _telling(scan)
    masks = {code: _mask(panel, telling) for code, panel in scan.panels.items()}
    cases = " ".join(f"WHEN {mask} THEN {code}" for code, mask in masks.items())
    return f"CASE GROUPING({', '.join(telling)}) {cases} END"


def _telling(scan: Scan) -> list[str]:
    """The columns by which a scan's panels are told apart, and none that is not needed for it."""
    telling = scan.dimensions
    for column in reversed(scan.dimensions):
        fewer = [each for each in telling if each != column]
        if len({_mask(panel, fewer) for panel in scan.panels.values()}) == len(scan.panels):
            telling = fewer
    return telling


def _mask(panel: Panel, columns: Sequence[str]) -> int:
    """What GROUPING(columns) says in the panel's rows: a bit for each column that it does not group by."""
    return sum((column not in panel.by) << place for place, column in enumerate(reversed(columns)))


def _select(layout: Layout, values: Mapping[str, str], *, first: bool) -> str:
    """All columns of the answer, NULL where the part has none; only a first part need say of which type."""

    def item(name: str) -> str:
        sql = values.get(name) or (f"CAST(NULL AS {layout.type_of(name)})" if first else "NULL")
        return f"{sql} AS {name}" if first and sql != name else sql

    groups = [[CODE], list(layout.dimensions), list(layout.measures)]
    lines = [", ".join(map(item, group)) for group in groups if group]
    text = ", ".join(lines)
    return f"SELECT {text if len(text) <= _LINE else _CONTINUED.join(lines)}"


def _order_by(order: Sequence[str]) -> str:
    return ", ".join(f"{term[1:]} DESC NULLS LAST" if term.startswith("-") else term for term in order)
