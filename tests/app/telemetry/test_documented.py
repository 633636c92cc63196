"""The page on observability says what the code has, name by name; so do the dashboard and the alarms."""

import re
from pathlib import Path

from app.telemetry.names import ATTRIBUTES, HOPS, METRICS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "observability.md").read_text()


def table(header):
    """The rows of the table with this first line, cell by cell."""
    _, _, rest = PAGE.partition(f"| {header} |\n")
    rows = rest.partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def named(cell):
    return re.findall(r"`([^`]+)`", cell)


def prometheus(name):
    """The name under which Prometheus finds a metric."""
    metric = METRICS[name]
    unit = "_seconds" if metric.unit == "s" else ""
    return name.replace(".", "_") + unit + ("_total" if metric.kind == "counter" else "")


def test_each_span_is_in_the_table():
    rows = table("span | kind | what it lasts for")
    assert rows == [[f"`{name}`", hop.kind, hop.about] for name, hop in HOPS.items()]


def test_each_attribute_is_in_the_table():
    told = [name for row in table("attribute | what it is") for name in named(row[0])]
    fixed = {name for hop in HOPS.values() for name in hop.fixed}
    assert sorted(told) == sorted({*ATTRIBUTES.values(), *fixed, "error.type", "db.namespace"})


def test_each_metric_is_in_the_table():
    rows = table("metric | in Prometheus | labels | what it measures")
    assert rows == [
        [f"`{name}`", f"`{prometheus(name)}`", ", ".join(f"`{label}`" for label in each.labels), each.about]
        for name, each in METRICS.items()
    ]
