"""Starting: what a person can mend is one line and exit status 2; and nothing is ready too early."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from moto.iam.models import iam_backends

from infra.local.config import ACCOUNT_ID, Config, ConfigError, from_environment
from tests.conftest import free_ports


def start(module: str = "infra.local", **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"DEMO_ROWS": "many"}, "DEMO_ROWS"),
        ({"DEMO_ROWS": "0"}, "DEMO_ROWS"),
        ({"DEMO_ROWS": "-5"}, "DEMO_ROWS"),
        ({"DEMO_ROWS": "9" * 5000}, "DEMO_ROWS"),
        ({"DEMO_ROWS": "١٢٣٤"}, "DEMO_ROWS"),  # digits, but not ours
        ({"IDP_PORT": "70000"}, "IDP_PORT"),
        ({"IDP_PORT": "8503", "AWS_PORT": "8503"}, "three different ports"),
        ({"ID_TOKEN_SECONDS": "0"}, "ID_TOKEN_SECONDS"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"SIGN_IN": "window"}, "SIGN_IN"),
        ({"DATA_API_QUOTAS": "yes"}, "DATA_API_QUOTAS"),
        ({"EMPTY": "yes"}, "EMPTY"),
        ({"DATA_API_RESULTS_MB": "0"}, "DATA_API_RESULTS_MB"),
        ({"DATA_API_RESULT_LIMIT_MB": "501"}, "DATA_API_RESULT_LIMIT_MB"),
        ({"DATA_API_PAGE_KB": "1025"}, "DATA_API_PAGE_KB"),
        ({"BIND_ADDRESS": "192.0.2.7"}, "BIND_ADDRESS"),
        ({"DEMO_URL": "rowlight.example.com"}, "DEMO_URL"),
        ({"DEMO_URL": "https://rowlight.example.com/app"}, "DEMO_URL"),
    ],
)
def test_a_wrong_setting_is_named(settings, names):
    with pytest.raises(ConfigError, match=names) as caught:
        from_environment(settings)
    assert len(str(caught.value)) < 200


def test_behind_a_proxy_people_open_the_app_and_come_back_by_its_address():
    config = from_environment({"DEMO_URL": "https://rowlight.example.com:8443"})
    assert config.app_url == "https://rowlight.example.com:8443"
    assert "https://rowlight.example.com:8443/auth/callback" in config.redirect_uris


def test_settings_that_are_not_set_have_their_defaults():
    assert from_environment({"DEMO_ROWS": " "}).demo_rows == 200_000
    assert from_environment({}).sign_in == "popup"
    assert from_environment({"SIGN_IN": "redirect"}).sign_in == "redirect"
    assert not from_environment({}).data_api_quotas
    assert from_environment({"DATA_API_QUOTAS": "on"}).data_api_quotas
    assert from_environment({}).bind_address == "127.0.0.1"
    assert from_environment({"APP_PORT": "9001"}).app_url == "http://localhost:9001"
    assert "secret" not in repr(Config(client_secret="a-secret"))


def test_no_level_makes_libraries_write_whole_requests():
    script = """
import logging
from infra.local.__main__ import main
names = ("infra.local.aws.front", "botocore.auth", "urllib3", "waitress")
main(lambda _: print(*(logging.getLogger(name).getEffectiveLevel() for name in names)) or 0)
"""
    environment = {**os.environ, "LOG_LEVEL": "DEBUG"}
    shown = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True)
    assert shown.split() == ["10", "30", "30", "30"]


@pytest.mark.parametrize("module", ["infra.local", "infra.local.demo"])
def test_a_wrong_setting_is_one_line_and_status_2(module):
    ended = start(module, DEMO_ROWS="many")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert "DEMO_ROWS" in ended.stderr


@pytest.mark.parametrize(
    ("module", "setting"),
    [("infra.local", "IDP_PORT"), ("infra.local", "AWS_PORT"), ("infra.local.demo", "APP_PORT")],
)
def test_a_port_in_use_is_one_line_and_status_2(module, setting):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        free = dict(zip(("APP_PORT", "IDP_PORT", "AWS_PORT"), map(str, free_ports(3)), strict=True))
        ended = start(module, **{**free, setting: port, "DEMO_ROWS": "1000"})
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert port in ended.stderr
    assert setting in ended.stderr


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def test_who_kills_the_demonstration_ends_the_app_too():
    ports = dict(zip(("APP_PORT", "IDP_PORT", "AWS_PORT"), map(str, free_ports(3)), strict=True))
    given = {**os.environ, **ports, "DEMO_ROWS": "300"}
    demo = subprocess.Popen([sys.executable, "-m", "infra.local.demo"], env=given, stdout=subprocess.PIPE)
    with demo:
        assert any(line.startswith(b"Rowlight is ready") for line in demo.stdout)
        demo.kill()
    until = time.monotonic() + 60
    while answers(ports["APP_PORT"]):
        assert time.monotonic() < until


def test_a_missing_package_is_one_line_and_status_2():
    program = (
        "import runpy, sys; sys.modules['duckdb'] = None;"  # as if it were not installed
        "runpy.run_module('infra.local', run_name='__main__')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "duckdb" in ended.stderr


def test_it_is_healthy_once_it_is_provisioned_and_ends_on_a_signal():
    app_port, idp_port, aws_port = map(str, free_ports(3))
    ports = {"APP_PORT": app_port, "IDP_PORT": idp_port, "AWS_PORT": aws_port, "DEMO_ROWS": "1000"}
    # A person's own set-up, which must not matter.
    own = {
        "AWS_PROFILE": "not-there",
        "AWS_ENDPOINT_URL": "http://localhost:1",
        "AWS_REGION": "eu-west-1",
        "HTTP_PROXY": "http://localhost:1",
        "no_proxy": "",
    }
    process = subprocess.Popen([sys.executable, "-m", "infra.local"], env={**os.environ, **own, **ports})
    try:
        statuses = set()
        deadline = time.monotonic() + 60
        while 200 not in statuses and time.monotonic() < deadline:
            try:
                statuses.add(httpx.get(f"http://localhost:{aws_port}/_local/health").status_code)
            except httpx.TransportError:
                assert process.poll() is None
            time.sleep(0.02)
        assert statuses <= {200, 503}
        assert 200 in statuses
        env = httpx.get(f"http://localhost:{aws_port}/_local/env").json()
        assert all(isinstance(value, str) and value for value in env.values())
        assert env["OIDC_ISSUER"] == f"http://localhost:{idp_port}"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_page_of_another_name_gets_no_settings(stack):
    answer = httpx.get(f"{stack.config.aws_url}/_local/env", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert "ADMIN_AWS" not in answer.text


def test_of_the_partitions_of_aws_it_makes_the_one_that_it_has(stack):
    """Each of moto's others would begin with all of AWS's own policies."""
    assert list(iam_backends[ACCOUNT_ID]) == ["aws"]
