"""The commands of docs/deploy-ecs.md, as they stand there, by AWS's own command line, against moto."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from tests.conftest import free_ports
from tests.infra.deploy.render import EXAMPLE, GIVEN, REGION, ROOT, STACKS
from tests.test_docs_commands import COMMANDS

HERE = "tests/infra/deploy/test_commands.py::test_the_commands_of_the_page_are_taken"
START_SECONDS = 60


@pytest.fixture
def account(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An account of moto's, in a process of its own, as a shell's environment."""
    (port,) = free_ports(1)
    with (tmp_path / "moto").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(httpx.TransportError):
                httpx.get(f"{url}/moto-api/data.json")
                break
            time.sleep(0.05)
        yield {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "moto",
            "AWS_SECRET_ACCESS_KEY": "moto",
        }
    finally:
        process.terminate()
        process.wait(20)


def run(command: str, account: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=account,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_commands_of_the_page_are_taken(account: dict[str, str], tmp_path: Path) -> None:
    """The key comes to be without being shown; the stack is asked for with what the example says."""
    (tmp_path / "infra").symlink_to(ROOT / "infra")
    shutil.copy(EXAMPLE, tmp_path / "service.parameters")
    key, service = (block.text.strip() for block in COMMANDS if block.mark == f"run by {HERE}")
    said = run(key, account, tmp_path)
    # moto cannot go on from there: of what comes by a change set, it knows no other stack's exports.
    said += run(f"{service} --no-execute-changeset", account, tmp_path)

    def client(name: str) -> Any:
        keys = {"aws_access_key_id": "moto", "aws_secret_access_key": "moto"}
        place = {"region_name": REGION, "endpoint_url": account["AWS_ENDPOINT_URL"]}
        return boto3.client(name, **place, **keys)

    kept = client("secretsmanager").get_secret_value(SecretId="rowlight/session-key")["SecretString"]
    # A line break at its end is nothing to the app.
    assert len(kept.strip()) == 44
    assert kept.strip() not in said
    found = re.search(r"arn:aws:cloudformation:\S+:changeSet/\S+|--change-set-name (\S+)", said)
    assert found, said
    asked = client("cloudformation").describe_change_set(
        ChangeSetName=found[1] or found[0], StackName=STACKS["service"]
    )
    given = {each["ParameterKey"]: each.get("ParameterValue") for each in asked["Parameters"]}
    assert {name: given[name] for name in GIVEN} == dict(GIVEN)
