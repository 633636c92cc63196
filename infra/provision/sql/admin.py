"""The warehouse's admin, through the Data API."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from infra.provision.errors import ProvisioningError
from infra.provision.specification.spec import Spec
from infra.provision.sql import batch

if TYPE_CHECKING:
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient
    from mypy_boto3_redshift_data.type_defs import DescribeStatementResponseTypeDef, SubStatementDataTypeDef

Row = tuple[str, ...]
# Statements of one BatchExecuteStatement.
MOST = 40
_WAITS = 120
_ABSENT = "does not exist"
_CATALOGUE = "FROM svv_"

_Each = TypeVar("_Each")


class NotRun(ProvisioningError):
    """A transaction that Redshift took back, in its words."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Redshift did not run the warehouse's SQL: {reason}")
        self.reason = reason


class Admin:
    """Who may everything in the warehouse, by the secret that holds the password."""

    def __init__(self, client: "RedshiftDataAPIServiceClient", spec: Spec, *, secret_arn: str) -> None:
        self._client = client
        self._spec = spec
        self._secret_arn = secret_arn

    def run(self, sqls: Sequence[str]) -> "DescribeStatementResponseTypeDef":
        """Runs them as one transaction; raises NotRun where Redshift takes it back."""
        known = batch.run(
            self._client,
            sqls,
            name="rowlight-provision",
            target=self._spec.target,
            database=self._spec.database,
            secret_arn=self._secret_arn,
            waits=_WAITS,
        )
        if known["Status"] == "FINISHED":
            return known
        if known["Status"] in batch.OVER:
            raise NotRun(known.get("Error", known["Status"]))
        raise ProvisioningError(
            f"The statement {known['Id']} did not end within {_WAITS * batch.WAIT_SECONDS // 60} minutes:"
            f" look at it in the Redshift console."
        )

    def counts(self, queries: Iterable[str]) -> dict[str, int]:
        """How many rows each query has; none where what it asks does not exist."""
        asked = self._asked(queries)
        return {query: max(0, part.get("ResultRows", 0)) if part else 0 for query, part in asked}

    def rows(self, queries: Iterable[str]) -> dict[str, list[Row]]:
        """The rows of each query; none where what it asks does not exist."""
        asked = self._asked(queries)
        return {query: self._fetched(part["Id"]) if part else [] for query, part in asked}

    def _asked(self, queries: Iterable[str]) -> Iterator[tuple[str, "SubStatementDataTypeDef | None"]]:
        """The catalogue's views are asked together; a table that is missing would fail the others."""
        unique = list(dict.fromkeys(queries))
        for some in parts([query for query in unique if _CATALOGUE in query], MOST):
            yield from zip(some, self.run(some)["SubStatements"], strict=True)
        for query in (query for query in unique if _CATALOGUE not in query):
            try:
                yield query, self.run([query])["SubStatements"][0]
            except NotRun as error:
                if _ABSENT not in error.reason:
                    raise
                yield query, None

    def _fetched(self, statement_id: str) -> list[Row]:
        pages = self._client.get_paginator("get_statement_result").paginate(Id=statement_id)
        return [
            tuple(str(next(iter(cell.values()))) for cell in record)
            for page in pages
            for record in page["Records"]
        ]


def parts(whole: Sequence[_Each], most: int) -> Iterator[Sequence[_Each]]:
    """The whole in parts of at most so many."""
    return (whole[start : start + most] for start in range(0, len(whole), most))
