"""The stand-in as doctor meets it, and what a test may break of it; each test finds it whole."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import flask
import httpx

from infra.provision.doctor.chain import Chain, chain_of
from infra.provision.doctor.check import examine
from infra.provision.doctor.checks import checks_of
from infra.provision.doctor.command import diagnose
from infra.provision.doctor.context import Context
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.report import Report
from infra.provision.doctor.test_person import TokenSource
from infra.provision.specification.spec import Spec

BRIDGE, DATA = "IDCBridgeRole", "RedshiftDataAPIClientRole"


class KeptClients:
    """The administrator's session, with one client of a kind: making them costs more than all the rest."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self._clients: dict[tuple[object, ...], Any] = {}
        self.region_name = session.region_name
        self.get_credentials = session.get_credentials

    def client(self, service: str, *, config: Any = None, **more: Any) -> Any:
        key = (service, getattr(config, "signature_version", None), *sorted(more.items()))
        if key not in self._clients:
            self._clients[key] = self._session.client(service, config=config, **more)  # type: ignore[call-overload]
        return self._clients[key]


def without_authorities() -> httpx.Client:
    """Nobody speaks TLS here, and to read the authorities costs as much as all that is asked."""
    return httpx.Client(verify=False)  # noqa: S501 - every address is this machine's own, without TLS


@dataclass
class World:
    """The settings, the account and the provider; what a fault changes of the first two is put back."""

    env: dict[str, str]
    session: Any  # KeptClients
    idp: flask.Flask
    services: Mapping[str, Any]  # the stand-in's own, by AWS's names
    # What the account was provisioned by; `spec` is what doctor is told of it.
    provisioned: Spec
    spec: Spec | None = None
    clock: Callable[[], float] = time.time
    http: Callable[[], httpx.Client] = without_authorities
    clients: dict[str, Any] = field(default_factory=dict)

    def aws(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.session.client(service)
        return self.clients[service]

    @property
    def chain(self) -> Chain:
        return chain_of(self.env, self.spec)

    def diagnose(self, *, fix: bool = False, test_token: TokenSource | None = None) -> Report:
        ways = {"http": self.http, "clock": self.clock, "test_token": test_token}
        return diagnose(self.chain, self.session, fix=fix, **ways)

    def found_again(self, report: Report) -> list[Finding]:
        """What there is now in the parts of the chain in which something was found."""
        parts = {outcome.check.link for outcome in report.outcomes if outcome.findings}
        context = Context(self.chain, session=self.session, http=self.http, clock=self.clock)
        checks = [check for check in checks_of(context) if check.link in parts]
        return [finding for outcome in examine(checks, context) for finding in outcome.findings]

    def keep(self) -> str:
        """The account as it is now, by its number: making it so took longer than putting it back."""
        number: str = _states("").json()["id"]
        return number

    def put_back(self, number: str) -> None:
        _states(f"/{number}")

    # What most faults of the account are made of.

    def trust(self, role: str) -> dict[str, Any]:
        found: dict[str, Any] = self.aws("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        return found

    def set_trust(self, role: str, document: Mapping[str, Any]) -> None:
        self.aws("iam").update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))

    def permissions(self, role: str) -> dict[str, dict[str, Any]]:
        """The inline policies, by name."""
        iam = self.aws("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}

    def allow(self, role: str, policy: str, *statements: Mapping[str, Any]) -> None:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self.aws("iam").put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))

    def forbid(self, role: str, action: str) -> None:
        """Takes an action out of whatever allows it."""
        for name, document in self.permissions(role).items():
            left = []
            for statement in document["Statement"]:
                actions = _list(statement["Action"])
                kept = [each for each in actions if each != action]
                left += [{**statement, "Action": kept}] if kept else []
            self.allow(role, name, *left)

    @contextmanager
    def published(
        self, change: Callable[[dict[str, Any]], None], *, view: str = "discovery"
    ) -> Iterator[None]:
        """The provider's document (discovery, jwks) with a change."""
        own = self.idp.view_functions[view]

        def changed() -> dict[str, Any]:
            document = json.loads(json.dumps(own()))
            change(document)
            return document

        with self.answering(view, changed):
            yield

    @contextmanager
    def answering(self, view: str, answer: Callable[[], Any]) -> Iterator[None]:
        """Another answer of the provider at one of its addresses."""
        own = self.idp.view_functions[view]
        self.idp.view_functions[view] = answer
        try:
            yield
        finally:
            self.idp.view_functions[view] = own


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _states(path: str) -> httpx.Response:
    address = f"{os.environ['AWS_ENDPOINT_URL']}/_local/states{path}"
    return without_authorities().post(address).raise_for_status()
