"""The SQL of AWS's article, as it stands, in a warehouse in which nothing of it has been run."""

import os
import subprocess
import sys
import time

import httpx
import pytest

from tests import outside
from tests.conftest import free_ports
from tests.infra.local.warehouse.conftest import COPY, CREATE, POLICIES

REGIONS = {"amer": "amer", "apac": "apac", "emea": "eu"}  # group: policy
UNDO = [
    "DROP TABLE public.sales_data CASCADE",
    *(f"DROP RLS POLICY {policy}_region_filter CASCADE" for policy in REGIONS.values()),
    *(f'DROP ROLE "AWSIDC:{group}-sales" FORCE' for group in REGIONS),
    'DROP ROLE "AWSIDC:exec-global" FORCE',
]
TIMEZONES = "SELECT DISTINCT split_part(timezone, '/', 1) FROM sales_data ORDER BY 1"


@pytest.fixture(scope="module")
def env():
    """A stand-in of its own: moto's state is its process's."""
    names = ("APP_PORT", "IDP_PORT", "AWS_PORT")
    ports = dict(zip(names, map(str, free_ports(3)), strict=True))
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local"], env={**os.environ, **ports, "DEMO_ROWS": "3000"}
    )
    url = f"http://localhost:{ports['AWS_PORT']}/_local"
    try:
        while not healthy(f"{url}/health"):
            assert process.poll() is None
            time.sleep(0.05)
        yield httpx.get(f"{url}/env").json()
    finally:
        process.terminate()
        process.wait(20)


def healthy(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def statements(text: str) -> list[str]:
    return [statement for statement in text.split(";") if statement.strip()]


def test_the_article_runs_as_it_stands(env):
    client = outside.aws(env, "redshift-data", outside.administrator(env))

    def as_admin(sql: str) -> dict:
        description = outside.run(client, env, sql, SecretArn=env["ADMIN_SECRET_ARN"])
        assert description["Status"] == "FINISHED", (sql, description["Error"])
        return description

    for sql in UNDO:
        as_admin(sql)
    for sql in statements(CREATE + COPY + POLICIES):
        as_admin(sql)

    def sees(name: str) -> list[str]:
        person = outside.aws(env, "redshift-data", outside.credentials_of(env, name))
        description = outside.run(person, env, TIMEZONES)
        if description["Status"] == "FAILED":
            return [description["Error"]]
        return [region for (region,) in outside.rows(person, env, TIMEZONES)]

    # The article stops here; row-level security takes rows away and grants none.
    assert sees("Frank Amer") == ["ERROR: permission denied for relation sales_data"]
    for group in ("amer-sales", "emea-sales", "apac-sales", "exec-global"):
        as_admin(f'GRANT SELECT ON sales_data TO ROLE "AWSIDC:{group}"')
    assert sees("Frank Amer") == ["America"]
    assert sees("Alex Emea") == ["Europe"]
    assert sees("Ming Apac") == ["Asia"]
    assert {"Africa", "America", "Asia", "Europe"} <= set(sees("Ethan Global"))
