"""Each part of the bench runs to its end, on little; what it says apart from times is right."""

import json
import re

import pytest

from app.views import VIEWS
from bench import __main__ as command
from bench import exchange, fetch, growth, load, refresh, report, sign_ins, soak, warehouse, written
from tests import stand_in


@pytest.fixture(autouse=True)
def measured(monkeypatch):
    """What the test measures, and nothing from before."""
    run = report._Run()
    monkeypatch.setattr(report, "_run", run)
    return run.figures


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    with stand_in.running(tmp_path_factory.mktemp("stand-in") / "log", DEMO_ROWS="20000") as stand:
        yield stand.env


def named(figures, end):
    [found] = [each for each in figures if each.name.endswith(end)]
    return found


def test_fetch_compares_three_clients_and_the_rows(measured):
    fetch.measure(sizes=(300,), once=True)
    peers = {each.note.removeprefix("against ") for each in measured if each.unit == report.TIMES}
    assert peers == set(fetch.PEERS)
    rows = named(measured, "as in DuckDB to the last digit")
    assert rows.kept
    assert rows.median >= 300 * 14
    assert named(measured, "ours, wall").note == "2 calls: 1 ExecuteStatement, 1 GetStatementResultV2"
    assert named(measured, "beside the warehouse's time").unit == "round trips"
    # The wait to be taken up is part of the warehouse's own time; both are told in their own units.
    assert named(measured, "of that, its Duration").runs == named(measured, "the warehouse's own time").runs


def test_load_has_people_change_filters_and_refresh(measured, standing):
    load.measure(standing, sizes=(5,), seconds=3, think=(0.1, 0.3))
    assert named(measured, "5 sessions: failures").median == 0
    assert named(measured, "pages with somebody else's").median == 0
    for pauses in ("no pauses", "3-7 s to think"):
        assert named(measured, f"{pauses}: filter change, the app's part").runs > 1
        # The warehouse's part is found in the audit trail, and is not nothing.
        whole = named(measured, f"{pauses}: filter change")
        assert named(measured, f"{pauses}: filter change, the app's part").median < whole.median
        assert named(measured, f"{pauses}: Refresh").runs > 1


def test_soak_has_people_do_everything_and_tells_what_the_process_holds(measured, standing):
    kinds = ("page", "filter", "export", "reconnect", "sign-in", "refresh", "reopen")
    # Each begins with another kind, so that all of them are met however little time there is.
    soak.measure(standing, count=len(kinds), minutes=0.15, kinds=kinds, think=(0.1, 0.3), rest=0.1)
    failures = named(measured, "failures")
    assert failures.median == 0, failures.note
    assert all(f" {kind}" in failures.note for kind in kinds)
    assert named(measured, "pages with somebody else's").median == 0
    assert named(measured, "errors in the app's log").median == 0
    for what in ("memory", "Python's memory blocks", "open files"):
        assert named(measured, f"{what} of the app").median > 0
        at_rest = named(measured, f"{what} at rest, added by the last third")
        # After each third of the time; so little time says nothing of the growth itself.
        assert at_rest.bound
        assert len(re.findall(r"[\d,]+", at_rest.note)) == soak.THIRDS
    assert named(measured, "threads of the app").median > 0
    assert named(measured, "threads at rest, added by the last third").bound


def test_what_rests_is_compared_with_the_rest_before(measured):
    """However much there was while people worked, and however little while the process filled."""
    worked = [soak.Held(60.0 * at, 500, 9_000, 40, 700, 1.0) for at in range(6)]
    looks = ((50, 300, 9, 30), (100, 1_000, 20, 300), (104, 1_010, 22, 290))
    rests = [soak.Held(1, *look, 1.0) for look in looks]
    soak._held("soak", worked, rests)
    told = {each.name: (each.median, each.kept) for each in measured if each.bound}
    assert told == {
        "soak: memory at rest, added by the last third": (4.0, False),
        "soak: Python's memory blocks at rest, added by the last third": (1.0, True),
        "soak: threads at rest, added by the last third": (2, False),
        "soak: open files at rest, added by the last third": (pytest.approx(-3.33, abs=0.01), True),
    }


def test_growth_tells_bytes_and_processor(measured):
    growth.measure(rows=(1_000, 2_000), seconds=0.5)
    # As many panels, and as many points in them, whatever the number of rows.
    assert named(measured, "to the browser, from 1,000 to 2,000 rows").kept
    assert named(measured, "processor of the app, from 1,000 to 2,000 rows").median > 0


def test_exchange_and_refresh_name_their_peers(measured, standing, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", standing["AWS_ENDPOINT_URL"])
    exchange.measure(standing, runs=2)
    refresh.measure(standing, runs=2)
    peers = [each.note for each in measured if each.unit == report.TIMES]
    assert peers == [
        "against a boto3 session and client for each call",
        *["against awswrangler data_api.redshift"] * len(VIEWS),
    ]
    assert list(refresh.queries(standing, runs=1)) == [view.title for view in VIEWS]


def test_sign_ins_count_failures(measured, standing):
    sign_ins.measure(standing, at_once=6)
    assert named(measured, "6 sign-ins at once: failures").median == 0
    assert named(measured, "pages with somebody else's").median == 0


def test_warehouse_compares_with_duckdb(measured, monkeypatch):
    monkeypatch.setattr(warehouse, "ROWS", 3_000)
    monkeypatch.setattr(warehouse, "AT_ONCE", 4)
    warehouse.measure(runs=2)
    assert {each.note for each in measured if each.unit == report.TIMES} == {
        "against plain DuckDB with the filter in the text"
    }


def test_a_run_is_kept_for_machines_part_by_part(measured, monkeypatch, tmp_path):
    monkeypatch.setitem(command.ALONE, "growth", lambda: report.value("rows", [1.0, 2.0, 9.0], "ms", most=3))
    command.main(["growth", "--json", str(tmp_path / "new" / "run.json")])
    run = json.loads((tmp_path / "new" / "run.json").read_text())
    assert list(run) == ["growth"]
    [figure] = run["growth"]["figures"]
    assert (figure["median"], figure["low"], figure["high"], figure["runs"]) == (2.0, 1.5, 5.5, 3)
    assert (figure["bound"], figure["kept"]) == ("≤ 3 ms", True)
    assert run["growth"]["machine"]["cores"]


def test_a_part_that_is_not_there_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["fetch", "speed"])
    assert ended.value.code == 2
    assert "There is no part speed." in capsys.readouterr().err


def test_the_readme_has_the_tables_of_the_results():
    text = written.README.read_text()
    assert written.document(text, json.loads(written.RESULTS.read_text())) == text
    for part in command.PARTS:
        assert f"| `{part}` |" in text
