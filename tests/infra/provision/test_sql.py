"""infra/sql is read statement by statement, and run only as far as it is needed."""

from typing import Any

import pytest

from infra.provision import sql
from infra.provision.errors import ProvisioningError
from infra.provision.sql import Admin, Step
from tests.infra.provision.test_policies import spec


def test_statements_end_at_semicolons_outside_of_text() -> None:
    text = """
        -- a comment; with a semicolon
        SELECT ';', "a;b"; -- and one behind
        SELECT 1 - 2;
    """
    assert [step.sql for step in sql.read(text, {})] == ["""SELECT ';', "a;b\"""", "SELECT 1 - 2"]


def test_a_statement_says_when_it_is_not_needed() -> None:
    text = """
        -- Why this is so.
        -- unless: SELECT 1 FROM a
        --   WHERE b = '{name}'
        CREATE ROLE "{name}";
        SELECT 2;
    """
    assert sql.read(text, {"name": "x"}) == (
        Step('CREATE ROLE "x"', "SELECT 1 FROM a WHERE b = 'x'"),
        Step("SELECT 2"),
    )


def test_a_forgotten_semicolon_is_told() -> None:
    with pytest.raises(ValueError, match="SELECT 2"):
        sql.read("SELECT 1; SELECT 2", {})


def test_every_file_is_filled_in() -> None:
    files = sorted(sql.FOLDER.glob("*.sql"))
    steps = [step for file in files for step in sql.read(file.read_text(), sql.values_of(spec()))]
    assert len(files) == 7
    assert not any("{" in step.sql + (step.unless or "") for step in steps)
    assert (
        "COPY public.sales_data\nFROM 's3://sales-data/sales_data/'\nIAM_ROLE default\nFORMAT AS PARQUET"
        in {step.sql for step in steps}
    )


def test_what_cannot_be_repeated_has_a_guard() -> None:
    """Redshift has no IF NOT EXISTS for these, and COPY appends."""
    for file in sql.FOLDER.glob("*.sql"):
        for step in sql.read(file.read_text(), sql.values_of(spec())):
            once = step.sql.startswith(("COPY", "CREATE ROLE", "CREATE RLS", "ATTACH"))
            assert bool(step.unless) == once, step.title


def test_rows_are_filtered_before_anybody_may_read() -> None:
    steps = [
        step.sql
        for file in sorted(sql.FOLDER.glob("*.sql"))
        for step in sql.read(file.read_text(), sql.values_of(spec()))
    ]
    made = [step.split()[5] for step in steps if step.startswith("CREATE TABLE")]
    assert made == ["public.sales_data", "rowlight.saved_views", "rowlight.alerts"]
    for table in made:
        on = next(i for i, step in enumerate(steps) if f"{table} ROW LEVEL SECURITY ON" in step)
        granted = [i for i, step in enumerate(steps) if step.startswith("GRANT") and table in step]
        assert min(granted) > on


class Client:
    """A Data API whose guards find `there`, and that fails what is in `failing`."""

    def __init__(self, *there: str, failing: str = "") -> None:
        self.there = there
        self.failing = failing
        self.ran: list[str] = []
        self.parameters: list[dict[str, Any]] = []

    def batch_execute_statement(self, *, Sqls: list[str], **parameters: Any) -> dict[str, str]:  # noqa: N803
        self.sqls = Sqls
        self.parameters.append(parameters)
        self.ran += [each for each in Sqls if not each.startswith("SELECT")]
        return {"Id": "1"}

    def describe_statement(self, **_: Any) -> dict[str, Any]:
        if self.failing in self.sqls:
            return {"Status": "FAILED", "Error": "ERROR: syntax error"}
        rows = [{"ResultRows": int(each in self.there)} for each in self.sqls]
        return {"Status": "FINISHED", "SubStatements": rows}


def admin(client: Client) -> Admin:
    return Admin(client, spec(), secret_arn="arn:secret")  # type: ignore[arg-type]


def test_only_what_is_missing_runs_and_is_reported() -> None:
    client, changes = Client("SELECT a"), []
    steps = [Step("CREATE a", "SELECT a"), Step("CREATE b", "SELECT b"), Step("GRANT c")]
    admin(client).apply(steps, changes.append)
    assert client.ran == ["CREATE b", "GRANT c"]
    assert changes == ["CREATE b"]


def test_it_runs_as_the_admin_by_secret() -> None:
    client = Client()
    admin(client).apply([Step("GRANT c")], lambda _: None)
    assert client.parameters[0]["SecretArn"] == "arn:secret"
    assert "DbUser" not in client.parameters[0]


def test_a_failed_statement_is_told_in_redshifts_words() -> None:
    with pytest.raises(ProvisioningError, match="ERROR: syntax error"):
        admin(Client(failing="GRANT c")).apply([Step("GRANT c")], lambda _: None)
