"""What telemetry calls things: the spans, the metrics, and every attribute that either may carry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Hop:
    """A kind of span."""

    about: str
    kind: Literal["internal", "server", "client"] = "internal"
    fixed: Mapping[str, str] = field(default_factory=dict)
    metric: str = ""  # in which its duration is measured, too


@dataclass(frozen=True)
class Metric:
    """An instrument, and by which of its labels it is counted."""

    about: str
    kind: Literal["counter", "histogram", "gauge"]
    labels: tuple[str, ...] = ()
    unit: str = ""


def _call(service: str, operation: str, about: str) -> dict[str, Hop]:
    fixed = {"rpc.system.name": "aws-api", "rpc.method": f"{service}/{operation}"}
    return {operation: Hop(about, "client", fixed)}


HOPS: Mapping[str, Hop] = {
    "sign-in": Hop("a sign-in begins: `/auth/login`, or the page that offers the pop-up", "server"),
    "sign-in answer": Hop("what the browser brought back from the provider becomes a person", "server"),
    "redeem": Hop("the code for tokens, at the provider", "client"),
    "verify": Hop("the ID token, with the provider's keys"),
    "sign-in session": Hop("the session opens", "server"),
    "page": Hop("a run of a page for somebody who is signed in", "server", metric="rowlight.page.duration"),
    "question": Hop("what a page asks, until it has the answer or gives up"),
    "statement": Hop(
        "a statement, from the question to its rows", "client", {"db.system.name": "aws.redshift"}
    ),
    "exchange": Hop("the first AWS credentials of a sign-in"),
    "renewal": Hop("the next ones"),
    **_call("STS", "AssumeRoleWithWebIdentity", "the bridge role or, by session tags, the only step"),
    **_call("SSO OIDC", "CreateTokenWithIAM", "the identity context"),
    **_call("STS", "AssumeRole", "the role that carries the person"),
    "turn": Hop("waiting for the account's quota", metric="rowlight.turn.wait"),
    **_call("Redshift Data", "ExecuteStatement", "the submission"),
    **_call(
        "Redshift Data", "GetStatementResult", "waiting for rows, or a page of them (`RESULT_FORMAT=json`)"
    ),
    **_call("Redshift Data", "GetStatementResultV2", "waiting for rows, or a page of them"),
    **_call("Redshift Data", "DescribeStatement", "waiting for a statement that takes longer"),
    **_call("Redshift Data", "CancelStatement", "for nobody waits any more"),
    "parse": Hop("a page of the result becomes columns"),
    "draw": Hop("the answer becomes figures and charts"),
    "sign-out": Hop("a session ends", "server"),
}

# By the names that the code and the audit trail have for them; what is not here is in no span.
ATTRIBUTES: Mapping[str, str] = {
    "person": "enduser.pseudo.id",
    "session": "session.id",
    "id": "rowlight.event.id",
    "outcome": "rowlight.outcome",
    "cause": "rowlight.cause",
    "way": "rowlight.way",
    "reason": "rowlight.reason",
    "page": "rowlight.page",
    "query": "db.query.summary",
    "statement": "rowlight.statement.id",
    "rows": "db.response.returned_rows",
    "bytes": "rowlight.result.bytes",
    "answer": "rowlight.answer",
    "operation": "rowlight.operation",
    "grant": "rowlight.grant",
    "request": "aws.request_id",
    "status": "http.response.status_code",
    "interrupted": "rowlight.interrupted",
}

METRICS: Mapping[str, Metric] = {
    "rowlight.sign_ins": Metric("people let in, or not", "counter", ("way", "outcome")),
    "rowlight.sign_outs": Metric("sessions that ended", "counter", ("reason",)),
    "rowlight.renewals": Metric("credentials renewed, or not", "counter", ("outcome",)),
    "rowlight.exchange.duration": Metric("a step of the exchange", "histogram", ("step", "outcome"), "s"),
    "rowlight.statement.duration": Metric("a statement, all in all", "histogram", ("outcome",), "s"),
    "rowlight.statement.part": Metric("its part in a successful one", "histogram", ("part",), "s"),
    "rowlight.questions": Metric("questions, by where their answer came from", "counter", ("answer",)),
    "rowlight.turn.wait": Metric(
        "waiting for the account's quota", "histogram", ("operation", "outcome"), "s"
    ),
    "rowlight.throttles": Metric("calls that AWS refused as too many", "counter", ("operation",)),
    "rowlight.page.duration": Metric("a run of a page", "histogram", ("page", "outcome"), "s"),
    "rowlight.errors": Metric(
        "errors told to somebody; `fault` is Rowlight's own, `message` what no browser says",
        "counter",
        ("code",),
    ),
    "rowlight.sessions": Metric("people signed in and at work on this process", "gauge"),
    "rowlight.tabs": Metric("open connections of people who are signed in", "gauge"),
}

# Of seconds: from an answer out of memory to the longest statement that anybody waits for.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
