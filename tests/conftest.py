"""The stand-in, started once for each test process that asks for it."""

import os
import socket
import subprocess
import sys

import pytest
from hypothesis import settings

from app.settings import Settings
from infra.local import config

_SETTINGS = {*map(str.upper, Settings.model_fields), *config._NUMBERS}
# Before any test module makes a client: the tests say the same whatever the person's shell is set up for.
for name in _SETTINGS & set(os.environ):
    del os.environ[name]
for name in [name for name in os.environ if name.startswith("OTEL_")]:
    del os.environ[name]
config.isolate()
_AWS = {name for name in os.environ if name.startswith("AWS_")}

# Machines are shared: how long an example takes says nothing.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """A file's tests leave no setting to those that happen to come next in this process."""
    yield
    if nextitem is None or nextitem.path != item.path:
        set_now = {name for name in os.environ if name in _SETTINGS or name.startswith("AWS_")}
        left = {name: os.environ.pop(name) for name in set_now - _AWS}
        assert not left, f"left in the environment: {sorted(left)}"


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, held together so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@pytest.fixture(scope="session")
def stack():
    """The whole stand-in on free ports, provisioned and loaded with a small sample."""
    from infra.local.config import Config
    from infra.local.stack import start

    app_port, idp_port, aws_port = free_ports(3)
    running = start(Config(app_port=app_port, idp_port=idp_port, aws_port=aws_port, demo_rows=6_000))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def env(stack):
    """The settings that the stand-in tells outside clients."""
    import httpx

    return httpx.get(f"{stack.config.aws_url}/_local/env").json()


@pytest.fixture(scope="session")
def empty_stand_in():
    """A stand-in where nothing is provisioned, in a process of its own, and the settings that it tells."""
    import httpx

    names = ("APP_PORT", "IDP_PORT", "AWS_PORT")
    ports = dict(zip(names, map(str, free_ports(3)), strict=True))
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local"],
        env={**os.environ, **ports, "EMPTY": "on", "DEMO_ROWS": "300"},
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()  # what it says once it is ready
    yield httpx.get(f"http://localhost:{ports['AWS_PORT']}/_local/env").json()
    process.terminate()
    process.wait(20)


@pytest.fixture
def empty(empty_stand_in):
    """The settings of a stand-in where nothing is provisioned, nor left of any test before."""
    import httpx

    httpx.post(f"{empty_stand_in['AWS_ENDPOINT_URL']}/_local/states/0").raise_for_status()
    return dict(empty_stand_in)


@pytest.fixture(scope="session")
def playwright():
    """Playwright, which a process bears one of."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright):
    """Chromium, started once for each test process that asks for it."""
    from tests.browser.chromium import FLAGS, UNSMOOTHED, path

    browser = playwright.chromium.launch(executable_path=path(), args=[*FLAGS, UNSMOOTHED])
    yield browser
    browser.close()
