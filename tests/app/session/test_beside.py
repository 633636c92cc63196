"""A second person beside the first: a session of their own that no browser can reach, and how it ends."""

import logging
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.errors import SessionExpired, SignInRefused, StoreUnavailable
from app.session import Services
from app.session.beside import Beside
from app.session.cookies import digest, new_id
from app.session.guests import Guests
from app.session.visit import Cookies, Visit
from tests.app.session.scene import Scene, code, over, people
from tests.app.session.test_lost_answers import losing

ETHAN = {"sub": "person-2", "email": "ethan@example.com", "name": "Ethan Global", "groups": ["exec-global"]}
FRANK = "frank@example.com"


class Stage:
    """Ethan, who is signed in, and the place beside him."""

    def __init__(self, scene):
        self.scene, self.sessions = scene, scene.sessions()
        self.shared = Services(scene.settings, self.sessions._provider, self.sessions)
        self.first = scene.sign_in(self.sessions, **ETHAN)  # his cookie's value
        self.beside = Beside(self.first)  # as one of his tabs has it

    def grant(self, beside=None, **claims):
        """Somebody agrees at the provider, who calls them Frank unless told otherwise."""
        return self.scene.idp.grant((beside or self.beside).attempt(self.shared).url, **claims)

    def join(self, **claims):
        """The whole of it: whoever sits there then."""
        self.beside.answer(self.grant(**claims), self.shared)
        return self.beside.user(self.shared)


@pytest.fixture
def stage(clock):
    return Stage(Scene(clock, demo_compare="on"))


class TestSigningIn:
    def test_each_is_a_session_of_their_own(self, stage):
        guest, ethan = stage.join(), stage.sessions.find(stage.first)
        assert (ethan.identity.email, guest.identity.email) == ("ethan@example.com", FRANK)
        assert people(stage.sessions) == ["ethan@example.com", FRANK]
        assert guest.warehouse is not ethan.warehouse
        assert guest.reference != ethan.reference
        assert (guest.trail.person, guest.trail.session) == (FRANK, guest.reference)
        assert guest.keys().access_key_id != ethan.keys().access_key_id
        assert stage.beside.notice is None

    def test_the_provider_is_told_to_ask_who_it_is_in_the_pop_up(self, stage):
        asked = parse_qs(urlsplit(stage.beside.attempt(stage.shared).url).query)
        assert asked["prompt"] == ["login"]
        assert asked["redirect_uri"] == [stage.shared.settings.popup_uri]
        assert asked["code_challenge_method"] == ["S256"]
        assert stage.beside.attempt(stage.shared) is stage.beside.attempt(stage.shared)

    def test_it_is_told_in_the_audit_trail(self, stage, caplog):
        with caplog.at_level(logging.INFO, "app.audit"):
            guest = stage.join()
        [told] = [each for each in caplog.records if each.message == "sign-in"]
        assert (told.person, told.session, told.way) == (FRANK, guest.reference, "beside")

    def test_every_tab_process_and_reload_finds_the_same_guest(self, stage):
        guest, elsewhere = stage.join(), stage.scene.sessions()
        assert Beside(stage.first).user(stage.shared) is guest
        assert elsewhere.guest(stage.first).reference == guest.reference

    @pytest.mark.parametrize(
        "claims",
        [ETHAN, {**ETHAN, "sub": "person-3"}, {**ETHAN, "email": "ethan.global@example.com"}],
        ids=["same", "same email", "same subject"],
    )
    def test_nobody_stands_beside_themselves(self, stage, claims):
        assert stage.join(**claims) is None
        assert stage.beside.notice.code == "RL-239"
        assert people(stage.sessions) == ["ethan@example.com"]
        assert stage.sessions.find(stage.first).keys()
        # A provider that keeps one grant for a person would end the first's with it.
        assert stage.scene.revoked == []

    def test_another_guest_takes_the_place_and_the_one_before_leaves(self, stage):
        frank = stage.join()
        alex = stage.join(sub="person-4", email="alex@example.com")
        assert stage.beside.user(stage.shared) is alex
        assert people(stage.sessions) == ["alex@example.com", "ethan@example.com"]
        assert code(SessionExpired, frank.admit) == "RL-233"
        assert stage.scene.revoked == [stage.scene.refresh_tokens[1]]

    def test_a_guest_who_signs_in_once_more_keeps_what_the_provider_gave_last(self, stage):
        stage.join()
        again = stage.join()
        assert stage.beside.user(stage.shared) is again
        assert stage.scene.revoked == []

    def test_each_first_has_a_place_of_their_own(self, stage):
        ming = stage.scene.sign_in(stage.sessions, sub="person-5", email="ming@example.com")
        stage.join()
        assert stage.sessions.guest(ming) is None
        assert stage.sessions.dismiss(ming) is None
        assert stage.sessions.guest(stage.first) is not None


class TestForged:
    """What a browser says beside is anybody's text."""

    @pytest.mark.parametrize("extra", ["token", "id_token", "access_token", "session", "ticket", "identity"])
    def test_a_value_without_a_code_makes_nobody_the_second(self, stage, extra):
        frank = stage.scene.idp.token(nonce=stage.beside.attempt(stage.shared).nonce)
        forged = {extra: {"id_token": frank, "access_token": "a"}, "id_token": frank}
        stage.beside.answer({**forged, "state": stage.beside.attempt(stage.shared).state}, stage.shared)
        assert stage.beside.notice.code == "RL-224"
        assert stage.beside.user(stage.shared) is None
        assert stage.scene.idp.count("/token") == 1  # the first's own
        assert people(stage.sessions) == ["ethan@example.com"]

    def test_a_state_that_was_not_begun_here_is_refused_and_spends_the_attempt(self, stage):
        answer = stage.grant()
        stage.beside.answer({**answer, "state": "forged"}, stage.shared)
        assert stage.beside.notice.code == "RL-223"
        stage.beside.answer(answer, stage.shared)
        assert (stage.beside.user(stage.shared), stage.beside.notice) == (None, None)

    def test_an_answer_is_good_once(self, stage):
        answer = stage.grant()
        stage.beside.answer(answer, stage.shared)
        stage.beside.end(stage.shared)
        stage.beside.attempt(stage.shared)
        stage.beside.answer(answer, stage.shared)
        assert (stage.beside.user(stage.shared), stage.beside.notice.code) == (None, "RL-223")

    def test_a_code_of_somebody_elses_sign_in_is_refused(self, stage):
        """Stolen, it was begun with another verifier."""
        stolen = stage.scene.begin(stage.sessions, visitor=new_id())
        state = stage.beside.attempt(stage.shared).state
        stage.beside.answer({"code": stolen["code"], "state": state}, stage.shared)
        assert (stage.beside.user(stage.shared), stage.beside.notice.code) == (None, "RL-225")

    def test_a_token_of_another_sign_in_is_refused(self, stage):
        stage.beside.answer(stage.grant(nonce="of-another"), stage.shared)
        assert (stage.beside.user(stage.shared), stage.beside.notice.code) == (None, "RL-217")

    def test_what_was_declined_leaves_the_first_as_they_were(self, stage):
        state = stage.beside.attempt(stage.shared).state
        stage.beside.answer({"error": "access_denied", "state": state}, stage.shared)
        assert stage.beside.notice.code == "RL-221"
        assert stage.sessions.holds(stage.first)

    def test_the_seconds_answer_is_no_sign_in_of_the_first(self, stage):
        """By neither of the first's ways does it become a cookie."""
        answer = stage.grant()
        assert (
            code(SignInRefused, stage.sessions.claim, state=answer["state"], visitor=stage.scene.visitor)
            == "RL-223"
        )
        tab = Visit(Cookies(visitor=stage.scene.visitor))
        tab.attempt(stage.shared)
        tab.answer(answer, stage.shared)
        assert (tab.ticket, tab.notice.code) == (None, "RL-223")
        for made_up in (answer["state"], answer["code"], new_id(), stage.first):
            redeemed = code(
                SignInRefused,
                stage.sessions.redeem,
                made_up,
                visitor=stage.scene.visitor,
                replaces=stage.first,
            )
            assert redeemed == "RL-236"
        assert stage.sessions.find(stage.first).identity.email == "ethan@example.com"

    def test_the_firsts_answer_is_no_sign_in_of_the_second(self, stage):
        tab = Visit(Cookies(visitor=stage.scene.visitor))
        answer = stage.scene.idp.grant(tab.attempt(stage.shared).url)
        stage.beside.attempt(stage.shared)
        stage.beside.answer(answer, stage.shared)
        assert (stage.beside.user(stage.shared), stage.beside.notice.code) == (None, "RL-223")
        assert stage.scene.idp.count("/token") == 1

    def test_no_cookie_opens_the_guests_session(self, stage):
        guest = stage.join()
        known = [
            guest.key,
            guest.reference,
            guest.key.partition("#")[2],
            digest(guest.key),
            stage.first[::-1],
        ]
        assert [stage.sessions.holds(each) for each in known] == [False] * len(known)
        assert {over(stage.sessions, each) for each in known} == {"RL-233"}

    @pytest.mark.parametrize("made_up", ["", "x", "A" * 43, "session#0"])
    def test_nobody_stands_beside_a_session_that_is_none(self, stage, made_up):
        nobody = Beside(made_up)
        answer = stage.grant(nobody)
        assert code(SessionExpired, nobody.answer, answer, stage.shared) == "RL-233"
        assert nobody.user(stage.shared) is None
        assert people(stage.sessions) == ["ethan@example.com"]

    def test_nothing_of_it_shows_a_secret(self, stage):
        attempt = stage.beside.attempt(stage.shared)
        shown = [repr(stage.beside), repr(vars(Visit(Cookies(stage.first, stage.scene.visitor))))]
        guest = stage.join()
        keys = guest.keys()
        shown += [
            repr(guest),
            repr(stage.beside),
            repr(stage.sessions.listing()),
            repr(stage.sessions.dismiss(stage.first)),
        ]
        secrets = [
            stage.first,
            attempt.state,
            attempt.nonce,
            attempt.verifier,
            guest.identity.token,
            guest.key,
        ]
        secrets += [keys.secret_access_key, keys.session_token, *stage.scene.refresh_tokens]
        assert not [secret for secret in secrets for text in shown if secret in text]


def idle(scene, sessions, first):
    scene.clock.forward(minutes=31)
    assert over(sessions, first) == "RL-232"


def unused(scene, sessions, first):
    scene.clock.forward(minutes=31)
    sessions.sweep()


def day_over(scene, sessions, first):
    for _ in range(17):
        scene.clock.forward(minutes=29)
        if sessions.holds(first):
            sessions.find(first)
            sessions.guest(first)
    assert over(sessions, first) == "RL-231"


def signed_out(scene, sessions, first):
    assert sessions.end(first).problem is None


def signed_out_elsewhere(scene, sessions, first):
    scene.sessions().end(first)


def somebody_else(scene, sessions, first):
    scene.sign_in(sessions, replaces=first, sub="person-5", email="ming@example.com")


def refused_by_aws(scene, sessions, first):
    sessions.expire(first, SessionExpired("over", "again", code="RL-230"))


ENDS = [idle, unused, day_over, signed_out, signed_out_elsewhere, somebody_else, refused_by_aws]


class TestEndingWithTheFirst:
    @pytest.mark.parametrize("end", ENDS)
    def test_whatever_ends_the_first_ends_the_second_at_the_provider_too(self, stage, end):
        guest = stage.join()
        tokens = stage.scene.refresh_tokens[:2]
        end(stage.scene, stage.sessions, stage.first)
        assert sorted(stage.scene.revoked) == sorted(tokens)
        with pytest.raises(SessionExpired):
            guest.admit()
        assert stage.sessions.guest(stage.first) is None
        assert set(people(stage.sessions)) <= {"ming@example.com"}

    def test_the_same_person_who_signs_in_again_begins_without_a_guest(self, stage):
        stage.join()
        again = stage.scene.sign_in(stage.sessions, replaces=stage.first, **ETHAN)
        assert stage.sessions.guest(again) is None
        assert stage.scene.revoked == [stage.scene.refresh_tokens[1]]  # the first's own grant is in use again

    def test_the_guest_who_becomes_the_first_keeps_what_the_provider_has_just_given(self, stage):
        guest = stage.join()
        frank = stage.scene.sign_in(stage.sessions, replaces=stage.first)
        assert stage.scene.revoked == [stage.scene.refresh_tokens[0]]
        assert code(SessionExpired, guest.admit) == "RL-233"
        assert stage.sessions.find(frank).identity.email == FRANK

    def test_a_tab_whose_owner_changes_leaves_no_guest(self, stage):
        stage.join()
        Visit(Cookies(stage.first, stage.scene.visitor)).beside.end(stage.shared)
        assert people(stage.sessions) == ["ethan@example.com"]

    def test_at_the_provider_the_browser_is_the_guests(self, stage):
        stage.sessions.find(stage.first).keys()
        token = str(stage.join().identity.token)
        stage.beside.user(stage.shared).keys()
        [hint] = parse_qs(urlsplit(stage.sessions.end(stage.first).url).query)["id_token_hint"]
        assert hint == token

    def test_a_revocation_that_fails_is_told(self, stage):
        stage.join()
        stage.scene.idp.answers["/revoke"] = httpx.Response(503)
        assert stage.sessions.end(stage.first).problem.code == "RL-235"

    def test_who_signs_out_while_somebody_sits_down_leaves_nobody_behind(self, stage, monkeypatch):
        seat = Guests.seat

        def sign_out_first(self, *where, **how):
            stage.sessions.end(stage.first)
            return seat(self, *where, **how)

        monkeypatch.setattr(Guests, "seat", sign_out_first)
        assert code(SessionExpired, stage.beside.answer, stage.grant(), stage.shared) == "RL-233"
        assert people(stage.sessions) == []
        assert sorted(stage.scene.revoked) == sorted(stage.scene.refresh_tokens)


class TestEndingAlone:
    def test_a_button_ends_the_second_and_the_first_works_on(self, stage):
        guest, ethan = stage.join(), stage.sessions.find(stage.first)
        keys = ethan.keys().access_key_id
        stage.beside.end(stage.shared)
        assert stage.scene.revoked == [stage.scene.refresh_tokens[1]]
        assert code(SessionExpired, guest.admit) == "RL-233"
        assert (stage.beside.user(stage.shared), stage.beside.notice) == (None, None)
        assert stage.sessions.find(stage.first).keys().access_key_id == keys
        stage.beside.end(stage.shared)  # in another tab
        assert len(stage.scene.revoked) == 1

    def test_what_the_provider_does_not_confirm_is_told(self, stage):
        stage.join()
        stage.scene.idp.answers["/revoke"] = httpx.Response(503)
        stage.beside.end(stage.shared)
        assert stage.beside.notice.code == "RL-235"
        assert stage.beside.user(stage.shared) is None
        assert stage.sessions.holds(stage.first)

    def test_unused_it_ends_by_itself_and_says_why_until_somebody_comes(self, stage):
        stage.join()
        for _ in range(2):
            stage.scene.clock.forward(minutes=16)
            stage.sessions.find(stage.first)
        assert code(SessionExpired, stage.beside.user, stage.shared) == "RL-232"
        assert code(SessionExpired, stage.beside.user, stage.shared) == "RL-232"
        assert stage.scene.revoked == [stage.scene.refresh_tokens[1]]
        assert stage.sessions.find(stage.first).identity.email == "ethan@example.com"
        assert stage.join().identity.email == FRANK

    def test_what_their_side_met_ends_theirs_and_is_told(self, stage):
        stage.join()
        stage.beside.expire(SessionExpired("over", "again", code="RL-234"), stage.shared)
        assert code(SessionExpired, stage.beside.user, stage.shared) == "RL-234"
        assert stage.sessions.holds(stage.first)

    def test_their_credentials_are_renewed_as_anybodys(self, stage):
        guest = stage.join()
        before = guest.keys()
        for _ in range(2):
            stage.scene.clock.forward(minutes=25)
            stage.sessions.find(stage.first)
            stage.beside.user(stage.shared)
        assert guest.keys().access_key_id != before.access_key_id
        assert guest.identity.email == FRANK


class TestStore:
    def test_a_store_out_of_reach_is_told_and_nobody_sits_there(self, stage, monkeypatch):
        answer = stage.grant()

        def fail(*_, **__):
            raise StoreUnavailable("no", "later")

        with monkeypatch.context() as patch:
            patch.setattr(stage.scene.store, "add", fail)
            stage.beside.answer(answer, stage.shared)
        assert stage.beside.notice.code == "RL-110"
        assert stage.beside.user(stage.shared) is None

    @pytest.mark.parametrize("operation", ["add", "swap"])
    def test_an_answer_that_got_lost_seats_the_guest_once(self, stage, monkeypatch, operation):
        frank = stage.join() if operation == "swap" else None
        guests, other = Guests(stage.scene.store), new_id()
        losing(monkeypatch, stage.scene.store, operation)
        key = stage.sessions.find(stage.first).key
        before = guests.seat(key, other, expires_at=stage.scene.clock.seconds() + 60)
        assert before == (frank.key if frank else "")
        assert guests.of(key) == other

    def test_an_answer_that_got_lost_ends_the_guest_all_the_same(self, stage, monkeypatch):
        stage.join()
        losing(monkeypatch, stage.scene.store, "take")
        stage.beside.end(stage.shared)
        assert stage.beside.user(stage.shared) is None
        assert stage.scene.revoked == [stage.scene.refresh_tokens[1]]

    def test_the_store_knows_nothing_that_opens_a_session(self, stage):
        guest = stage.join()
        [(key, entry)] = stage.scene.store.entries("guest")
        assert key == "guest#" + stage.sessions.find(stage.first).key.partition("#")[2]
        assert entry.value.decode() == guest.key


class TestSwitchedOff:
    def test_nobody_sits_beside_anybody(self, clock):
        stage = Stage(Scene(clock))
        assert stage.join() is None
        assert stage.beside.notice.code == "RL-240"
        assert people(stage.sessions) == ["ethan@example.com"]
        assert stage.sessions.dismiss(stage.first) is None
        assert list(stage.scene.store.entries("guest")) == []

    @pytest.mark.parametrize("switched", ["on", "off"])
    def test_the_provider_asks_who_it_is_only_where_two_share_a_browser(self, clock, switched):
        stage = Stage(Scene(clock, demo_compare=switched))
        asks = "prompt=login" in Visit(Cookies(visitor=stage.scene.visitor)).attempt(stage.shared).url
        assert asks == (switched == "on")
