"""What a month costs: the model against a simulation, figures against the bench, the page against both."""

import json
import math
import random
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.deploy.cost import page
from infra.deploy.cost.__main__ import main, usual
from infra.deploy.cost.bill import ACTION_CPU_SECONDS, SESSION_MB, Host, month
from infra.deploy.cost.prices import PRICES, SEATS
from infra.deploy.cost.work import LEAST_CHARGED, Work

ROOT = Path(__file__).parents[4]

works = st.builds(
    Work,
    people=st.integers(1, 5000),
    days=st.floats(1, 31),
    hours=st.floats(1, 24),
    visits=st.floats(0.1, 20),
    actions=st.floats(1, 100),
    pause=st.floats(1, 120),
    remembered=st.floats(0, 1),
    seconds=st.floats(0.25, 60),
    storage_gb=st.floats(0, 10_000),
)
capacities = st.sampled_from(page.CAPACITIES)


def bill(work, rpu=8, host=None, prices=PRICES):
    return month(work, rpu, host or Host(), prices)


def simulated_awake(work, rpu, *, days=400, seed=1):
    """The part of the working hours in which some visit keeps the warehouse awake, tried out."""
    dice = random.Random(seed)  # noqa: S311 - a simulation, the same each time
    day, kept = work.hours * 3600, work.visit_seconds + max(LEAST_CHARGED, work.seconds_on(rpu))
    moment, until, awake = -kept, -kept, 0.0  # yesterday's last visits count as today's do
    while moment < day * days:
        moment += dice.expovariate(work.visits_a_second)
        awake += max(0.0, moment + kept - max(moment, until))
        until = max(until, moment + kept)
    return awake / (day * days)


@pytest.mark.parametrize("people", [3, 10, 50, 100])
def test_the_hours_awake_are_those_of_a_simulation(people):
    work = Work(people=people)
    tried = simulated_awake(work, 8) * work.days * work.hours
    assert work.awake_hours(8) == pytest.approx(tried, rel=0.05)


@given(works, capacities)
def test_nobody_is_awake_for_longer_than_the_working_hours(work, rpu):
    assert 0 <= work.awake_hours(rpu) <= work.days * work.hours * (1 + 1e-9)


@given(works, capacities)
def test_more_people_never_cost_less(work, rpu):
    assert bill(replace(work, people=work.people * 2), rpu).total >= bill(work, rpu).total - 1e-6


@given(works)
def test_more_capacity_is_never_cheaper_nor_slower(work):
    for less, more in zip(page.CAPACITIES, page.CAPACITIES[1:], strict=False):
        assert work.seconds_on(more) <= work.seconds_on(less) + 1e-9
        assert work.rpu_hours(more) >= work.rpu_hours(less) * (1 - 1e-9)


@given(works, capacities)
def test_all_statements_work_is_charged(work, rpu):
    assert work.rpu_hours(rpu) * 3600 >= work.statements_a_month * work.seconds_on(rpu) * rpu * (1 - 1e-9)


def test_a_woken_warehouse_is_charged_a_minute():
    """One visit of one statement in the month."""
    work = Work(people=1, days=1, visits=1, actions=1, pause=1e-9, remembered=1e-12)
    assert work.rpu_hours(8) * 3600 == pytest.approx(8 * LEAST_CHARGED, rel=0.01)


@given(works)
def test_tasks_hold_all_who_come(work):
    host = Host()
    assert host.tasks(work) >= host.least_tasks
    assert host.tasks(work) * host.people_at_work(work) >= work.busiest_at_work - 1e-6
    assert host.tasks(work) * host.people_signed_in() >= work.busiest_tabs - 1e-6


def test_each_price_is_paid_for_something():
    """No price without a line: ten times the price is a higher bill."""
    work, host = Work(people=2000, visits=6), Host(endpoints=1, dashboards=1)
    usual_bill = bill(work, host=host).total
    for name, price in PRICES.items():
        dearer = {**PRICES, name: replace(price, usd=price.usd * 10)}
        assert bill(work, host=host, prices=dearer).total > usual_bill, name


def test_without_a_gateway_none_is_paid_for():
    with_gateways, without = bill(Work()), bill(Work(), host=Host(nat_gateways=0))
    assert with_gateways.parts["Network"] - without.parts["Network"] > 2 * 0.045 * 730
    assert without.hosting < with_gateways.hosting < with_gateways.total


def figures(part, pattern):
    found = [
        figure["median"]
        for figure in json.loads((ROOT / "bench" / "results.json").read_text())[part]["figures"]
        if re.fullmatch(pattern, figure["name"])
    ]
    assert found
    return found


def test_the_app_is_no_dearer_than_the_bench_measured():
    measured = figures("load", r"(50|100) sessions.*: processor of the app, an action")
    assert max(measured) <= ACTION_CPU_SECONDS <= 2 * max(measured)
    assert max(figures("load", r"(50|100) sessions: memory of each with an open tab")) <= SESSION_MB


def test_each_habit_is_explained_and_can_be_chosen(capsys):
    assert set(page.SAID) == {field.name for field in fields(Work)} - {"people"}
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')}" in said for name in page.SAID)


def test_the_page_is_what_the_code_says():
    text = page.DOCUMENT.read_text("utf-8")
    assert page.written(text, usual()) == text, "make cost-page"


def test_every_price_says_where_and_when_or_that_it_does_not():
    for name, price in [*PRICES.items(), *SEATS]:
        assert bool(price.source) == bool(price.seen), name
        assert not price.seen or re.fullmatch(r"20\d\d-\d\d(-\d\d)?", price.seen), name
        assert 0 < price.usd < math.inf


def test_own_habits_and_prices(tmp_path, capsys):
    own = tmp_path / "prices.toml"
    own.write_text("rpu_hour = 0\nnat_hour = 0.01\n")
    assert (
        main(["--people", "40", "--visits", "4", "--seconds", "3", "--rpu", "16", "--prices", str(own)]) == 0
    )
    said = capsys.readouterr().out
    assert "### A month on 16 RPU" in said
    assert "| US dollars a month | 40 people |" in said
    assert "| Redshift Serverless | 0.00 |" in said
    assert f"| `nat_hour` | 0.01 | hour of a NAT gateway | never | {own} |" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rpu = 1", "rpu is no price"),
        ('rpu_hour = "0.3"', "rpu_hour must be a number"),
        ("rpu_hour = -1", "rpu_hour must be a number"),
        ("rpu_hour = nan", "rpu_hour must be a number"),
        ("rpu_hour = inf", "rpu_hour must be a number"),
        ("rpu_hour = true", "rpu_hour must be a number"),
        ("rpu_hour", "prices.toml"),
    ],
)
def test_a_wrong_price_is_told_in_one_line(tmp_path, capsys, text, said):
    own = tmp_path / "prices.toml"
    own.write_text(text)
    assert main(["--prices", str(own)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_prices_that_are_not_there_are_told(tmp_path, capsys):
    assert main(["--prices", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [["--people", "0"], ["--people", "x"], ["--seconds", "nan"], ["--hours", "-8"], ["--rpu", "12"]]
)
def test_a_habit_that_is_none_is_refused(wrong):
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2


def test_what_stands_there_is_what_the_template_makes():
    service = (ROOT / "infra" / "deploy" / "cloudformation" / "service.yaml").read_text()
    defaults = {
        name: re.search(rf"^  {name}:\n(?:    .*\n)*?    Default: \"?(\w+)", service, re.MULTILINE)[1]
        for name in ("Cpu", "Memory", "MinimumTasks", "SessionsPerTask", "Scheme", "Waf")
    }
    host = Host()
    assert defaults == {
        "Cpu": f"{host.vcpu * 1024:g}",
        "Memory": f"{host.memory_gb * 1024:g}",
        "MinimumTasks": str(host.least_tasks),
        "SessionsPerTask": str(host.sessions),
        "Scheme": "internal" if not host.addresses else "internet-facing",
        "Waf": "on" if host.rules else "off",
    }
    assert service.count("          Priority: ") == host.rules
    # A policy that follows a target makes two alarms of its own.
    own, follow = service.count("Type: AWS::CloudWatch::Alarm"), service.count("PolicyType: TargetTracking")
    assert own + 2 * follow == host.alarms
    assert service.count("Type: AWS::Logs::MetricFilter") == host.metrics
    assert f"TargetValue: {host.use * 100:g}" in service
