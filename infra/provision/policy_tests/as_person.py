"""Statements as a person, by the warehouse's admin: SET SESSION AUTHORIZATION, which takes a superuser.

Each batch is one transaction in a session of its own, which then is over: a batch that fails takes its
authorization back with it, and one that does not ends with DEFAULT.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.policies.sql import literal
from infra.provision.errors import ProvisioningError
from infra.provision.sql import batch

if TYPE_CHECKING:
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient

Rows = list[tuple[str | None, ...]]
_WAITS = 20
_DENIED = "permission denied"
_ABSENT = "does not exist"
_DEFAULT = "SET SESSION AUTHORIZATION DEFAULT"


class Refused(Exception):
    """The warehouse does not let the person run the statement."""


class Failed(Exception):
    """The warehouse did not run a statement, for a reason that is not the person's rights."""


class NoSuchUser(Exception):
    """The warehouse does not know the person."""


@dataclass(frozen=True)
class Warehouse:
    """Redshift's Data API, for the admin."""

    client: "RedshiftDataAPIServiceClient"
    target: Mapping[str, str]
    database: str
    secret_arn: str

    def ask(self, before: Sequence[str], user: str, after: Sequence[str]) -> list[Rows]:
        """The rows of each query, some before and some after the session is the user's.

        Raises Refused or NoSuchUser for what the warehouse says of the user, Failed for what it says of a
        statement, and ProvisioningError where no test can run.
        """
        sqls = [*before, f"SET SESSION AUTHORIZATION {literal(user)}", *after, _DEFAULT]
        known = self._run(sqls)
        parts = known["SubStatements"]
        if known["Status"] != "FINISHED":
            place = next((n for n, part in enumerate(parts) if part["Status"] == "FAILED"), 0)
            raise _fault(known.get("Error", known["Status"]), user, place - len(before))
        wanted = [n for n in range(len(sqls)) if n not in (len(before), len(sqls) - 1)]
        return [self._rows(parts[n]["Id"]) for n in wanted]

    def _run(self, sqls: Sequence[str]) -> Any:
        known = batch.run(
            self.client,
            sqls,
            name="rowlight-policy-tests",
            target=self.target,
            database=self.database,
            secret_arn=self.secret_arn,
            waits=_WAITS,
        )
        if known["Status"] in batch.OVER:
            return known
        self.client.cancel_statement(Id=known["Id"])
        raise ProvisioningError(
            f"The statement {known['Id']} did not end within {_WAITS * batch.WAIT_SECONDS // 60} minutes"
            f" and was cancelled: look at it in the Redshift console."
        )

    def _rows(self, statement_id: str) -> Rows:
        found: Rows = []
        pages = self.client.get_paginator("get_statement_result").paginate(Id=statement_id)
        for page in pages:
            found += [tuple(_text(cell) for cell in record) for record in page["Records"]]
        return found


def _text(cell: Mapping[str, Any]) -> str | None:
    if cell.get("isNull"):
        return None
    return str(next(iter(cell.values())))


def _fault(reason: str, user: str, place: int) -> Exception:
    """What a failed batch means; `place` is the failed statement's, 0 for the one that sets the user."""
    if place == 0 and _ABSENT in reason:
        return NoSuchUser(user)
    if place == 0 and _DENIED in reason:
        return ProvisioningError(
            "The secret's user may not set the session authorization: Redshift lets superusers alone."
        )
    if place > 0 and _DENIED in reason:
        return Refused(reason)
    return Failed(reason)
