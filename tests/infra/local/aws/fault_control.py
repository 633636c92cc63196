"""Asks the stand-in for faults, and takes them away again."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Asked:
    """A fault that was asked for."""

    control: "FaultControl"
    id: str

    def told(self) -> Mapping[str, Any]:
        (found,) = [each for each in self.control.listed() if each["id"] == self.id]
        return found

    @property
    def hits(self) -> int:
        """How many calls it happened to."""
        return int(self.told()["hits"])

    @property
    def held(self) -> int:
        """How many calls wait for it to go away."""
        return int(self.told()["held"])

    def remove(self) -> None:
        self.control.http.delete(f"{self.control.url}/{self.id}").raise_for_status()


class FaultControl:
    """The control endpoint of a stand-in whose AWS endpoint is at the address."""

    def __init__(self, aws_url: str) -> None:
        self.url = f"{aws_url}/_local/faults"
        # A client for each request would spend its time on TLS, which nobody speaks here.
        self.http = httpx.Client()

    def add(self, what: str, service: str, operation: str = "*", **more: object) -> Asked:
        """Asks for a fault; `more` as docs/stand-in.md has it: person, role, times, after, code, seconds."""
        asked = {"what": what, "service": service, "operation": operation, **more}
        answer = self.http.post(self.url, json=asked)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return Asked(self, answer.json()["id"])

    @contextlib.contextmanager
    def during(self, what: str, service: str, operation: str = "*", **more: object) -> Iterator[Asked]:
        """Inside, the fault may happen; afterwards it is gone."""
        asked = self.add(what, service, operation, **more)
        try:
            yield asked
        finally:
            self.http.delete(f"{self.url}/{asked.id}")

    def listed(self) -> list[dict[str, Any]]:
        return list(self.http.get(self.url).raise_for_status().json()["faults"])

    def clear(self) -> None:
        self.http.delete(self.url).raise_for_status()
