"""Tabs of browsers: the script runs in each of them as in Streamlit, over real sessions."""

import html
import json
import re
from functools import partialmethod
from pathlib import Path
from types import SimpleNamespace

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.testing.v1 import AppTest, local_script_runner

from app import main, session
from app.session import visit as visits
from app.session.assembly import Services
from app.session.cookies import new_id
from app.session.visit import Cookies
from tests.app.session.scene import Scene

APP_URL = "https://app.example.com"


class Browser:
    """What one browser keeps: the cookies that all its tabs send."""

    def __init__(self, *, session="", visitor=None, said=""):
        self.cookies = Cookies(session=session, visitor=new_id() if visitor is None else visitor, said=said)


class House:
    """The app, and everybody who comes to it; replaces what a test cannot have: cookies of a connection."""

    def __init__(self, monkeypatch, **settings):
        self.scene = Scene(**{"sign_in": "popup", **settings})
        self.sessions = self.scene.sessions()
        self.shared = Services(self.scene.settings, self.sessions._provider, self.sessions)
        self.monkeypatch = monkeypatch
        self.asking = Cookies()
        monkeypatch.setattr(session, "services", lambda: self.shared)
        monkeypatch.setattr(visits, "cookies", lambda _: self.asking)
        # As app.asgi tells Streamlit.
        handled = partialmethod(ScriptRunner.__init__, on_script_error=main.on_script_error)
        monkeypatch.setattr(ScriptRunner, "__init__", handled)
        self.shows(lambda _warehouse, name: main.st.subheader(f"For {name}"))

    def shows(self, *renders):
        """Replaces the pages."""
        views = tuple(
            SimpleNamespace(title=f"View {number}", path=f"view-{number}", render=render)
            for number, render in enumerate(renders)
        )
        self.monkeypatch.setattr("app.main.VIEWS", views)
        self.monkeypatch.setattr(
            "app.main.render", lambda view, reader: view.render(reader.warehouse, reader.name)
        )

    def browser(self, **claims):
        """The browser of somebody who is signed in."""
        browser = Browser()
        session_id = self.scene.sign_in(self.sessions, visitor=browser.cookies.visitor, **claims)
        return Browser(session=session_id, visitor=browser.cookies.visitor)

    def tab(self, browser=None, *, at="/", query=None, timezone=None):
        """A tab that has just opened the page at this path."""
        return Tab(self, browser or Browser(), at=at, query=query, timezone=timezone)


class Tab:
    """One tab, and what a person sees in it."""

    def __init__(self, house, browser, *, at, query, timezone):
        self.house, self.browser = house, browser
        self.page = AppTest.from_file(str(Path(main.__file__).with_name("script.py")), default_timeout=20)
        self.page.context = {"url": APP_URL + at, "timezone": timezone}
        self.page.query_params = dict(query or {})
        self.run()

    def run(self, states=None):
        """The script runs once more, as after any action of the person."""
        self.house.asking = self.browser.cookies
        self.page._run(states) if states is not None else self.page.run()
        assert not self.page.exception
        return self

    def press(self, label):
        """Presses a button of Streamlit's."""
        next(button for button in self._tree.get("button") if button.label == label).click()
        return self.run()

    def answer(self, value, *, component=None):
        """The pop-up's component sends a value, as anybody can who has the page."""
        states = WidgetStates()
        state = states.widgets.add()
        state.id, state.json_value = component or self.component.proto.id, json.dumps(value)
        return self.run(states)

    def wait(self):
        """Nobody does anything: what runs by itself every now and then runs, and nothing else."""
        fragments = list(self.page._fragment_storage._fragments)
        with self.house.monkeypatch.context() as patch:
            patch.setattr(
                local_script_runner,
                "RerunData",
                lambda **rest: RerunData(fragment_id_queue=fragments, is_auto_rerun=True, **rest),
            )
            return self.run()

    def hand_over(self):
        """The browser sends the page's form with the ticket; from now on it has the session's cookie."""
        visitor = self.browser.cookies.visitor
        ticket = self.fields("/auth/session")["ticket"]
        replaces = self.browser.cookies.session
        session_id = self.house.sessions.redeem(ticket, visitor=visitor, replaces=replaces)
        return Browser(session=session_id, visitor=visitor)

    @property
    def _tree(self):
        return self.page._tree

    @property
    def component(self):
        """The pop-up's button."""
        [component] = self._tree.get("component_instance")
        return component

    @property
    def components(self):
        """How many of the pop-up's buttons there are."""
        return len(self._tree.get("component_instance"))

    @property
    def authorization_url(self):
        """Where the pop-up's button leads."""
        return json.loads(self.component.proto.json_args)["authorization_url"]

    @property
    def sent(self):
        """All that is sent to the browser for the page."""
        return "\n".join(str(message) for message in self._elements())

    @property
    def buttons(self):
        """Streamlit's buttons."""
        return sorted(button.label for button in self._tree.get("button"))

    @property
    def dialog(self):
        """The title of the dialog over the page, or an empty text."""
        return next((message.dialog.title for message in self._elements() if _is_dialog(message)), "")

    @property
    def text(self):
        """All that is on the page, element by element."""
        return "\n".join(
            str(getattr(element, "body", "") or getattr(element, "label", "")) for element in self._elements()
        )

    def _elements(self):
        blocks = list(self._tree.children.values())
        while blocks:
            block = blocks.pop(0)
            children = getattr(block, "children", {})
            blocks[:0] = list(children.values())
            if block.proto is not None:
                yield block.proto

    @property
    def links(self):
        """Where the page's own links lead."""
        return [html.unescape(target) for target in re.findall(r'<a [^>]*href="([^"]*)"', self.text)]

    def fields(self, form):
        """The hidden fields of a form that posts to this address."""
        [found] = re.findall(rf'<form[^>]*action="{form}"[^>]*>(.*?)</form>', self.text, re.DOTALL)
        pairs = re.findall(r'name="(\w+)" value="([^"]*)"', found)
        return {name: html.unescape(value) for name, value in pairs}


def _is_dialog(message):
    return "dialog" in message.DESCRIPTOR.fields_by_name and message.HasField("dialog")
