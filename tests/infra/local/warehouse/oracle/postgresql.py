"""A PostgreSQL server of the test's own, and a world in its terms: its native row security and grants."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.local.warehouse import DbUser
from tests.infra.local.warehouse.oracle.answers import comparable
from tests.infra.local.warehouse.oracle.world import (
    ADMIN,
    PEOPLE,
    ROLES,
    SECURITY_ADMIN,
    USERS,
    Attachment,
    Relation,
    World,
    changes,
)

_BELOW = "below"  # the schema of what views read
_RELATION = re.compile(r"\b(?:public|shop)\.([tlv]\d)\b")
_ACCOUNT = "postgres"  # Debian's package makes it: the server refuses to run as root


def binaries() -> Path:
    """Where Debian keeps the newest server; without one the test is skipped, but never in CI."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    reason = "PostgreSQL's server is not installed: apt-get install postgresql"
    return pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def _account() -> dict[str, str]:
    return {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": []} if os.geteuid() == 0 else {}


@contextmanager
def server() -> Iterator[psycopg.Connection]:
    """The superuser's connection to a server that lives as long as the block, on a socket in a new folder."""
    programs, account = binaries(), _account()
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if account:
        shutil.chown(folder, _ACCOUNT, _ACCOUNT)
    data = folder / "data"
    options = ["--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync", "--username", ADMIN.name]
    subprocess.run(
        [programs / "initdb", "-D", data, *options], check=True, capture_output=True, cwd=folder, **account
    )
    settings = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off", "jit": "off"}
    given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [programs / "postgres", "-D", data, *given], stderr=log, cwd=folder, **account
        )
    try:
        with _connected(folder, running) as connection:
            yield connection
    finally:
        running.terminate()
        running.wait()
        shutil.rmtree(folder)


def _connected(folder: Path, running: subprocess.Popen) -> psycopg.Connection:
    while True:
        try:
            return psycopg.connect(host=str(folder), dbname="postgres", user=ADMIN.name)
        except psycopg.OperationalError:
            if running.poll() is not None:
                raise AssertionError((folder / "log").read_text()) from None
            time.sleep(0.02)


@contextmanager
def holding(connection: psycopg.Connection, world: World) -> Iterator[None]:
    """The world, until the end of the block."""
    try:
        connection.execute("; ".join(Translation(world).statements()))
        yield
    finally:
        connection.rollback()


def of_postgresql(connection: psycopg.Connection, sql: str, user: DbUser, *, ordered: bool = False) -> Any:
    """The user's answer, the number of rows that they changed, or the SQLSTATE of the refusal."""
    try:
        with connection.transaction():
            connection.execute(f'SET LOCAL SESSION AUTHORIZATION "{user.name}"')
            done = connection.execute(sql)
            connection.execute("RESET SESSION AUTHORIZATION")
            return done.rowcount if done.description is None else comparable(done.fetchall(), ordered=ordered)
    except psycopg.Error as error:
        return error.sqlstate


class Translation:
    """A world's statements for PostgreSQL.

    Redshift applies the policies of who asks below a view that only its owner could read. PostgreSQL does so
    for a view with `security_invoker`, which also needs the asker's privileges on what is below. So where
    there are views, each relation stands below, open to everybody and bounded by its policies; what people
    name is a view of it alone, on which they have their privileges.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.layered = bool(world.views)

    def home(self, relation: Relation) -> str:
        return f"{_BELOW}.{relation.name}" if self.layered else relation.key

    def statements(self) -> list[str]:
        return [
            f"CREATE SCHEMA shop; CREATE SCHEMA {_BELOW}; GRANT USAGE ON SCHEMA {_BELOW} TO PUBLIC",
            *(f"CREATE ROLE {user}" for user in USERS),
            *(f'CREATE ROLE "{role}"' for role in (*ROLES, SECURITY_ADMIN)),
            *self._members(),
            *self._tables(),
            *self._views(),
            *self._policies(),
            *(f"GRANT USAGE ON SCHEMA shop TO {_plain(str(grantee))}" for grantee in self.world.usages),
            *map(_plain, changes("GRANT", self.world.grants)),
            *map(_plain, changes("REVOKE", self.world.revokes)),
        ]

    def _members(self) -> list[str]:
        groups = [
            f'GRANT "AWSIDC:{group}" TO "{user.name}"' for user in PEOPLE for group in sorted(user.groups)
        ]
        return [*groups, *(f'GRANT "{role}" TO {_plain(str(member))}' for member, role in self.world.members)]

    def _tables(self) -> list[str]:
        found = []
        for table in self.world.stored:
            found += [
                text.replace(table.key, self.home(table), 1)
                for text in (table.definition(), *table.inserts())
            ]
            if self.layered:
                found += self._opened(table)
        return found

    def _opened(self, relation: Relation) -> list[str]:
        home = self.home(relation)
        return [
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {home} TO PUBLIC",
            f"CREATE VIEW {relation.key} WITH (security_invoker = true) AS SELECT * FROM {home}",
        ]

    def _views(self) -> list[str]:
        found = []
        for view in self.world.views:
            text = view.definition("WITH (security_invoker = true) ")
            found += [_RELATION.sub(rf"{_BELOW}.\1", text), *self._opened(view)]
        return found

    def _policies(self) -> list[str]:
        """Policies joined by OR are permissive. Those joined by AND are restrictive, beside a permissive one.

        Nobody is made exempt by a role in PostgreSQL, so the policies themselves spare those with IGNORE RLS.
        """
        found = []
        for lookup in self.world.lookups:
            name = f"{_BELOW}.for_{lookup.name}"  # the owner's sight of it, for the policies
            found += [
                f"CREATE VIEW {name} AS SELECT * FROM {self.home(lookup)}",
                f"GRANT SELECT ON {name} TO PUBLIC",
            ]
        for key in self.world.secured:
            home = self.home(self.world.relation(key))
            found.append(f"ALTER TABLE {home} ENABLE ROW LEVEL SECURITY")
            found.append(f"CREATE POLICY entering ON {home} FOR INSERT WITH CHECK (true)")
            found += _policy("exempt", home, "PERMISSIVE", "PUBLIC", self._exempt())
        for number, attachment in enumerate(self.world.attachments):
            if attachment.relation in self.world.secured:
                found += self._attached(number, attachment)
        return found

    def _exempt(self) -> str:
        roles = (*self.world.ignoring, SECURITY_ADMIN)
        return " OR ".join(f"pg_has_role(current_user, '{role}', 'USAGE')" for role in roles)

    def _attached(self, number: int, attachment: Attachment) -> list[str]:
        policy = next(policy for policy in self.world.policies if policy.name == attachment.policy)
        condition = policy.condition.sql(lambda key: f"{_BELOW}.for_{key.partition('.')[2]}")
        home = self.home(self.world.relation(attachment.relation))
        to = _plain(str(attachment.grantee))
        if self.world.secured[attachment.relation] == "OR":
            return _policy(f"p{number}", home, "PERMISSIVE", to, condition)
        bound = _policy(f"p{number}", home, "RESTRICTIVE", to, f"({condition}) OR {self._exempt()}")
        return [*bound, *_policy(f"open{number}", home, "PERMISSIVE", to, "true")]


def _policy(name: str, table: str, kind: str, to: str, condition: str) -> list[str]:
    """For reading, changing and deleting; what a change makes of a row is nobody's concern in Redshift."""
    checks = {"SELECT": "", "UPDATE": " WITH CHECK (true)", "DELETE": ""}
    return [
        f"CREATE POLICY {name}_{what} ON {table} AS {kind} FOR {what} TO {to} USING ({condition}){check}"
        for what, check in checks.items()
    ]


def _plain(text: str) -> str:
    """Grantees as PostgreSQL writes them: roles and users are one."""
    return text.replace('ROLE "', '"')
