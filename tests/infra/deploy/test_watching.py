"""What CloudWatch counts in the app's own log, what it makes of it, and what nobody can have it count."""

import json
import logging
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit import NOBODY, Trail
from app.errors import WarehouseBusy
from tests.app.test_logs import configured
from tests.infra.deploy.filters import matches
from tests.infra.deploy.render import STACKS, Rendered, template

FRANK = Trail("frank@example.com", "0a1b2c3d")
FILTERS = {
    name: each["Properties"]
    for name, each in template("service")["Resources"].items()
    if each["Type"] == "AWS::Logs::MetricFilter"
}


def logged(write: Callable[[], object]) -> list[str]:
    """The lines that this leaves in the log of a container."""
    with configured("INFO", "json") as stream:
        write()
        return stream.getvalue().splitlines()


def counting(line: str) -> set[str]:
    """The filters that count a line."""
    return {name for name, each in FILTERS.items() if matches(each["FilterPattern"], line)}


def load() -> None:
    """As app.asgi tells it once a minute."""
    logging.getLogger("app.load").info("load", extra={"event": "load", "sessions": 12, "tabs": 30})


def crash() -> None:
    """As app.main tells of a page's."""
    error = ZeroDivisionError("division by zero")
    logging.getLogger("app.main").error("reference=1 %s", type(error).__name__, exc_info=error)


def break_down() -> None:
    """As uvicorn does, whose logger has handlers of its own where a server ran in this process before."""
    record = logging.makeLogRecord(
        {
            "name": "uvicorn.error",
            "levelname": "ERROR",
            "levelno": logging.ERROR,
            "msg": "Exception in ASGI application",
        }
    )
    logging.root.handle(record)


LINES: dict[str, tuple[Callable[[], object], set[str]]] = {
    "the load": (load, {"SessionsInLog"}),
    "a sign-in": (lambda: FRANK.record("sign-in", way="redirect"), set()),
    "a refusal": (lambda: NOBODY.record("refusal", outcome="RL-218", way="popup"), {"RefusalsInLog"}),
    "a query": (lambda: FRANK.record("query", query="Overview", rows=412), set()),
    "a query that had to wait too long": (
        lambda: FRANK.record("query", outcome=WarehouseBusy.code, query="Overview"),
        {"BusyInLog"},
    ),
    "a query that was denied": (lambda: FRANK.record("query", outcome="RL-410", query="Overview"), set()),
    "a mistake in a query": (
        lambda: FRANK.record("query", outcome="fault", query="Overview"),
        {"FaultsInLog"},
    ),
    "a mistake on a page": (crash, {"FaultsInLog"}),
    "a mistake of the server's": (break_down, {"FaultsInLog"}),
    "a warning": (lambda: logging.getLogger("app.gate").warning("error=RL-110"), set()),
    "a renewal that was refused": (lambda: FRANK.record("renewal", outcome="RL-230"), set()),
}


@pytest.mark.parametrize("what", LINES)
def test_each_line_is_counted_as_what_it_is(what: str) -> None:
    write, wanted = LINES[what]
    (line,) = logged(write)
    assert counting(line) == wanted


def test_each_filter_counts_something() -> None:
    assert {name for _, wanted in LINES.values() for name in wanted} == set(FILTERS)


def test_the_load_is_a_number_that_is_there() -> None:
    (transformation,) = FILTERS["SessionsInLog"]["MetricTransformations"]
    (line,) = logged(load)
    assert json.loads(line)[transformation["MetricValue"].removeprefix("$.")] == 12
    # Zeros for lines that say nothing of it would lower the average.
    assert "DefaultValue" not in transformation


FORGED = st.sampled_from(
    [
        *(json.dumps(json.loads(logged(write)[0])) for write, wanted in LINES.values() if wanted),
        '"}, {"level": "ERROR"}',
        'x", "outcome": "fault", "y": "',
        '\n{"level": "ERROR", "logger": "app.audit", "event": "refusal"}',
        '\u2028{"logger": "app.load", "event": "load", "sessions": 100000}',
        "fault",
        "RL-450",
        "refusal",
    ]
)
TEXT = st.one_of(FORGED, st.text(max_size=200), st.tuples(st.text(max_size=20), FORGED).map("".join))
NAMES = st.sampled_from(["query", "cause", "reason", "way", "statement", "role", "step"])


@given(text=TEXT, name=NAMES, person=TEXT)
def test_nothing_that_somebody_types_is_counted(text: str, name: str, person: str) -> None:
    """Not as an address, a value, a message or in a traceback: no alarm comes of it, and no more tasks."""

    def write() -> None:
        Trail(person, "0a1b2c3d").record("sign-out", **{name: text})
        logging.getLogger("app.gate").warning("said %s", text)
        logging.getLogger("httpx").warning(text.replace("%", ""), extra={"sessions": text})
        logging.getLogger("app.session").warning("caught", exc_info=ValueError(text))

    lines = logged(write)
    assert len(lines) == 4
    assert [counting(line) for line in lines] == [set()] * 4


def test_each_alarm_tells_somebody_and_watches_what_there_is(service: Rendered) -> None:
    counted = {
        (each["MetricNamespace"], each["MetricName"])
        for found in service.of_type("AWS::Logs::MetricFilter").values()
        for each in found["MetricTransformations"]
    }
    watched = set()
    for alarm in template("service")["Resources"].values():
        if alarm["Type"] == "AWS::CloudWatch::Alarm":
            assert alarm["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}]
            watched.add(alarm["Properties"]["MetricName"])
    followed = service.properties["ScaleBySessions"]["TargetTrackingScalingPolicyConfiguration"]
    scaled_by = followed["CustomizedMetricSpecification"]
    assert (scaled_by["Namespace"], scaled_by["MetricName"]) in counted
    assert {name for _, name in counted} <= watched | {scaled_by["MetricName"]}
    assert {namespace for namespace, _ in counted} == {f"Rowlight/{STACKS['service']}"}
    assert watched >= {"HTTPCode_ELB_5XX_Count", "UnHealthyHostCount", "TargetResponseTime", "CPUUtilization"}


def test_the_log_that_is_counted_is_the_one_that_is_written(service: Rendered) -> None:
    written = service.container["LogConfiguration"]["Options"]["awslogs-group"]
    assert {each["LogGroupName"] for each in service.of_type("AWS::Logs::MetricFilter").values()} == {written}
    assert written == service.outputs["LogGroup"]
