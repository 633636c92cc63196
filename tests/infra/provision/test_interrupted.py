"""Whoever stops apply or destroy at any call, and runs it again, ends where an uninterrupted one does."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import boto3
import httpx
import pytest

from infra.provision.apply import apply
from infra.provision.destroy import destroy, survey
from infra.provision.specification.spec import Spec
from tests.infra.provision.account import described

READS = ("Get", "List", "Describe")


@pytest.fixture
def small(empty_spec: Spec) -> Spec:
    """One group of each kind: the calls are as many kinds as ever, and each run is short."""
    region, _, _, everywhere, administrators = empty_spec.groups
    policies = tuple(each for each in empty_spec.policies if each.name in region.policies)
    return replace(empty_spec, groups=(region, everywhere, administrators), policies=policies)


def silent(_: str) -> None:
    """Says and does nothing."""


class Killed(BaseException):
    """As SIGKILL would end the process: nothing in the code may catch it."""


class Watched(boto3.Session):
    """A session that tells of each call that may change something, before it is sent and after its answer."""

    before: Callable[[str], Any]
    after: Callable[[str], Any]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.before = self.after = silent
        self._clients: dict[str, Any] = {}

    def client(self, service_name: Any, **more: Any) -> Any:
        if service_name not in self._clients:
            client = super().client(service_name, **more)
            client.meta.events.register("before-call", self._tell_before)
            client.meta.events.register("after-call", self._tell_after)
            self._clients[service_name] = client
        return self._clients[service_name]

    def _tell_before(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:
        if changes(model.name, params):
            self.before(model.name)
            params["context"]["changes"] = True

    def _tell_after(self, model: Any, context: Mapping[str, Any], **_: Any) -> None:
        if context.get("changes"):
            self.after(model.name)


def changes(operation: str, params: Mapping[str, Any]) -> bool:
    if operation == "BatchExecuteStatement":
        return b'"Sqls": ["SELECT' not in params["body"]
    return not operation.startswith(READS)


class States:
    """The stand-in's states: what the account is at a moment, kept and put back."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._url = f"{env['AWS_ENDPOINT_URL']}/_local/states"

    def keep(self) -> str:
        kept: str = httpx.post(self._url).raise_for_status().json()["id"]
        return kept

    def put_back(self, number: str) -> None:
        httpx.post(f"{self._url}/{number}").raise_for_status()


@pytest.fixture
def watched(empty: dict[str, str], empty_account: boto3.Session) -> Watched:
    return Watched(region_name=empty["AWS_REGION"])


@pytest.fixture
def states(empty: dict[str, str]) -> Iterator[States]:
    return States(empty)


def remove_all(spec: Spec, session: boto3.Session) -> None:
    destroy(survey(spec, session, silent), silent)


def interrupted(run: Callable[[], Any], watched: Watched, states: States) -> list[tuple[str, str]]:
    """Each call that changes the account, and the state in which a kill between it and the next leaves it."""
    left: list[tuple[str, str]] = []
    watched.after = lambda operation: left.append((operation, states.keep()))
    run()
    watched.after = silent
    return left


def test_apply_goes_on_where_it_was_killed(
    empty: dict[str, str], small: Spec, watched: Watched, states: States
) -> None:
    before = described(empty, watched)
    left = interrupted(lambda: apply(small, watched), watched, states)
    wanted = described(empty, watched)
    assert len(left) > 30
    for number, (call, state) in enumerate(left):
        states.put_back(state)
        apply(small, watched)
        assert described(empty, watched) == wanted, f"killed after call {number}, {call}"
        if number % 3 == 0:
            states.put_back(state)
            remove_all(small, watched)
            assert described(empty, watched) == before, f"killed after call {number}, {call}, and destroyed"


def test_destroy_goes_on_where_it_was_killed(
    empty: dict[str, str], small: Spec, watched: Watched, states: States
) -> None:
    before = described(empty, watched)
    apply(small, watched)
    wanted = described(empty, watched)
    left = interrupted(lambda: remove_all(small, watched), watched, states)
    assert described(empty, watched) == before
    assert len(left) > 10
    for number, (call, state) in enumerate(left):
        states.put_back(state)
        remove_all(small, watched)
        assert described(empty, watched) == before, f"killed after call {number}, {call}"
        if number % 3 == 0:
            states.put_back(state)
            apply(small, watched)
            assert described(empty, watched) == wanted, f"killed after call {number}, {call}, and applied"


def test_a_kill_is_a_kill(empty: dict[str, str], small: Spec, watched: Watched) -> None:
    """Nothing in the code tidies up or goes on when it is stopped at a call, before it or after it."""
    apply(small, watched)
    wanted = described(empty, watched)
    remove_all(small, watched)
    asked: list[str] = []

    def kill(operation: str) -> None:
        asked.append(operation)
        if len(asked) % 6 == 0:
            raise Killed(operation)

    watched.before = watched.after = kill
    kills = 0
    while len(asked) % 6 == 0:
        try:
            apply(small, watched)
        except Killed:
            kills += 1
        else:
            break
    watched.before = watched.after = silent
    assert kills > 5
    assert described(empty, watched) == wanted
