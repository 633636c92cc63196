"""The place beside a tab's person: a second person's way in and out, where DEMO_COMPARE is on."""

from functools import partial

from app.auth.attempt import Attempt
from app.errors import SessionExpired
from app.session.assembly import Services
from app.session.pop_up import PopUp
from app.session.user import UserSession


class Beside(PopUp):
    """A second person beside the first, and a sign-in of theirs that is under way in this tab.

    They are a guest of the first's sign-in and not of one tab's memory: the store knows, under the first's
    session, who sits beside it. So a reload loses nobody and every tab of the first shows the same guest;
    and there is one thing to end, whichever way it goes: by the button, by the first's sign-out or expiry,
    by somebody else's sign-in in this browser, by the guest's own expiry. Were they a tab's, a reload would
    leave a session behind that nobody can end any more. The browser has no part in it: the guest's session
    has no cookie, and its id is thrown away as soon as it is made.
    """

    def __init__(self, first: str) -> None:
        """`first` is the id of the first person's session, which this tab's cookie names."""
        super().__init__("beside")
        self._first = first

    def user(self, shared: Services) -> UserSession | None:
        """The guest, now at work; None where nobody sits there; SessionExpired where theirs is over."""
        return shared.sessions.guest(self._first)

    def attempt(self, shared: Services) -> Attempt:
        """The sign-in under way, or a new one, for which the provider asks who it is."""
        return self._ongoing(shared, prompt="login")

    def answer(self, value: object, shared: Services) -> None:
        """Ends the attempt: a guest sits there, or a notice says why not; raises what ended the first."""
        self._end_attempt(value, shared, partial(shared.sessions.seat, beside=self._first))

    def end(self, shared: Services) -> None:
        """Signs the guest out, here and at the provider; a notice says what that one did not confirm."""
        self.notice = shared.sessions.dismiss(self._first)

    def expire(self, expired: SessionExpired, shared: Services) -> None:
        """Ends the guest's session for the reason that their side of the page met."""
        shared.sessions.expire_guest(self._first, expired)
