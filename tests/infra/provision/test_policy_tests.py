"""`test-policies` measures as each person: the example holds; what differs is told by a row, in words."""

from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from infra.local.people import PEOPLE
from infra.provision.__main__ import main
from tests import outside

EXAMPLE = Path("infra/policy-tests.yaml")
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def connected(env: dict[str, str]) -> None:
    """Everybody has connected once: Redshift knows people from then on."""
    for person in PEOPLE:
        client = outside.aws(env, "redshift-data", outside.credentials_of(env, person.name))
        outside.rows(client, env, "SELECT 1")


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
        outside.rows(client, env, sql, SecretArn=env["ADMIN_SECRET_ARN"])

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
