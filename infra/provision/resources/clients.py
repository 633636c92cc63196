"""The clients of AWS, each made once for a session."""

from functools import cached_property
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_identitystore import IdentityStoreClient
    from mypy_boto3_redshift import RedshiftClient
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient
    from mypy_boto3_redshift_serverless import RedshiftServerlessClient
    from mypy_boto3_sso_admin import SSOAdminClient


class Clients:
    """A client for each service of the trust chain and the warehouse."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session

    @cached_property
    def iam(self) -> "IAMClient":
        return self._session.client("iam")

    @cached_property
    def sso(self) -> "SSOAdminClient":
        return self._session.client("sso-admin")

    @cached_property
    def store(self) -> "IdentityStoreClient":
        return self._session.client("identitystore")

    @cached_property
    def redshift(self) -> "RedshiftClient":
        return self._session.client("redshift")

    @cached_property
    def serverless(self) -> "RedshiftServerlessClient":
        return self._session.client("redshift-serverless")

    @cached_property
    def data(self) -> "RedshiftDataAPIServiceClient":
        return self._session.client("redshift-data")

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self._session.client("dynamodb")
