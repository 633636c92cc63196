"""The Data API: whatever two people do in whatever order, neither sees anything of the other's."""

import re
import threading
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from infra.local.aws.model import AwsError
from tests.infra.local.aws.known_warehouse import FRANK, MING, WORKGROUP, Api

PEOPLE = {"frank": FRANK, "ming": MING}
KEEP_ALIVE = {"SessionKeepAliveSeconds": 600}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
people = st.sampled_from(sorted(PEOPLE))
numbers = st.integers(0, 30)


class TwoPeople(RuleBasedStateMachine):
    """Frank and Ming submit, look, read and cancel; their statements end when the schedule says so."""

    def __init__(self) -> None:
        super().__init__()
        self.api = Api()
        self.statements: dict[str, list[str]] = {"frank": [], "ming": []}
        self.sessions: dict[str, list[str]] = {"frank": [], "ming": []}

    def teardown(self) -> None:
        for gate in self.api.warehouse.gates.values():
            gate.set()
        self.api.service.close()

    def call(self, operation: str, who: str, **parameters: Any) -> dict[str, Any] | str:
        """The answer, or the code of the refusal."""
        try:
            return self.api.call(operation, PEOPLE[who], **parameters)
        except AwsError as error:
            return error.code

    def submit(self, who: str, sql: str, **more: Any) -> None:
        answer = self.call("ExecuteStatement", who, Sql=sql, **more)
        if isinstance(answer, dict):
            self.statements[who].append(answer["Id"])
            if "SessionKeepAliveSeconds" in more and "SessionId" not in more:
                self.sessions[who].append(answer["SessionId"])
        else:
            assert "SessionId" in more
            assert answer == "ValidationException"

    @rule(who=people, how=st.sampled_from(["ends", "goes on"]), keep=st.sampled_from([{}, KEEP_ALIVE]))
    def submits(self, who: str, how: str, keep: dict[str, int]) -> None:
        sql = "whose"
        if how == "goes on":
            sql = f"wait {len(self.api.warehouse.gates)} whose"
            self.api.warehouse.gates[sql] = threading.Event()
        self.submit(who, sql, WorkgroupName=WORKGROUP, Database="dev", **keep)

    @rule(who=people, whose=people, number=numbers)
    def submits_in_a_session(self, who: str, whose: str, number: int) -> None:
        if self.sessions[whose]:
            session = self.sessions[whose][number % len(self.sessions[whose])]
            before = len(self.statements[who])
            self.submit(who, "whose", SessionId=session)
            assert who == whose or len(self.statements[who]) == before

    @precondition(lambda self: self.api.warehouse.gates)
    @rule(number=numbers)
    def one_may_end(self, number: int) -> None:
        gates = list(self.api.warehouse.gates.values())
        gates[number % len(gates)].set()

    @rule(who=people, whose=people, number=numbers, operation=st.sampled_from(["Describe", "Get", "Cancel"]))
    def calls(self, who: str, whose: str, number: int, operation: str) -> None:
        if not self.statements[whose]:
            return
        statement = self.statements[whose][number % len(self.statements[whose])]
        name = {
            "Describe": "DescribeStatement",
            "Get": "GetStatementResult",
            "Cancel": "CancelStatement",
        }[operation]
        answer = self.call(name, who, Id=statement)
        if who != whose:
            assert answer == "ResourceNotFoundException"
        elif operation == "Describe":
            assert isinstance(answer, dict)
            assert answer["DbUser"] == f"AWSIDC:{who}@example.com"
        elif operation == "Get" and isinstance(answer, dict):
            assert answer["Records"] == [[{"stringValue": f"AWSIDC:{who}@example.com"}]]
        else:
            assert isinstance(answer, dict) or answer in {"ResourceNotFoundException", "ValidationException"}

    @rule(who=people, number=numbers)
    def cancels_and_it_never_finishes(self, who: str, number: int) -> None:
        if not self.statements[who]:
            return
        statement = self.statements[who][number % len(self.statements[who])]
        if isinstance(self.call("CancelStatement", who, Id=statement), dict):
            described = self.call("DescribeStatement", who, Id=statement, WaitTimeSeconds=20)
            assert isinstance(described, dict)
            assert described["Status"] == "ABORTED"

    @invariant()
    def each_lists_their_own_alone(self) -> None:
        for who in PEOPLE:
            listed = self.call("ListStatements", who, WorkgroupName=WORKGROUP, Status="ALL")
            assert isinstance(listed, dict)
            assert {line["Id"] for line in listed["Statements"]} == set(self.statements[who])
            opened = self.call("ListSessions", who, WorkgroupName=WORKGROUP)
            assert isinstance(opened, dict)
            assert {line["SessionId"] for line in opened["Sessions"]} <= set(self.sessions[who])

    @invariant()
    def ids_are_random(self) -> None:
        ids = [each for kind in (self.statements, self.sessions) for whose in kind.values() for each in whose]
        assert len(set(ids)) == len(ids)
        assert all(UUID.fullmatch(each) for each in ids)


TestTwoPeople = TwoPeople.TestCase
TestTwoPeople.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
