"""The demonstration, and Chromium in front of it."""

import contextlib

import pytest
from playwright.sync_api import Browser, BrowserContext
from xdist.scheduler import LoadScopeScheduling

from tests import outside
from tests.browser.demo import KINDS, Demo, demonstration
from tests.browser.visitor import Visitor
from tests.browser.wire import Wire


def pytest_configure(config):
    config.addinivalue_line("markers", "on(*kinds): the demonstrations that a test runs on; else popup")


def pytest_generate_tests(metafunc):
    """One demonstration at a time: pytest runs the tests of each before it starts the next."""
    if "demo" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("on")
        kinds = mark.args if mark else ("popup",)
        metafunc.parametrize("demo", kinds, indirect=True, scope="session")


class Groups(LoadScopeScheduling):
    """Of workers side by side, one has all tests on a demonstration, or of a file that needs none, and
    whoever is free takes the next test on "popup", which has the most: so each starts as seldom as can be.

    It goes by the tests' names: with pytest 9.2, xdist 3.8 does not see the marks of groups.
    """

    def _split_scope(self, nodeid):
        file, _, test = nodeid.partition("::")
        kind = next((kind for kind in KINDS if f"[{kind}" in test), file)
        return nodeid if kind == "popup" else kind


def pytest_xdist_make_scheduler(config, log):
    return Groups(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def demo(request, tmp_path_factory):
    """A running demonstration, of the kind that the test is marked with."""
    log_file = tmp_path_factory.mktemp(request.param) / "log.txt"
    with demonstration(log_file, KINDS[request.param]) as running:
        yield running


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
