"""What AWS records of a page's statement, and how an administrator finds it. No Streamlit in it."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.chain import Chain
from app.redshift.table import Table

# What statements are called by, as AWS makes the names; anything else goes into no command.
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_AROUND = timedelta(minutes=2)


@dataclass(frozen=True)
class Command:
    """Something to be run by whoever has the permissions: what it finds, and its text."""

    title: str
    note: str
    text: str
    language: str = "bash"


def event_id(table: Table) -> str:
    """The id of the audit event of a table's statement: the end of the statement's name."""
    return table.label.rpartition(" ")[2].rpartition("-")[2]


def commands(chain: Chain, table: Table, user: str) -> Iterator[Command]:
    """The ways to the records of the statement that a table came by; `user` is the person to Redshift."""
    if chain.session is None or not _ID.fullmatch(table.statement_id):
        return
    event = "GetIdentityCenterAuthToken" if chain.path == "driver" else "ExecuteStatement"
    yield Command(
        f"CloudTrail: the event of {event}",
        "For an administrator with cloudtrail:LookupEvents; the app has no such permission.",
        _lookup(chain, event, "" if chain.path == "driver" else table.statement_id),
    )
    if chain.tagged:
        yield Command(
            "CloudTrail: the events that gave sessions their tags",
            "Each has principalTags as the identity provider signed them; for an administrator, as well.",
            _tagged(chain),
        )
    if chain.path == "data-api":
        yield Command(
            "Data API: the statement itself",
            "It answers you, in the same role, for 24 hours, and nobody else, not even an administrator.",
            f"aws redshift-data describe-statement {_region(chain)} --id {table.statement_id}",
        )
    if user:
        yield Command(
            "Redshift: the query as the warehouse ran it",
            "For who may read other people's rows of SYS_QUERY_HISTORY; you find your own.",
            _history(table, user),
            "sql",
        )


def _lookup(chain: Chain, event: str, statement_id: str) -> str:
    name = chain.session.name if chain.session is not None else ""
    has = f" && contains(CloudTrailEvent, '{statement_id}')" if statement_id else ""
    return _events(chain, name, f"Events[?EventName=='{event}'{has}].CloudTrailEvent")


def _tagged(chain: Chain) -> str:
    """Whoever sends a token is called by its subject."""
    query = "Events[?EventName=='AssumeRoleWithWebIdentity'].CloudTrailEvent"
    return _events(chain, chain.signed_in.subject, query)


def _events(chain: Chain, name: str, query: str) -> str:
    return (
        f"aws cloudtrail lookup-events {_region(chain)} \\\n"
        f"  --lookup-attributes {shlex.quote(f'AttributeKey=Username,AttributeValue={name}')} \\\n"
        f'  --query "{query}" \\\n'
        "  --output text"
    )


def _region(chain: Chain) -> str:
    return f"--region {shlex.quote(chain.region)}"


def _history(table: Table, user: str) -> str:
    name = user.replace("'", "''")
    began = table.as_of - timedelta(seconds=table.elapsed)
    first, last = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (began - _AROUND, table.as_of + _AROUND))
    return (
        "SELECT h.query_id, h.status, h.returned_rows, h.start_time, h.elapsed_time, h.query_text\n"
        "FROM sys_query_history AS h JOIN svv_user_info AS u ON u.user_id = h.user_id\n"
        f"WHERE u.user_name = '{name}'\n"
        f"  AND h.start_time BETWEEN '{first}' AND '{last}';"
    )
