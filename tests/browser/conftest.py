"""The demonstration, and Chromium in front of it."""

import contextlib
import os
import shutil

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests import outside, proxies
from tests.browser.demo import KINDS, Demo, demonstration
from tests.browser.visitor import Visitor
from tests.browser.wire import Wire

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
    f"--host-resolver-rules=MAP {proxies.NAME} 127.0.0.1",
]


def pytest_configure(config):
    config.addinivalue_line("markers", "on(*kinds): the demonstrations that a test runs on; else popup")


def pytest_generate_tests(metafunc):
    """One demonstration at a time: pytest runs the tests of each before it starts the next."""
    if "demo" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("on")
        kinds = mark.args if mark else ("popup",)
        metafunc.parametrize("demo", kinds, indirect=True, scope="session")


def pytest_collection_modifyitems(items):
    """Of workers side by side, each takes a file's tests on one demonstration at a time, and starts few."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and "demo" in callspec.params:
            item.add_marker(pytest.mark.xdist_group(f"{callspec.params['demo']} {item.path.name}"))


@pytest.fixture(scope="session")
def demo(request, tmp_path_factory):
    """A running demonstration, of the kind that the test is marked with."""
    log_file = tmp_path_factory.mktemp(request.param) / "log.txt"
    with demonstration(log_file, KINDS[request.param]) as running:
        yield running


def path_of_chromium() -> str | None:
    """What CHROMIUM names, or Debian's, whose shell without a window takes a third less processor."""
    names = [os.environ.get("CHROMIUM", ""), "chromium-headless-shell", "chromium"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of_chromium(), args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def profile(chromium: Browser, **options):
    """A browser profile of its own; its first tab is the caller's to open."""
    fitting = {"viewport": {"width": 1440, "height": 1000}, "locale": "en-US", **options}
    # What moves while it loads would be drawn sixty times a second.
    with chromium.new_context(reduced_motion="reduce", **fitting) as context:
        yield context


@pytest.fixture
def context(chromium: Browser):
    with profile(chromium) as found:
        yield found


@pytest.fixture
def visitor(demo: Demo, context: BrowserContext):
    """Somebody with a fresh browser profile, watched from its first request."""
    return Visitor.at(context, demo)


@pytest.fixture
def stranger(demo: Demo, chromium: Browser):
    """Somebody else, in a window of a profile of their own."""
    with profile(chromium) as context:
        yield Visitor.at(context, demo)


@pytest.fixture
def wire():
    with Wire() as running:
        yield running
        running.shutdown()


@pytest.fixture
def wired(demo: Demo, chromium: Browser, wire: Wire):
    """Somebody whose browser reaches everything over the wire."""
    with profile(chromium, proxy=wire.proxy) as context:
        yield Visitor.at(context, demo)


@pytest.fixture
def sql(demo: Demo):
    """Runs SQL in Redshift's dialect as a person, by boto3 alone."""

    def run(name: str, statement: str) -> list[tuple]:
        client = outside.aws(demo.env, "redshift-data", outside.credentials_of(demo.env, name))
        return outside.rows(client, demo.env, statement)

    return run
