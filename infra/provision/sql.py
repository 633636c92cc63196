"""Runs infra/sql/ through the Data API, as the warehouse's admin.

Redshift has no IF NOT EXISTS for roles and policies. A statement there can say when it is not needed:

    -- unless: SELECT 1 FROM svv_roles WHERE role_name = 'x'
    CREATE ROLE "x";

A query over several lines goes on in comments that are indented ("--   AND …").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.provision import batch
from infra.provision.access import COPY_FORMATS
from infra.provision.errors import ProvisioningError
from infra.provision.roles import Changed
from infra.provision.spec import Spec

if TYPE_CHECKING:
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient
    from mypy_boto3_redshift_data.type_defs import DescribeStatementResponseTypeDef

FOLDER = Path(__file__).parent.parent / "sql"
_WAITS = 120

_PIECE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|;|[^'"\-;]+|.""")
_UNLESS, _MORE = "-- unless: ", "--   "


@dataclass(frozen=True)
class Step:
    """One SQL statement; `unless` is the query whose rows make it unnecessary."""

    sql: str
    unless: str | None = None

    @property
    def title(self) -> str:
        return self.sql.partition("\n")[0]


def read(text: str, values: Mapping[str, str]) -> tuple[Step, ...]:
    """The statements of a file, with each `{name}` filled in."""
    steps = []
    sql = unless = ""
    for piece in _PIECE.findall(re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)):
        if piece.startswith("--"):
            unless = _guard(piece, unless)
        elif piece != ";":
            sql += piece
        else:
            steps.append(Step(sql.strip(), unless or None))
            sql = unless = ""
    if sql.strip():
        raise ValueError(f"The last statement has no semicolon: {sql.strip()[:60]}")
    return tuple(steps)


def _guard(comment: str, before: str) -> str:
    if comment.startswith(_UNLESS):
        return comment.removeprefix(_UNLESS).strip()
    if before and comment.startswith(_MORE):
        return f"{before} {comment.removeprefix(_MORE).strip()}"
    return before


def values_of(spec: Spec) -> Mapping[str, str]:
    """What the files' placeholders stand for; Spec lets no quote into any of them."""
    return {
        "namespace": spec.identity_namespace,
        "data_location": f"s3://{spec.data_bucket}/{spec.data_prefix}",
        "data_format": COPY_FORMATS[spec.data_format],
    }


class Admin:
    """The warehouse's admin, by the secret that Redshift manages."""

    def __init__(self, client: "RedshiftDataAPIServiceClient", spec: Spec, *, secret_arn: str) -> None:
        self._client = client
        self._spec = spec
        self._secret_arn = secret_arn

    def apply(self, steps: Sequence[Step], changed: Changed) -> None:
        """Runs what is needed of the steps, as one transaction."""
        guards = [step.unless for step in steps if step.unless]
        found = dict(zip(guards, self._rows(guards), strict=True)) if guards else {}
        needed = [step for step in steps if not (step.unless and found[step.unless])]
        if needed:
            self._run([step.sql for step in needed])
        for step in needed:
            if step.unless:
                changed(step.title)

    def _rows(self, queries: Sequence[str]) -> list[int]:
        """How many rows each query has."""
        return [part.get("ResultRows", 0) for part in self._run(queries)["SubStatements"]]

    def _run(self, sqls: Sequence[str]) -> "DescribeStatementResponseTypeDef":
        known = batch.run(
            self._client,
            sqls,
            name="rowlight-provision",
            workgroup=self._spec.workgroup,
            database=self._spec.database,
            secret_arn=self._secret_arn,
            waits=_WAITS,
        )
        if known["Status"] == "FINISHED":
            return known
        if known["Status"] in batch.OVER:
            reason = known.get("Error", known["Status"])
            raise ProvisioningError(f"Redshift did not run the warehouse's SQL: {reason}")
        raise ProvisioningError(
            f"The statement {known['Id']} did not end within {_WAITS * batch.WAIT_SECONDS // 60} minutes:"
            f" look at it in the Redshift console."
        )


def ensure_tables(admin: Admin, spec: Spec, changed: Changed) -> None:
    """The table with its data, the roles, their policies and grants, file by file."""
    for file in sorted(FOLDER.glob("*.sql")):
        admin.apply(read(file.read_text("utf-8"), values_of(spec)), changed)
