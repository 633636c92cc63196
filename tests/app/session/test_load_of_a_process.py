"""How many people a process has: those who are signed in and at work on it, and their open tabs."""

from app.session.cookies import new_id
from app.session.outcomes import Load

OPEN, CLOSED = "open", "closed"


def connected(tab):
    return tab.startswith(OPEN)


def test_whoever_signs_in_counts_and_so_do_their_open_tabs(scene, sessions):
    assert sessions.load(connected) == Load(0, 0)
    first, second = scene.sign_in(sessions), scene.sign_in(sessions)
    for tab, session_id in (
        (OPEN, first),
        (f"{OPEN} too", first),
        (CLOSED, first),
        (f"{OPEN} as well", second),
    ):
        sessions.note_tab(tab, session_id, scene.visitor)
    assert sessions.load(connected) == Load(sessions=2, tabs=3)


def test_a_stranger_counts_for_nothing_whatever_their_cookie(scene, sessions):
    scene.sign_in(sessions)
    sessions.note_tab(OPEN, "", scene.visitor)
    sessions.note_tab(f"{OPEN} too", new_id(), new_id())
    assert sessions.load(connected) == Load(sessions=1, tabs=0)


def test_who_works_on_another_process_counts_there(scene, sessions):
    session_id, elsewhere = scene.sign_in(sessions), scene.sessions()
    assert elsewhere.load(connected) == Load(0, 0)
    elsewhere.find(session_id)
    elsewhere.note_tab(OPEN, session_id, scene.visitor)
    assert elsewhere.load(connected) == Load(1, 1)


def test_who_leaves_or_stays_away_counts_no_more(scene, sessions):
    gone, idle = scene.sign_in(sessions), scene.sign_in(sessions)
    for session_id in (gone, idle):
        sessions.note_tab(f"{OPEN} {session_id}", session_id, scene.visitor)
    sessions.end(gone)
    assert sessions.load(connected) == Load(1, 1)
    scene.clock.forward(seconds=3600)
    sessions.sweep()
    assert sessions.load(connected) == Load(0, 0)
