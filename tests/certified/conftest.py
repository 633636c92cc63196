"""The certified provider, started once for each test process that asks for it."""

import pytest

from tests.certified.provider import running


@pytest.fixture(scope="session")
def certified(tmp_path_factory):
    """The provider as most hosted ones are set up: who may refresh gets a refresh token."""
    with running(tmp_path_factory.mktemp("certified") / "log.txt", REFRESH_TOKENS="always") as provider:
        yield provider
