"""Waiting that a person can end: Stop, another choice, and who else waits for the same."""

import contextlib

import pytest
from playwright.sync_api import expect

from tests import outside
from tests.infra.local.aws.fault_control import FaultControl

pytestmark = pytest.mark.browser

# As many as the warehouse runs for one person side by side: whatever else they ask has to wait.
AT_ONCE = 8
ENDLESS = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)
    SELECT count(*) FROM n"""


@contextlib.contextmanager
def occupied(env, client):
    """Inside, this person's statements wait behind their own endless ones."""
    asked = [
        client.execute_statement(
            WorkgroupName=env["REDSHIFT_WORKGROUP"], Database=env["REDSHIFT_DATABASE"], Sql=ENDLESS
        )["Id"]
        for _ in range(AT_ONCE)
    ]
    try:
        yield
    finally:
        for statement in asked:
            client.cancel_statement(Id=statement)


def statuses(env, client, name):
    """How the statements of a page stand, newest first."""
    found = client.list_statements(WorkgroupName=env["REDSHIFT_WORKGROUP"], StatementName=name, Status="ALL")
    newest_first = sorted(found["Statements"], key=lambda each: each["CreatedAt"], reverse=True)
    return [each["Status"] for each in newest_first]


def stop(visitor):
    return visitor.page.get_by_role("button", name="Stop", exact=True)


@pytest.fixture
def late(demo):
    """The next submission of Frank's is answered late; the test says how many seconds."""
    faults = FaultControl(demo.env["AWS_ENDPOINT_URL"])
    with contextlib.ExitStack() as stack:
        yield lambda seconds: stack.enter_context(
            faults.during(
                "late", "redshift-data", "ExecuteStatement", person="frank@example.com", seconds=seconds
            )
        )


def test_stop_ends_the_statement_and_the_figures_stay(visitor, demo):
    visitor.open_as("Frank Amer")
    shown = visitor.metric()
    client = outside.aws(demo.env, "redshift-data", outside.credentials_of(demo.env, "Frank Amer"))
    with occupied(demo.env, client):
        visitor.refresh()
        stop(visitor).click()
        expect(visitor.page.get_by_text("These are the figures from before")).to_be_visible()
        assert visitor.metric() == shown
        visitor.until(lambda: statuses(demo.env, client, "Overview")[0] == "ABORTED")
    assert "outcome=RL-440" in demo.events("query")[-1]

    assert visitor.refreshed() == shown
    expect(visitor.page.get_by_text("These are the figures from before")).to_have_count(0)
    assert statuses(demo.env, client, "Overview")[0] == "FINISHED"


def test_a_first_look_that_is_stopped_says_so_and_can_be_asked_again(visitor, late):
    late(8)
    visitor.open_as("Frank Amer")
    stop(visitor).click()
    expect(visitor.page.get_by_text("The question was stopped before it was answered.")).to_be_visible()
    visitor.page.get_by_role("button", name="Try again").click()
    visitor.metric()


def test_another_choice_meanwhile_is_what_counts(visitor, demo, late):
    visitor.open_as("Frank Amer")
    ninety_days = visitor.metric()
    late(20)
    visitor.refresh()
    expect(stop(visitor)).to_be_visible()
    visitor.choose("Period", "Last 7 days")
    expect(visitor.page.get_by_text("vs previous 7 days").first).to_be_visible()
    assert visitor.metric() < ninety_days
    visitor.until(lambda: any("outcome=RL-440" in line for line in demo.events("query")[-2:]))


def test_who_waits_for_the_same_in_another_tab_gets_it(visitor, late):
    late(8)
    visitor.open_as("Frank Amer")
    tab = visitor.tab()
    tab.open()
    expect(stop(tab)).to_be_visible()
    stop(visitor).click()
    expect(visitor.page.get_by_role("button", name="Try again")).to_be_visible()
    tab.metric()


def test_a_tab_that_is_closed_stops_what_it_asked(visitor, demo):
    visitor.open_as("Frank Amer")
    visitor.metric()
    client = outside.aws(demo.env, "redshift-data", outside.credentials_of(demo.env, "Frank Amer"))
    tab = visitor.tab()
    with occupied(demo.env, client):
        tab.open("/?period=7d")
        expect(stop(tab)).to_be_visible()
        assert statuses(demo.env, client, "Overview")[0] not in {"ABORTED", "FINISHED"}
        tab.page.close()
        visitor.until(lambda: statuses(demo.env, client, "Overview")[0] == "ABORTED")
    assert "outcome=RL-440" in demo.events("query")[-1]
