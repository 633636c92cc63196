"""compose.yaml: what the specification asks, what walls stand, and that its two commands work together."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from tests import replica
from tests.conftest import free_ports
from tests.infra.deploy import container
from tests.infra.deploy.image import ROOT

FILE = ROOT / "infra" / "deploy" / "compose.yaml"
SERVICES = yaml.safe_load(FILE.read_text())["services"]
OWN_PORTS = ("8501", "8502", "8503")


def test_it_is_what_the_compose_specification_describes():
    checker = Path(sys.executable).with_name("check-jsonschema")
    answer = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_has_its_walls_and_no_door_but_to_this_machine(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - its own
    assert not {"privileged", "cap_add", "volumes", "user", "devices", "pid", "env_file"} & set(service)
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_app_waits_for_the_stand_in_and_shares_its_network():
    assert SERVICES["app"]["network_mode"] == "service:stand-in"
    assert SERVICES["app"]["depends_on"]["stand-in"]["condition"] == "service_healthy"
    assert [port.rpartition(":")[2] for port in SERVICES["stand-in"]["ports"]] == list(OWN_PORTS)


@pytest.fixture
def started(images, tmp_path):
    """The two services by their own commands and settings, on other ports than theirs."""
    ports = dict(zip(OWN_PORTS, map(str, free_ports(3)), strict=True))
    told = dict(zip(("APP_PORT", "IDP_PORT", "AWS_PORT"), ports.values(), strict=True))
    told["STREAMLIT_SERVER_PORT"] = ports["8501"]

    def run(name, health):
        service = SERVICES[name]
        stage = images(service["build"]["target"])
        words = [word.replace("8503", ports["8503"]) for word in service.get("command", stage.command)]
        settings = service["environment"] | told | {"DEMO_ROWS": "2000"}
        return container.running(stage, tmp_path, tuple(words), settings, health=health, name=name)

    with (
        run("stand-in", f"http://127.0.0.1:{ports['8503']}/_local/health") as stand_in,
        run("app", f"http://127.0.0.1:{ports['8501']}/_stcore/health") as app,
    ):
        yield stand_in, app


def test_a_person_signs_in_at_the_one_and_sees_rows_of_the_other(started):
    stand_in, app = started
    url = f"http://localhost:{app.port}"
    somebody = replica.Browser(url, app)
    assert somebody.sign_in("Frank Amer").status_code == 303
    with somebody.tab() as tab:
        assert "Total sales" in tab.run().metrics
    told = httpx.get(f"http://localhost:{stand_in.port}/_local/env").json()
    # What the app's process was told at its start is no administrator's.
    environment = Path(f"/proc/{app.pid}/environ").read_text()
    assert told["OIDC_CLIENT_SECRET"] in environment
    assert "ADMIN_" not in environment
    assert told["ADMIN_AWS_SECRET_ACCESS_KEY"] not in environment
    for each in started:
        assert each.refused() == []
        assert each.left_behind() == []
