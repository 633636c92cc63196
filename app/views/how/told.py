"""What is known of a chain, as HTML: the picture, link by link, and what is on record. No Streamlit in it.

Whatever comes from a token, from AWS or from the warehouse is escaped here.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape

from app.audit import Trail
from app.chain import Chain
from app.errors import AppError, QueryDenied
from app.policies.words import in_words
from app.redshift.table import Table
from app.views import formats, states
from app.views.choice import Dimension
from app.views.formats import Marks
from app.views.how.asked import Attached, Counted, Plan, Role, Who
from app.views.how.learned import Known, Proven
from app.views.how.records import Command, event_id
from app.views.how.words import Link, State, Verdict, held, secured, why_no_select

TimeOf = Callable[[datetime], str]

_SAID: dict[State, str] = {"holds": "holds", "ends": "ends here", "unknown": "not reached"}
_HOW = {"session": "by your group in IAM Identity Center", "granted": "granted to you"}
_BY_TAG = {**_HOW, "session": "by the tag RedshiftDbRoles"}
_MANY: dict[Dimension, str] = {
    "region": "Regions",
    "country": "Countries",
    "category": "Categories",
    "product": "Products",
    "place": "Cities",
}
_RENEWAL = {
    "context": "by IAM Identity Center's own refresh",
    "provider": "by a new ID token from the identity provider",
    "nobody": "by you: sign in again",
}
_NONE, _UNTOLD = "none", "not told"
_NOT_YET = "Not yet: it comes with the first question to the warehouse."
_LISTED = 8  # values that are named before the others are folded away
_PARTED = re.compile(r"(?<=[:/_])|(?=@)")
_MINUTE = 60
_TICKS = 6_000  # seconds: a hundred minutes; of more, nobody watches the seconds


# The picture, and what it comes to.


def picture(links: Iterable[Link]) -> str:
    """The links as a line of steps, or one below the other where there is little room."""
    items = "".join(_step(place, link) for place, link in enumerate(links, start=1))
    return f'<ol class="rl-chain" role="list" aria-label="The chain of identity">{items}</ol>'


def _step(place: int, link: Link) -> str:
    value = f'<span class="rl-value">{_parted(link.value)}</span>' if link.value else ""
    return (
        f'<li class="rl-{link.state}"><i aria-hidden="true">{place}</i><strong>{escape(link.name)}</strong>'
        f"{value}<em>{_said(link)}</em></li>"
    )


def _said(link: Link) -> str:
    return "come through" if (link.name, link.state) == ("Rows", "holds") else _SAID[link.state]


def reasons(said: Verdict) -> str:
    """What the person sees and why, as paragraphs."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in (*said.reasons, said.remedy) if line)
    return f'<div class="rl-verdict"><p class="rl-headline">{escape(said.headline)}</p>{lines}</div>'


# The links from the sign-in to the role.


def sign_in(chain: Chain, now: datetime, time_of: TimeOf) -> str:
    """The links before Redshift, as far as they are there."""
    when = _When(now, time_of)
    if chain.tagged:
        return _id_token(chain, when) + _tagged_session(chain, when)
    return _id_token(chain, when) + _identity_center(chain, when) + _role_session(chain, when)


class _When:
    """Moments as a person reads them, with how long there is until then."""

    def __init__(self, now: datetime, time_of: TimeOf) -> None:
        self._now = now
        self._time_of = time_of

    def at(self, moment: datetime | None) -> str:
        """The time of day."""
        if moment is None:
            return _UNTOLD
        exact = moment.isoformat(timespec="seconds")
        return f'<time datetime="{exact}">{escape(self._time_of(moment))}</time>'

    def until(self, moment: datetime | None) -> str:
        """The time of day, and what is left until then; it ticks in the browser by itself."""
        if moment is None:
            return _UNTOLD
        left = max(0, int((moment - self._now).total_seconds()))
        if not 0 < left < _TICKS:
            return f"{self.at(moment)} {in_minutes(left) if left else 'over'}"
        ticks = f'<span>{in_minutes(left)}</span><b aria-hidden="true"></b>'
        return f'{self.at(moment)} <span class="rl-left" style="--from:{left}">{ticks}</span>'


def in_minutes(seconds: int) -> str:
    """How long it is, for who hears it or wants nothing to move."""
    if seconds < _MINUTE:
        return f"in {seconds} s"
    hours, minutes = divmod(seconds // _MINUTE, 60)
    return f"in {hours} h {minutes} min" if hours else f"in {minutes} min"


def _id_token(chain: Chain, when: _When) -> str:
    link = chain.signed_in
    pairs = [
        ("Issuer", _code(link.issuer)),
        ("Subject", _code(link.subject)),
        ("Email", _code(link.email)),
        ("Groups", ", ".join(map(_code, link.groups)) or _NONE),
        *(_tags(chain) if chain.tagged else ()),
        ("Signed in at", when.at(link.signed_in_at)),
        ("Expires at", when.until(link.expires_at)),
    ]
    said = "The identity provider vouches for you. Signature, issuer, audience, times and nonce were checked."
    return section(1, "ID token", said, _facts(pairs))


def _tags(chain: Chain) -> Iterable[tuple[str, str]]:
    """What the ID token says for AWS."""
    link = chain.signed_in
    yield "Tag RedshiftDbUser", _code(link.database_user)
    yield "Tag RedshiftDbRoles", ", ".join(map(_code, link.database_roles)) or _NONE


def _identity_center(chain: Chain, when: _When) -> str:
    user = chain.user
    if user is None:
        return section(2, "IAM Identity Center", _NOT_YET)
    pairs = [
        ("User id", _code(user.user_id) if user.user_id else _UNTOLD),
        ("Identity store", _code(user.identity_store) if user.identity_store else _UNTOLD),
        ("Application", _code(chain.application_arn)),
        ("Context expires at", when.until(user.expires_at)),
        *_renewal(chain, when),
    ]
    said = (
        "CreateTokenWithIAM took the ID token, once, and gave a context that names you in the identity "
        "store. Whatever is done with it, CloudTrail notes as done on behalf of this user id."
    )
    return section(2, "IAM Identity Center", said, _facts(pairs))


def _renewal(chain: Chain, when: _When) -> Iterable[tuple[str, str]]:
    renews_at = chain.renews_at or chain.ends_at
    yield "Renewed", f"with the first question after {when.until(renews_at)}, {_RENEWAL[chain.renewal]}"
    yield "This sign-in ends at", when.until(chain.ends_at)


def _tagged_session(chain: Chain, when: _When) -> str:
    """The second link where there is no IAM Identity Center."""
    session = chain.session
    if session is None:
        return section(2, "Role session", _NOT_YET)
    pairs = [
        ("Data role", _code(session.role_arn)),
        ("Role session name", _code(session.name)),
        ("Credentials expire at", when.until(session.expires_at)),
        *_renewal(chain, when),
    ]
    said = (
        "AssumeRoleWithWebIdentity took the ID token and put its tags, as the identity provider signed them, "
        "into a session of the data role. It queries the warehouse as the user and the roles that they name."
    )
    return section(2, "Role session", said, _facts(pairs))


def _role_session(chain: Chain, when: _When) -> str:
    session, bridge = chain.session, chain.bridge_role_arn
    if session is None:
        return section(3, "Role session", _NOT_YET)
    by = f"bridge role {_code(bridge)}" if bridge else "the role under which the app's host runs"
    pairs = [
        ("Data role", _code(session.role_arn)),
        ("Role session name", _code(session.name)),
        ("Credentials expire at", when.until(session.expires_at)),
        ("Exchanged by", by),
    ]
    said = "AssumeRole put the context into a session of the data role, which queries the warehouse as you."
    return section(3, "Role session", said, _facts(pairs))


# Redshift and its tables.


def redshift(known: Known) -> str:
    """The link after the role session: who the person is to Redshift."""
    who, chain = known.who, known.chain
    number, by = (3, _BY_TAG) if chain.tagged else (4, _HOW)
    if not isinstance(who, Who):
        return section(number, "Redshift", "", refused(who))
    pairs = [
        ("current_user", _code(who.user)),
        ("session_user", _code(who.session_user)),
        ("Roles", "<br>".join(f"{_code(role.name)} {escape(_how(role, by))}" for role in who.roles) or _NONE),
        ("Warehouse", f"{_code(chain.warehouse)}, database {_code(chain.database)}"),
        ("Asked by statement", _code(known.statement_id)),
    ]
    roles = (
        "each role of your tags that there is"
        if chain.tagged
        else "a role for each of your groups that has one"
    )
    said = f"To Redshift you are a database user of your own, with {roles}."
    body = _facts(pairs) + (refused(known.rights) if isinstance(known.rights, AppError) else "")
    return section(number, "Redshift", said, body)


def _how(role: Role, by: Mapping[str, str]) -> str:
    return f"through {role.through}" if role.how == "inherited" else by[role.how]


def table(known: Known, proven: Proven, marks: Marks) -> str:
    """The last links, of one table: SELECT, row-level security, and what comes through."""
    counted, plan, attached = proven.counted, proven.plan, proven.attached
    said, pairs = "", list[tuple[str, str]]()
    if isinstance(counted, QueryDenied):
        said = why_no_select(known, proven.table)
        answer = f"Permission denied: {counted.code}, statement {_code(counted.statement_id or '')}"
        pairs.append(("Redshift's answer to SELECT", answer))
    elif isinstance(counted, Counted):
        pairs.append(("SELECT", _sentence(held(known, proven.table))))
        pairs.append(("Row-level security", _sentence(secured(known, proven))))
        pairs.append(("Rows that come through", escape(formats.count(counted.rows, marks))))
        pairs += _from_where(counted, marks)
    if isinstance(plan, Plan) and plan.conditions:
        in_plan = plan.conditions if plan.simple else plan.lines
        pairs.append(("In Redshift's plan", "<br>".join(map(_code, in_plan))))
    failed = counted if isinstance(counted, AppError) and not isinstance(counted, QueryDenied) else None
    below = "".join(refused(each) for each in (failed, plan, attached) if isinstance(each, AppError))
    if isinstance(attached, tuple):
        below += _policies(attached, known)
    return section(None, proven.table, said, _facts(pairs) + below)


def _sentence(text: str) -> str:
    return escape(text[0].upper() + text[1:])


def _from_where(counted: Counted, marks: Marks) -> list[tuple[str, str]]:
    cut = " There are more than a page takes." if counted.cut else ""
    return [
        (_MANY[name], _values(name, values, marks) + cut) for name, values in counted.by.items() if values
    ]


def _values(name: Dimension, values: Sequence[tuple[str, int]], marks: Marks) -> str:
    said = [f"{escape(_named(name, value))} {formats.count(rows, marks)}" for value, rows in values]
    if len(said) <= _LISTED:
        return " · ".join(said)
    first, others = said[:_LISTED], said[_LISTED:]
    more = f"<details><summary>and {len(others)} more</summary>{' · '.join(others)}</details>"
    return f"{len(said)}: {' · '.join(first)}{more}"


def _named(name: Dimension, value: str) -> str:
    return formats.country(value) if name == "country" else value


def _policies(policies: Sequence[Attached], known: Known) -> str:
    """The policies by name, for who may read them: what each lets through, and for whom."""
    if not policies:
        return "<p>No policy is attached to it.</p>"
    head = '<tr><th scope="col">Policy</th><th scope="col">For</th><th scope="col">Lets through</th></tr>'
    rows = "".join(_policy(each, known) for each in policies)
    joined = " or ".join(sorted({each.conjunction.strip().upper() for each in policies}))
    how = f"<p>Where several hold for one person, {escape(joined)} joins them.</p>"
    return f'<table class="rl-policies"><thead>{head}</thead><tbody>{rows}</tbody></table>{how}'


def _policy(each: Attached, known: Known) -> str:
    yours = " (yours)" if isinstance(known.who, Who) and each.is_for(known.who) else ""
    through = escape(in_words(each.condition)) if each.condition else _UNTOLD
    off = "" if each.holds else " (off)"
    return (
        f'<tr><th scope="row">{_code(each.policy)}</th><td>{_code(each.grantee)}{yours}</td>'
        f"<td>{through}{off}</td></tr>"
    )


def refused(error: AppError) -> str:
    """What could not be learned and why, with its code."""
    return states.trouble(f"{error.message} {error.remedy}", error.quoted, role="status")


# What is on record.


def records(chain: Chain, shown: Table, trail: Trail, time_of: TimeOf) -> str:
    """What the page showed last, under the names by which the app and AWS keep it."""
    user, session = chain.user, chain.session
    pairs = [
        ("As of", escape(time_of(shown.as_of))),
        ("Statement", _code(shown.statement_id)),
        ("StatementName", _code(shown.label)),
        ("Audit event", f"{_code(event_id(shown))} of sign-in {_code(trail.session)}"),
        ("CloudTrail's user name", _code(session.name) if session else _UNTOLD),
    ]
    if not chain.tagged:
        user_id = _code(user.user_id) if user and user.user_id else _UNTOLD
        pairs.append(("CloudTrail's onBehalfOf.userId", user_id))
    said = "What the page showed last, as AWS and the app's own log keep it."
    return section(None, "On record", said, _facts(pairs))


def command(shown: Command) -> str:
    """What a command finds, and who may run it."""
    title, note = escape(shown.title), escape(shown.note)
    return f'<div class="rl-command"><strong>{title}</strong><span>{note}</span></div>'


# Their parts.


def section(number: int | None, title: str, said: str, body: str = "") -> str:
    """A part of the proof: its number in the picture, its name, what happened there, and what is known."""
    mark = f'<i aria-hidden="true">{number}</i>' if number else ""
    line = f"<p>{escape(said)}</p>" if said else ""
    return f'<section class="rl-link"><h2>{mark}{escape(title)}</h2>{line}{body}</section>'


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values; the values are HTML already."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in pairs)
    return f'<dl class="rl-facts">{rows}</dl>'


def _code(text: str) -> str:
    """A name of AWS's or the warehouse's, to be read letter by letter."""
    return f"<code>{_parted(text)}</code>" if text else _NONE


def _parted(text: str) -> str:
    """A long name, which breaks where its parts do."""
    return _PARTED.sub("<wbr>", escape(text))
