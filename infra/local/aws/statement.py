"""One statement of the Data API: what was asked, whose it is, how far it is."""

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.local.aws.model import AwsError
from infra.local.aws.results import ResultSet
from infra.local.warehouse import Cancellation, DbUser, Session

if TYPE_CHECKING:
    from infra.local.aws.data_sessions import DataSession

DONE = frozenset({"FINISHED", "FAILED", "ABORTED"})


@dataclass(frozen=True)
class Owner:
    """Whose something is: an IAM principal's and, in an identity-enhanced session, one person's."""

    principal_arn: str
    person_id: str | None


@dataclass(frozen=True)
class Target:
    """The workgroup or the cluster that a request names."""

    member: str  # of the request: WorkgroupName or ClusterIdentifier
    name: str
    arn: str


@dataclass(frozen=True)
class Connection:
    """Where SQL runs, and as whom."""

    target: Target
    database: str
    user: DbUser
    secret_arn: str | None = None
    of_person: bool = False  # of Identity Center, whom the warehouse must know how to take


@dataclass(frozen=True)
class Request:
    """What was submitted."""

    sqls: tuple[str, ...]
    owner: Owner
    session_user_id: str  # aws:userid of the session that submitted it
    connection: Connection
    batch: bool = False
    auto_commit: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    result_format: str = "JSON"
    name: str | None = None
    session: "DataSession | None" = None  # one that was opened before
    keep_alive: int | None = None


@dataclass(frozen=True)
class State:
    """How far one SQL statement is, and what came of it."""

    status: str = "SUBMITTED"
    error: str | None = None
    duration: int = -1  # in nanoseconds; of what did not succeed AWS tells none
    rows: int = -1
    size: int = -1
    has_result_set: bool = False
    result: ResultSet | None = None  # None also once it had to make way for newer ones


@dataclass(eq=False)
class Part:
    """One SQL statement of a request."""

    sql: str
    query_id: int
    created_at: dt.datetime
    updated_at: dt.datetime
    state: State = field(default_factory=State)

    @property
    def done(self) -> bool:
        return self.state.status in DONE


class Statement:
    """A request on its way through the warehouse; every change of it happens under `changed`."""

    def __init__(
        self,
        request: Request,
        parts: Sequence[Part],
        *,
        client_token: str,
        ending: "Callable[[Statement], None]",
    ) -> None:
        self.client_token = client_token
        self.id = str(uuid.uuid4())
        self.request = request
        self.parts = tuple(parts)
        self.session: DataSession | None = None
        self.engine: Session | None = None  # once it is connected; its own where it asks for no session
        self.changed = threading.Condition()
        self.cancellation = Cancellation()
        self.waiting = 0
        self.future: Future[None] | None = None
        self._ending = ending

    @property
    def pid(self) -> int:
        """The number of its session, as the warehouse's system views have it; 0 before it is connected."""
        return self.engine.number if self.engine is not None else 0

    @property
    def characters(self) -> int:
        """How much text its keeping costs."""
        parameters = self.request.parameters
        return sum(map(len, (*self.request.sqls, *parameters, *parameters.values())))

    @property
    def created_at(self) -> dt.datetime:
        return self.parts[0].created_at

    @property
    def updated_at(self) -> dt.datetime:
        return max(part.updated_at for part in self.parts)

    @property
    def status(self) -> str:
        """The status of the whole."""
        found = {part.state.status for part in self.parts}
        if found <= DONE:
            return next((status for status in ("FAILED", "ABORTED") if status in found), "FINISHED")
        if found <= {"SUBMITTED", "PICKED"}:
            return "PICKED" if "PICKED" in found else "SUBMITTED"
        return "STARTED"

    @property
    def done(self) -> bool:
        return all(part.done for part in self.parts)

    @property
    def has_result_set(self) -> bool:
        return any(part.state.has_result_set for part in self.parts)

    def settled(self, part: Part | None) -> bool:
        """Whether a part is over for good: in a transaction, only once all of it is."""
        return self.done or (part is not None and part.done and self.request.auto_commit)

    def readable(self, part: Part) -> bool:
        """Whether a part's result may be read: in a transaction, only once all of it has succeeded."""
        return part.state.status == "FINISHED" and (self.request.auto_commit or self.status == "FINISHED")

    def change(self, states: Mapping[Part, State], *, now: dt.datetime) -> None:
        """Moves parts on; whoever sees the last of them done finds its session and its place free again."""
        with self.changed:
            done = all(states.get(part, part.state).status in DONE for part in self.parts)
            if done and not self.done:
                self._ending(self)
            for part, state in states.items():
                part.state, part.updated_at = state, now
            self.changed.notify_all()

    def unfinished(self) -> Sequence[Part]:
        """The parts that are not over yet."""
        return [part for part in self.parts if not part.done]

    def wait(self, seconds: int, *, most: int, part: Part | None = None) -> None:
        """Returns once the statement is over, or after `seconds`; refuses more than `most` at a time."""
        with self.changed:
            if self.waiting >= most:
                raise AwsError(
                    "ActiveWaitingRequestsExceededException",
                    f"More than {most} requests with WaitTimeSeconds wait for statement {self.id}.",
                )
            self.waiting += 1
            try:
                self.changed.wait_for(lambda: self.settled(part), timeout=seconds)
            finally:
                self.waiting -= 1
