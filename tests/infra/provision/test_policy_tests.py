"""`test-policies` measures as each person: the example holds; what differs is told by a row, in words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import boto3
import pyarrow as pa
import pytest

from app.policies.expectations import read_expectations
from app.policies.verdicts import Verdict
from app.redshift.columns import Bounds
from app.redshift.data_api import DataApi
from app.redshift.query import Query
from app.redshift.warehouse import Warehouse
from app.views import policy_rules
from app.views.admin import catalogue
from infra.local.people import PEOPLE
from infra.provision.__main__ import main
from infra.provision.policy_tests import as_person
from infra.provision.policy_tests.as_person import Failed
from infra.provision.policy_tests.measuring import as_text, measure
from tests import outside

EXAMPLE = Path("infra/policy-tests.yaml")
# So that there is a row of each of them: a test of an empty table holds whatever its policies are.
_KEPT = "INSERT INTO rowlight.saved_views VALUES (current_user, 'tested', 'sales', '', '2026-01-01')"
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def connected(env: dict[str, str]) -> None:
    """Everybody has connected once: Redshift knows people from then on."""
    for person in PEOPLE:
        client = outside.aws(env, "redshift-data", outside.credentials_of(env, person.name))
        outside.rows(client, env, "SELECT 1")
        outside.run(client, env, _KEPT)  # refused to who has no right to it


@pytest.fixture
def settings(env: dict[str, str], session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDSHIFT_WORKGROUP", "REDSHIFT_DATABASE", "ADMIN_SECRET_ARN"):
        monkeypatch.setenv(name, env[name])


@pytest.fixture
def run(settings: None, connected: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command's status and all that it says, for the example or another text."""

    def run(text: str | None = None, *more: str) -> tuple[int, str]:
        file = EXAMPLE
        if text is not None:
            file = tmp_path / "tests.yaml"
            file.write_text(text)
        status = main(["test-policies", str(file), *more])
        told = capsys.readouterr()
        return status, told.out + told.err

    return run


@pytest.fixture
def admin(env: dict[str, str], session: boto3.Session) -> Callable[[str], None]:
    client = session.client("redshift-data")

    def admin(sql: str) -> None:
        target = {"WorkgroupName": env["REDSHIFT_WORKGROUP"], "Database": env["REDSHIFT_DATABASE"]}
        statement = client.execute_statement(Sql=sql, SecretArn=env["ADMIN_SECRET_ARN"], **target)
        known = client.describe_statement(Id=statement["Id"], WaitTimeSeconds=30)
        assert known["Status"] == "FINISHED", known.get("Error")

    return admin


def test_the_example_holds(run: Run) -> None:
    status, told = run()
    assert (status, told.splitlines()[-1]) == (0, "18 of 18 hold."), told
    assert "frank@example.com on public.sales_data: sees" in told


def test_a_row_too_many_is_told(run: Run) -> None:
    status, told = run(
        """
show: {public.sales_data: [timezone, country]}
expect:
  alex@example.com:
    public.sales_data:
      rows: {where: "timezone LIKE 'Europe/%' AND country <> 'DE'"}
"""
    )
    assert status == 1
    assert told.startswith(
        "differs  alex@example.com on public.sales_data: expected only rows whose timezone begins with"
        " “Europe/” and whose country is something other than “DE”; sees "
    )
    assert "beyond them, for example timezone Europe/Berlin, country DE" in told


def test_a_row_too_few_is_told(run: Run) -> None:
    status, told = run(
        """
expect:
  frank@example.com:
    public.sales_data:
      rows: {where: "timezone LIKE 'America%' OR timezone = 'Europe/Madrid'"}
"""
    )
    assert status == 1
    assert "does not see" in told
    assert "of them, for example timezone Europe/Madrid" in told


OTHERS = {
    "rows: none": "expected no rows; sees ",
    "rows: 5": "expected 5 rows; sees ",
    "rows: all": "expected all rows; does not see ",
}


@pytest.mark.parametrize(("expected", "told_of"), OTHERS.items())
def test_other_numbers_are_told(run: Run, expected: str, told_of: str) -> None:
    status, told = run(f"expect: {{frank@example.com: {{public.sales_data: {{{expected}}}}}}}")
    assert status == 1
    assert f"frank@example.com on public.sales_data: {told_of}" in told


def test_access_that_is_not_as_expected_is_told(run: Run) -> None:
    status, told = run(
        """
show: {public.sales_data: [timezone]}
expect:
  frank@example.com: {public.sales_data: denied}
  nora@example.com: {public.sales_data: {rows: all}}
"""
    )
    assert status == 1
    assert "frank@example.com on public.sales_data: expected to be refused; sees " in told
    assert "for example timezone America/" in told
    assert "nora@example.com on public.sales_data: expected all rows; is refused" in told


def test_a_policy_that_was_changed_by_hand_is_found(run: Run, admin: Callable[[str], None]) -> None:
    admin("ALTER RLS POLICY eu_region_filter USING (timezone LIKE 'Europe%' OR timezone = 'America/Lima')")
    try:
        status, told = run()
    finally:
        admin("ALTER RLS POLICY eu_region_filter USING (timezone LIKE 'Europe%')")
    assert status == 1
    assert "17 of 18 hold." in told
    assert "beyond them, for example timezone America/Lima, country PE" in told


def test_columns_that_are_masked_or_refused_are_found(run: Run, admin: Callable[[str], None]) -> None:
    role = '"AWSIDC:exec-global"'
    columns = "timezone, country, city, sku, region_code"
    admin(f"REVOKE SELECT ON public.sales_data FROM ROLE {role}")
    admin(f"GRANT SELECT ({columns}) ON public.sales_data TO ROLE {role}")
    admin("CREATE MASKING POLICY tested_mask WITH (sku VARCHAR(50)) USING ('X'::VARCHAR(50))")
    admin(f"ATTACH MASKING POLICY tested_mask ON public.sales_data(sku) TO ROLE {role}")
    others = (
        "product_name, category, quantity, sales_price, timestamp, latitude, longitude, population, elevation"
    )
    columns_of = f"{{columns: {{masked: [%s], denied: [{others}]}}}}"
    expected = f"expect: {{ethan@example.com: {{public.sales_data: {columns_of}}}}}"
    try:
        assert run(expected % "sku")[0] == 0
        status, told = run(expected % "city")
    finally:
        admin(f"DETACH MASKING POLICY tested_mask ON public.sales_data(sku) FROM ROLE {role}")
        admin("DROP MASKING POLICY tested_mask")
        admin(f"REVOKE SELECT ({columns}) ON public.sales_data FROM ROLE {role}")
        admin(f"GRANT SELECT ON public.sales_data TO ROLE {role}")
    assert status == 1
    assert "sku is masked, which was not expected; city is not masked, which was expected" in told


def test_who_has_never_connected_is_not_measured(run: Run) -> None:
    status, told = run("expect: {newcomer@example.com: {public.sales_data: denied}}")
    assert status == 1
    assert told.startswith("unknown  newcomer@example.com on public.sales_data: Redshift does not know them")


def test_a_table_or_a_column_that_is_not_there_spoils_its_own_test_alone(run: Run) -> None:
    status, told = run(
        """
expect:
  frank@example.com:
    public.nothing: {rows: all}
    public.sales_data: {rows: {where: "nowhere = 1"}}
  alex@example.com: {rowlight.alerts: {rows: none}}
"""
    )
    assert status == 1
    assert told.count("Redshift did not run it") == 2
    assert "1 of 3 hold." in told


def test_a_refusal_is_believed_where_sessions_have_roles(run: Run) -> None:
    """Else it could be for want of them that nobody sees anything."""
    alone = "expect: {nora@example.com: {public.sales_data: denied, rowlight.alerts: denied}"
    status, told = run(alone + "}")
    assert status == 1
    assert told.count("unknown  nora@example.com") == told.count("no session of these tests had a role") == 2
    beside = alone + ", frank@example.com: {rowlight.alerts: {rows: none}}}"
    assert run(beside)[0] == 0


def test_a_name_is_a_name_whatever_it_holds(run: Run) -> None:
    """A quote ends no text: the one statement says that there is nobody of that name."""
    status, told = run(
        """
expect:
  "o'brien@example.com":
    public.sales_data: {rows: {where: "city = 'x''; DROP TABLE public.sales_data; --'"}}
"""
    )
    assert (status, "Redshift does not know them" in told) == (1, True)


WRONG = {
    "expect: {frank@example.com: {public.sales_data: maybe}}": "line 1: “maybe” is not what is expected",
    "expects: {}": "line 1: “expects” is not one of show, groups, defaults, expect. (RL-472)",
    'expect: {"x\'; DROP TABLE y; --@example.com": {}}': "is no address of a person. (RL-475)",
}


@pytest.mark.parametrize(("text", "told_of"), WRONG.items())
def test_a_wrong_file_is_told_before_anything_is_asked(run: Run, text: str, told_of: str) -> None:
    status, told = run(text)
    assert (status, told_of in told) == (2, True), told


def test_what_is_missing_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert main(["test-policies", str(tmp_path / "absent.yaml")]) == 2
    monkeypatch.delenv("ADMIN_SECRET_ARN")
    assert run()[0] == 2


def test_the_warehouse_is_the_specifications(
    run: Run, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REDSHIFT_WORKGROUP", "REDSHIFT_DATABASE", "ADMIN_SECRET_ARN"):
        monkeypatch.delenv(name)
    given = {
        "--issuer": env["OIDC_ISSUER"],
        "--client-id": env["OIDC_CLIENT_ID"],
        "--data-bucket": env["S3_BUCKET"],
    }
    status, told = run(None, *(text for pair in given.items() for text in pair))
    assert (status, told.splitlines()[-1]) == (0, "18 of 18 hold."), told


def test_whoever_is_no_superuser_cannot_measure(
    run: Run, env: dict[str, str], session: boto3.Session, admin: Callable[[str], None]
) -> None:
    admin("CREATE USER measurer PASSWORD 'Long1enough'")
    secret = session.client("secretsmanager").create_secret(
        Name="policy-tests-measurer",
        SecretString=json.dumps({"username": "measurer", "password": "Long1enough"}),
    )["ARN"]
    status, told = run(None, "--secret-arn", secret)
    assert status == 1
    assert "Long1enough" not in told


def test_machines_read_the_same(run: Run) -> None:
    status, told = run(None, "--json")
    found = json.loads(told)
    assert (status, found["hold"], found["all"]) == (0, 18, 18)
    frank = next(test for test in found["tests"] if test["person"] == "frank@example.com")
    assert frank["outcome"] == "holds"
    assert frank["roles"] == ["AWSIDC:amer-sales"]


GROUPS = {person.email: person.groups for person in PEOPLE}


@pytest.fixture(scope="module")
def ask(env: dict[str, str], connected: None) -> Callable[[Query], pa.Table]:
    """What the warehouse answers the administrator, by the app's own path."""
    path = DataApi(
        outside.aws(env, "redshift-data", outside.credentials_of(env, "Ada Admin")),
        target={"WorkgroupName": env["REDSHIFT_WORKGROUP"]},
        database=env["REDSHIFT_DATABASE"],
        bounds=Bounds(rows=10_000, bytes=1 << 26),
    )
    warehouse = Warehouse(path, timeout_seconds=30, admit=str, ready=str)
    return lambda query: warehouse.fetch(query, fresh=True).columns


@pytest.fixture(scope="module")
def by_the_rules(ask: Callable[[Query], pa.Table]) -> Callable[[str], list[Verdict]]:
    """The page's verdicts."""
    return lambda text: policy_rules.verdicts_of(
        catalogue.read(ask(catalogue.CATALOGUE)), GROUPS, read_expectations(text), ask
    )


SAME = {
    "the example": EXAMPLE.read_text(),
    "too many": """
show: {public.sales_data: [timezone, country]}
expect:
  alex@example.com: {public.sales_data: {rows: {where: "timezone LIKE 'Europe/%' AND country <> 'DE'"}}}
  frank@example.com: {public.sales_data: {rows: none}}
  ethan@example.com: {public.sales_data: {rows: {where: "region_code IN ('AMER', 'EMEA')"}}}
""",
    "too few": """
show: {public.sales_data: [timezone]}
expect:
  frank@example.com: {public.sales_data: {rows: {where: "timezone LIKE 'America%' OR country = 'ES'"}}}
  ming@example.com: {public.sales_data: {rows: all}}
  alex@example.com: {public.sales_data: {rows: 12}}
""",
    "access": """
show: {public.sales_data: [timezone]}
expect:
  nora@example.com: {public.sales_data: {rows: all}, rowlight.alerts: {rows: none}}
  ada@example.com: {public.sales_data: {rows: none}}
  frank@example.com: {public.sales_data: denied}
""",
}


@pytest.mark.parametrize("name", SAME)
def test_the_rules_and_the_measurement_agree(
    run: Run, by_the_rules: Callable[[str], list[Verdict]], name: str
) -> None:
    measured = json.loads(run(SAME[name], "--json")[1])["tests"]
    found = by_the_rules(SAME[name])
    assert [verdict.outcome for verdict in found] == [test["outcome"] for test in measured]
    for verdict, test in zip(found, measured, strict=True):
        if verdict.outcome == "differs":
            assert verdict.words == test["words"]


def test_the_text_that_the_page_begins_with_is_what_holds(
    run: Run, by_the_rules: Callable[[str], list[Verdict]], ask: Callable[[Query], pa.Table]
) -> None:
    text = policy_rules.example(catalogue.read(ask(catalogue.CATALOGUE)), GROUPS)
    assert {verdict.outcome for verdict in by_the_rules(text)} == {"holds"}
    assert run(text)[0] == 0


def test_an_error_of_the_warehouse_writes_no_line_of_its_own() -> None:
    class Failing:
        def ask(self, *_: object) -> None:
            raise Failed("invalid digit: \x1b[2J\nholds    everything")

    tests = read_expectations("expect: {a@b.c: {s.t: {rows: 1}}}")
    [verdict] = measure(cast(as_person.Warehouse, Failing()), tests, namespace="IDC")
    assert verdict.outcome == "unknown"
    assert "\\u001b[2J\\u000aholds" in verdict.words
    assert len(as_text([verdict]).splitlines()) == 3
