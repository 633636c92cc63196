"""The page on observability says what the code has, name by name; so do the dashboard and the alarms."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import promql_parser
import pytest
import yaml

from app.telemetry.names import ATTRIBUTES, HOPS, METRICS
from tests.conftest import free_ports

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "observability.md").read_text()
DEPLOYED = ROOT / "infra" / "deploy" / "observability"
RULES = [
    rule
    for group in yaml.safe_load((DEPLOYED / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((DEPLOYED / "dashboard.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
# Each metric measured once, as it is exported; a label that nobody should ever bring about is in each.
EXPORTED = """
import sys, urllib.request
from app import telemetry
from app.telemetry.names import METRICS
telemetry.start(secret=b"", namespace="dev")
for name, metric in METRICS.items():
    telemetry.measure(name, 1, **{label: "frank@example.com" for label in metric.labels})
print(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics").read().decode())
"""


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
    rows = table("metric | labels | what it measures")
    assert rows == [
        [f"`{name}`", ", ".join(f"`{label}`" for label in each.labels), each.about]
        for name, each in METRICS.items()
    ]


@pytest.fixture(scope="module")
def exported():
    """The labels of each sample that the app exports to Prometheus, by its name."""
    (port,) = free_ports(1)
    told = {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1"}
    answer = subprocess.run(
        [sys.executable, "-c", EXPORTED, str(port)],
        cwd=ROOT,
        env={**os.environ, **told, "OTEL_EXPORTER_PROMETHEUS_PORT": str(port)},
        capture_output=True,
        text=True,
        check=True,
    )
    samples = re.findall(r"^(rowlight_\w+)\{(.*)\} ", answer.stdout, re.MULTILINE)
    assert not [labels for _, labels in samples if "@" in labels]
    return {name: set(re.findall(r'(\w+)="', labels)) for name, labels in samples}


def test_each_metric_is_exported_under_the_name_that_the_page_tells(exported):
    for name, metric in METRICS.items():
        suffix = "_count" if metric.kind == "histogram" else ""
        assert set(metric.labels) <= exported[prometheus(name) + suffix]


@pytest.mark.parametrize("query", [*QUERIES, *(rule["expr"] for rule in RULES)])
def test_a_query_asks_for_what_is_exported(query, exported):
    used = re.findall(r"(rowlight_\w+)(?:\{([^}]*)\})?", query)
    assert used
    for name, selected in used:
        assert set(re.findall(r'(\w+)[=!]~?"', selected)) <= exported[name]
    for labels in re.findall(r"by \(([^)]*)\)", query):
        may = set.union(*(exported[name] for name, _ in used))
        assert {label.strip() for label in labels.split(",")} <= may


@pytest.mark.parametrize("query", [*QUERIES, *(rule["expr"] for rule in RULES)])
def test_a_query_is_one_to_prometheus(query):
    """Its grammar, and what its functions take and give; `$__…` is put in by Grafana."""
    promql_parser.parse(re.sub(r"\$__\w+", "5m", query))


WRONG = {"rate(rowlight_errors)": "type matrix", "sum(rate(a[5m])": "parenthesis", "a[5m] > 1": "scalar"}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_query_that_prometheus_refuses_is_found(wrong):
    with pytest.raises(ValueError, match=WRONG[wrong]):
        promql_parser.parse(wrong)


def test_the_codes_in_the_rules_are_errors_of_the_app():
    known = re.findall(r"^\| (RL-\d{3}) ", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    for rule in RULES:
        for pattern in re.findall(r'(?:outcome|code)!?=~?"([^"]*)"', rule["expr"]):
            for each in re.findall(r"RL-[^|]+", pattern):
                assert any(re.fullmatch(each, code) for code in known), each


def test_each_alarm_is_in_the_table_with_its_severity():
    rows = table("alarm | severity | when | where to begin")
    assert [(named(row[0])[0], row[1]) for row in rows] == [
        (rule["alert"], rule["labels"]["severity"]) for rule in RULES
    ]


def test_each_panel_says_what_it_shows():
    assert all(panel["title"] and panel["description"] for panel in DASHBOARD["panels"])
