"""A batch of statements through the Data API, as the warehouse's admin, and how it ended."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient
    from mypy_boto3_redshift_data.type_defs import DescribeStatementResponseTypeDef

WAIT_SECONDS = 30
OVER = frozenset({"FINISHED", "FAILED", "ABORTED"})


def run(
    client: "RedshiftDataAPIServiceClient",
    sqls: Sequence[str],
    *,
    name: str,
    target: Mapping[str, str],
    database: str,
    secret_arn: str,
    waits: int,
) -> "DescribeStatementResponseTypeDef":
    """What is known of the batch once it is over, or after so many waits of WAIT_SECONDS."""
    # By another name: to its types, whatever is unpacked could be any of the parameters.
    parameters: Any = target
    statement = client.batch_execute_statement(
        Sqls=sqls,
        Database=database,
        SecretArn=secret_arn,
        StatementName=name,
        WaitTimeSeconds=WAIT_SECONDS,
        **parameters,
    )
    while True:
        known = client.describe_statement(Id=statement["Id"], WaitTimeSeconds=WAIT_SECONDS)
        waits -= 1
        if known["Status"] in OVER or waits <= 0:
            return known
