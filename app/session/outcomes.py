"""What the sessions tell: who is there, what an end leaves, and why a sign-in is refused."""

from dataclasses import dataclass, field

from app.auth.standing import Standing
from app.errors import SignInError, SignInRefused


@dataclass(frozen=True)
class Farewell:
    """What a sign-out leaves: where the browser goes, and what could not be done."""

    url: str = field(repr=False)
    problem: SignInError | None = None


@dataclass(frozen=True)
class Ended:
    """What was at the end of a session, where it was this end that ended it, and what could not be done."""

    standing: Standing | None = field(default=None, repr=False)
    problem: SignInError | None = None


@dataclass(frozen=True)
class Listed:
    """A session as administrators may know it."""

    reference: str
    person: str
    groups: tuple[str, ...]  # as the identity provider named them; for display only
    started_at: str
    used_at: str
    ends_at: str


@dataclass(frozen=True)
class Load:
    """How much a process has to do."""

    sessions: int  # signed in, and used here
    tabs: int  # open connections of theirs


def not_under_way() -> SignInRefused:
    """A sign-in that is not under way in this browser."""
    return SignInRefused(
        "This sign-in was finished already, took too long, or began in another browser.",
        "Sign in again.",
        code="RL-223",
    )


def no_ticket() -> SignInRefused:
    """A ticket that is not for this browser, or no more."""
    return SignInRefused(
        "This sign-in was finished already, took too long, or began in another browser.",
        "Sign in again.",
        code="RL-236",
    )


def yourself() -> SignInRefused:
    """The first person once more, as the second."""
    return SignInRefused(
        "You are on the other side already: two people stand side by side.",
        "Sign in as somebody else.",
        code="RL-239",
    )


def no_place() -> SignInRefused:
    """A second person, where there is no place for one."""
    return SignInRefused(
        "Two people side by side are for demonstrations, and switched off here.",
        "Have your administrator set DEMO_COMPARE to on.",
        code="RL-240",
    )
