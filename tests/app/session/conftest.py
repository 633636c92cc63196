"""Sessions over each of the stores, with the provider and AWS replaced at their borders."""

import secrets

import pytest

from app.session.dynamodb import DynamoStore
from app.session.sealing import Seal, SealedStore
from app.session.store import MemoryStore
from tests import outside
from tests.app.session.scene import Scene, now
from tests.stand_in import session_table


@pytest.fixture
def clock():
    return now()


@pytest.fixture(scope="session")
def dynamodb(env):
    """The stand-in's DynamoDB."""
    return outside.aws(env, "dynamodb", outside.administrator(env))


@pytest.fixture(scope="session")
def table(env):
    """A table of the shape that the app promises to work with."""
    session_table(env, "sessions-of-tests")
    return "sessions-of-tests"


@pytest.fixture
def empty_table(dynamodb, table):
    """The same table, with nothing in it."""
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={"key": item["key"]})
    return table


@pytest.fixture(params=["memory", "sealed memory", "sealed dynamodb"])
def store(request, clock):
    """Each of the stores in turn, empty."""
    if request.param == "memory":
        return MemoryStore(most=1000, clock=clock.seconds)
    if request.param == "sealed memory":
        inner = MemoryStore(most=1000, clock=clock.seconds)
    else:
        client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("empty_table")
        inner = DynamoStore(client, table, clock=clock.seconds)
    return SealedStore(inner, Seal([secrets.token_bytes(32)]))


@pytest.fixture
def scene(clock):
    return Scene(clock)


@pytest.fixture
def sessions(scene):
    """What one process has of the sessions."""
    return scene.sessions()


@pytest.fixture
def session_id(scene):
    """The cookie's value of somebody who is signed in."""
    return scene.sign_in(scene.sessions())


@pytest.fixture
def user(scene, session_id):
    """Their session in one process."""
    return scene.sessions().find(session_id)


@pytest.fixture
def elsewhere(scene, session_id):
    """Their session in another process."""
    return scene.sessions().find(session_id)
