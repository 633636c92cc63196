"""The world of the stand-in, whole before each test."""

from collections.abc import Iterator
from typing import Any

import boto3
import flask
import pytest

from infra.provision.specification.spec import Spec
from tests.infra.provision.doctor.world import KeptClients, World


def provider_of(stack: Any) -> flask.Flask:
    """The provider's application: the server keeps it within a function of its own."""
    cells = [cell.cell_contents for cell in stack.servers[0].application.__closure__]
    found: flask.Flask = next(each for each in cells if isinstance(each, flask.Flask))
    return found


@pytest.fixture(scope="module")
def kept_clients(session: boto3.Session) -> KeptClients:
    return KeptClients(session)


@pytest.fixture
def world(stack: Any, env: dict[str, str], kept_clients: KeptClients, spec: Spec) -> Iterator[World]:
    settings = {
        name: value for name, value in env.items() if not name.startswith(("ADMIN_AWS_", "AWS_ENDPOINT"))
    }
    found = World(settings, kept_clients, provider_of(stack), stack.endpoint._services, spec)
    yield found
    found.put_back("0")
