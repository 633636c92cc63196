"""From a statement in Redshift's history to the app's audit event, and on to CloudTrail. No Streamlit.

Redshift's history does not keep the name under which the Data API ran a statement. So an event of this
process is found by its person and its time, and its id leads to the log line and to AWS's records.
"""

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.audit import Happened, Trail
from app.chain import Chain
from app.redshift.panels import NOTHING_VISIBLE
from app.redshift.query import OK
from app.views.admin.work import Ran

# Two clocks are compared, the warehouse's and this process's: at first as if they agreed.
_SLACKS = (timedelta(milliseconds=50), timedelta(seconds=2))
_AROUND = timedelta(minutes=2)
_MOST = 3
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True)
class Traced:
    """An audit event that may be the statement's."""

    event: Happened
    name: str  # the statement's at AWS
    statement_id: str


def traced(ran: Ran, events: Iterable[Happened]) -> tuple[Traced, ...]:
    """The events that may be this statement's, the likeliest first: of its person, time, outcome and rows."""
    address = ran.person.rpartition(":")[2]
    ended = _aware(ran.ended or ran.began)
    own = [event for event in events if event.person == address and _ended_alike(ran, event)]
    near = ([event for event in own if _covers(event, ran, slack)] for slack in _SLACKS)
    likeliest = sorted(next(filter(None, near), ()), key=lambda event: abs(event.at - ended))
    return tuple(_trace(event) for event in likeliest[:_MOST])


def _covers(event: Happened, ran: Ran, slack: timedelta) -> bool:
    """Whether the statement ran while the app waited for it."""
    lasted = timedelta(milliseconds=int(event.about.get("milliseconds", 0)))
    began, ended = _aware(ran.began), _aware(ran.ended or ran.began)
    return event.at - lasted - slack <= began and ended <= event.at + slack


def _ended_alike(ran: Ran, event: Happened) -> bool:
    if ran.status not in {"failed", "success"}:
        return True
    answered = event.outcome in {OK, NOTHING_VISIBLE}
    if ran.status == "failed":
        return not answered
    # The app may have taken fewer than there were.
    return answered and int(event.about.get("rows", 0)) <= ran.rows


def _trace(event: Happened) -> Traced:
    mark = Trail(event.person, event.session).mark(event.id)
    return Traced(event, f"{event.about.get('query', '')} {mark}", str(event.about.get("statement", "")))


def log_search(ran: Ran, found: Sequence[Traced]) -> str:
    """What finds the line in the log: by the event's id, else by person and time."""
    if found:
        select = f"({' or '.join(f'.id == {json.dumps(each.event.id)}' for each in found)})"
    else:
        address = json.dumps(ran.person.rpartition(":")[2])
        first, last = (_moment(moment) for moment in _window(ran))
        select = f'.event == "query" and .person == {address} and .time >= "{first}" and .time <= "{last}"'
    program = f'select(.logger == "app.audit" and {select})'
    return f"jq -c {shlex.quote(program)} rowlight.log"


def cloudtrail(ran: Ran, found: Sequence[Traced], chain: Chain) -> str:
    """What finds the call in CloudTrail: by person and time, and by the statement's id where it is known."""
    event = "GetIdentityCenterAuthToken" if chain.path == "driver" else "ExecuteStatement"
    ids = [each.statement_id for each in found if _ID.fullmatch(each.statement_id)]
    has = " || ".join(f"contains(CloudTrailEvent, '{each}')" for each in ids)
    which = f" && ({has})" if has and chain.path == "data-api" else ""
    attribute = f"AttributeKey=Username,AttributeValue={ran.person.rpartition(':')[2]}"
    first, last = (_moment(moment) for moment in _window(ran))
    # In double quotes, for the expression has single ones: nothing of it is anybody's text.
    wanted = f"Events[?EventName=='{event}'{which}].CloudTrailEvent"
    return (
        f"aws cloudtrail lookup-events --region {shlex.quote(chain.region)} \\\n"
        f"  --lookup-attributes {shlex.quote(attribute)} \\\n"
        f"  --start-time {first} --end-time {last} \\\n"
        f'  --query "{wanted}" --output text'
    )


def _window(ran: Ran) -> tuple[datetime, datetime]:
    return _aware(ran.began) - _AROUND, _aware(ran.ended or ran.began) + _AROUND


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
