"""What can go wrong, as people read it.

AppError(message, remedy)
├ SettingsError                  the app is not set up
├ StoreUnavailable               nobody can tell who is signed in
├ SignInError
│ ├ InvalidToken                 an ID token that must not be trusted
│ ├ SignInRefused                the provider or the person said no
│ └ SessionExpired               signed in once, no longer
├ AccessError
│ ├ ExchangeRefused              the token is not accepted: by IAM Identity Center, or for its tags
│ ├ RoleRefused                  STS does not hand out the role
│ └ NotAssigned                  the person is unknown or not assigned
├ ExportError                    a file to take along is too large, or cannot be made
├ StatementRefused               a person's own statement that is not plainly one query
├ PolicyFileRefused              a file of policy tests that cannot be used
└ QueryError(query_name, statement_id, cause)
  ├ QueryDenied                  the warehouse refuses the person
  ├ QueryFailed                  the statement is at fault
  ├ QueryTimedOut                it took longer than QUERY_TIMEOUT_SECONDS
  ├ QueryCancelled               somebody stopped it
  └ WarehouseBusy                quotas or connections are used up

`message` says what happened and why; `remedy` says what to do; `code` is for the person to quote and
for the admin to search by. None of them ever carries a token, a key or a secret.
"""

from collections.abc import Sequence
from typing import Self


class AppError(Exception):
    """Something that a person can be told."""

    code = "RL-000"

    def __init__(self, message: str, remedy: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code is not None:
            self.code = code

    @property
    def quoted(self) -> str:
        """What the person quotes to the admin."""
        return f"Code {self.code}"

    def anew(self) -> Self:
        """The same to be raised once more: one that is raised twice would lengthen the other's traceback."""
        again = type(self).__new__(type(self), *self.args)
        vars(again).update(vars(self))
        return again


class SettingsError(AppError):
    """The app's settings are incomplete or wrong."""

    code = "RL-100"


class StoreUnavailable(AppError):
    """The store that keeps the sessions does not answer."""

    code = "RL-110"


class SignInError(AppError):
    """Nobody is signed in."""

    code = "RL-200"


class InvalidToken(SignInError):
    """The ID token cannot be trusted."""

    code = "RL-210"


class SignInRefused(SignInError):
    """The provider, or the person at it, refused."""

    code = "RL-220"


class SessionExpired(SignInError):
    """The sign-in is over and cannot be renewed silently."""

    code = "RL-230"


class AccessError(AppError):
    """Signed in, but AWS does not let this person through."""

    code = "RL-300"


class ExchangeRefused(AccessError):
    """The ID token is not accepted: by IAM Identity Center or, by session tags, for what they name."""

    code = "RL-310"


class RoleRefused(AccessError):
    """STS does not hand out the role."""

    code = "RL-320"


class NotAssigned(AccessError):
    """The person is not known to IAM Identity Center, or not assigned to the application."""

    code = "RL-330"


class ExportError(AppError):
    """What a page shows cannot be made a file."""

    code = "RL-500"


class StatementRefused(AppError):
    """A person's own text is not sent: it is not plainly one query that only reads."""

    code = "RL-460"


class PolicyFileRefused(AppError):
    """A file of policy tests is not as docs/policy-tests.md says."""

    code = "RL-470"

    def __init__(self, faults: Sequence[str], *, code: str) -> None:
        """`faults` are all that is wrong with it, each with its line and code."""
        message = faults[0] if len(faults) == 1 else f"{len(faults)} things are wrong with the file."
        super().__init__(message, "Mend the file: docs/policy-tests.md says what it holds.", code=code)
        self.faults = tuple(faults)


class QueryError(AppError):
    """A query did not give its result."""

    code = "RL-400"

    def __init__(
        self,
        message: str,
        remedy: str,
        *,
        query_name: str,
        statement_id: str | None,
        code: str | None = None,
        cause: str | None = None,
        said: str = "",
    ) -> None:
        """`cause` is AWS's name of the error or its SDK's, never a text of theirs: that may hold SQL.

        `said` is such a text: for whoever wrote the statement, on their page, and for no log.
        """
        super().__init__(message, remedy, code=code)
        self.query_name = query_name
        self.statement_id = statement_id
        self.cause = cause
        self.said = said

    @property
    def quoted(self) -> str:
        return f"{super().quoted} {self.statement_id or ''}".rstrip()


class QueryDenied(QueryError):
    """The warehouse refuses the person."""

    code = "RL-410"


class QueryFailed(QueryError):
    """The warehouse could not run the statement."""

    code = "RL-420"


class QueryTimedOut(QueryError):
    """The statement took too long and was cancelled."""

    code = "RL-430"


class QueryCancelled(QueryError):
    """The statement was stopped."""

    code = "RL-440"


class WarehouseBusy(QueryError):
    """The warehouse, or the account's quota, has no room now."""

    code = "RL-450"
