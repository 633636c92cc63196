"""Streamlit lets the pages of its own hosting steer an app by messages: this one is steered by nobody."""

from tests.app.test_asgi import SETTINGS, started


def test_no_other_site_may_steer_the_page(tmp_path):
    with started(tmp_path, **SETTINGS, SIGN_IN="popup") as running:
        told = running.get("/_stcore/host-config").json()
    assert told["allowedOrigins"] == []
    assert (told["useExternalAuthToken"], told["enableCustomParentMessages"]) == (False, False)
