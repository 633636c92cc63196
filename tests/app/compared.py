"""Two people in one tab: real sessions and warehouses, and a Data API that knows whose keys signed."""

import secrets
from functools import cache

import jwt
from streamlit.util import calc_hash

from app.redshift.query import Query
from app.session.assembly import Services
from infra.local.aws.results import Limits, ResultSet, response
from infra.local.warehouse import DbUser, SqlError
from tests.app.crowd import Redshift
from tests.app.tabs import House, Tab

ETHAN = {"sub": "person-2", "email": "ethan@example.com", "name": "Ethan Global", "groups": ["exec-global"]}
FRANK = {"sub": "person-1", "email": "frank@example.com", "name": "Frank Amer", "groups": ["amer-sales"]}
NORA = {"sub": "person-3", "email": "nora@example.com", "name": "Nora Newcomer", "groups": []}
OTTO = {"sub": "person-4", "email": "otto@example.com", "name": "Otto Nowhere", "groups": ["nowhere-sales"]}
USERS = {
    person["email"]: DbUser(f"AWSIDC:{person['email']}", frozenset(person["groups"]))
    for person in (ETHAN, FRANK, NORA, OTTO)
}


def asking(warehouse):
    """What this warehouse says to a person; each statement runs once, for nothing in it changes."""

    @cache
    def answer(who, sql, parameters=()):
        try:
            return warehouse.execute(sql, user=USERS[who], parameters=dict(parameters))
        except SqlError as error:
            return error

    return answer


class Knowing(Redshift):
    """AWS that reads whose an ID token is where it is exchanged."""

    def _ask(self, operation, signer, parameters, config):
        if token := parameters.get("assertion"):
            self.knows(token, jwt.decode(token, options={"verify_signature": False})["email"])
        return super()._ask(operation, signer, parameters, config)


class Engine(Knowing):
    """The same over a small warehouse with grants and row-level security, in which the person decides."""

    def __init__(self, clock, database):
        super().__init__(clock)
        self.database = database
        self.asked_by = []  # the person, and the query as it arrived
        self.arrives = lambda _who: None  # called before a statement runs
        self._results = {}

    def _serve(self, operation, signer, asked):
        if operation == "ExecuteStatement":
            return self._execute(signer[0], asked), 200
        result = self._results[asked["Id"]]
        if operation == "DescribeStatement":
            return {"Id": asked["Id"], "Status": "FAILED", "Error": result}, 200
        if operation == "CancelStatement":
            return {"Status": True}, 200
        if isinstance(result, str):
            return {"__type": "ResourceNotFoundException", "message": "Query does not have result."}, 400
        return response(result, 0, lambda _row: "next"), 200

    def _execute(self, who, asked):
        parameters = {each["name"]: each["value"] for each in asked.get("Parameters", [])}
        if "public.sales_data" in asked["Sql"]:  # who administers is asked beside
            self.asked_by.append((who, Query("as sent", asked["Sql"], parameters)))
            self.arrives(who)
        statement = secrets.token_hex(8)
        result = self.database(who, asked["Sql"], tuple(sorted(parameters.items())))
        if isinstance(result, SqlError):
            self._results[statement] = str(result)
            return {"Id": statement, "Status": "FAILED"}
        limits = Limits(page_bytes=1 << 24)
        self._results[statement] = ResultSet(
            result, result_format="CSV", csv_header=True, limits=limits, check=lambda: None
        )
        return {"Id": statement, "Status": "FINISHED", "HasResultSet": True}


class Demonstration(House):
    """The app where two people may stand side by side."""

    def __init__(self, monkeypatch, database, **settings):
        super().__init__(monkeypatch, **{"demo_compare": "on", "bridge_role_arn": "", **settings})
        self.aws = self.scene.aws = Engine(self.scene.clock, database)
        self.sessions = self.scene.sessions()
        self.shared = Services(self.scene.settings, self.sessions._provider, self.sessions)

    def compare(self, browser):
        """A tab at the page of two sides."""
        return Sides(self, browser)

    def rows(self, person, sql):
        """What the warehouse says to one person."""
        return self.aws.database(person["email"], sql).table.to_pylist()


class Sides(Tab):
    """A tab at /compare, and what stands on each side of it."""

    def __init__(self, house, browser):
        super().__init__(house, browser, at="/compare", query=None, timezone=None)

    def run(self, states=None):
        self.page._page_hash = calc_hash("compare")
        return super().run(states)

    def join(self, person=FRANK):
        """Somebody signs in beside, by the pop-up."""
        return self.answer(self.house.scene.idp.grant(self.authorization_url, **person))

    @property
    def guest(self):
        """The second person's session, as the server knows it."""
        return self.house.sessions.guest(self.browser.cookies.session)

    @property
    def metrics(self):
        """Each figure, exactly, on the left and on the right."""
        found = {}
        for metric in self.page.metric:
            found.setdefault(metric.label, []).append(metric.help)
        return found

    @property
    def fingerprint(self):
        """What stands between the two."""
        return self.text.partition("<code>")[2].partition("</code>")[0]
