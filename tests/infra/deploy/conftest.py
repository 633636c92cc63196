"""The templates, resolved once."""

import pytest

from tests.infra.deploy.render import Rendered, rendered


@pytest.fixture(scope="session")
def service() -> Rendered:
    """Both stacks as docs/deploy-ecs.md makes them."""
    return rendered()
