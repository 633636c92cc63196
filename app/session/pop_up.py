"""What is in the middle of a sign-in by the pop-up."""

from collections.abc import Callable

from app.auth.attempt import Attempt, SignedIn
from app.errors import AppError, SessionExpired, SignInError
from app.session.assembly import Services
from app.session.sessions import refused


class PopUp:
    """A tab's one attempt at a time; `notice` says why the last came to nothing."""

    def __init__(self, way: str) -> None:
        """`way` is what the audit trail calls it."""
        self._way = way
        self._attempt: Attempt | None = None
        self.notice: AppError | None = None

    def _ongoing(self, shared: Services, *, prompt: str | None) -> Attempt:
        """The one under way, or a new one."""
        if self._attempt is None:
            self._attempt = Attempt.begin(shared.provider, shared.settings.popup_uri, prompt=prompt)
        return self._attempt

    def _end_attempt(self, value: object, shared: Services, then: Callable[[SignedIn], None]) -> None:
        """Ends the attempt: `then` has whoever signed in, or a notice says why there is nobody.

        Raises SessionExpired where the session in which this happens is over.
        """
        # Taken away before it is used: whatever comes of it, no answer is ever looked at a second time.
        attempt, self._attempt, self.notice = self._attempt, None, None
        if attempt is None:
            return
        try:
            then(attempt.complete(value, shared.provider))
        except SessionExpired:
            raise
        except AppError as error:
            if isinstance(error, SignInError):
                refused(error, way=self._way)
            self.notice = error
