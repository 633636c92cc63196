"""Redshift on DuckDB: roles, grants and row-level security in front of every statement."""

from infra.local.warehouse.access.rights import DbUser
from infra.local.warehouse.admin.loader import ObjectReader
from infra.local.warehouse.cancellation import Cancellation
from infra.local.warehouse.engine import Redshift
from infra.local.warehouse.errors import ParameterError, SqlCancelled, SqlError
from infra.local.warehouse.objects import IdentityProvider
from infra.local.warehouse.results import Column, Result
from infra.local.warehouse.session import Session
from infra.local.warehouse.sql.dialect import named_parameters

__all__ = [
    "Cancellation",
    "Column",
    "DbUser",
    "IdentityProvider",
    "ObjectReader",
    "ParameterError",
    "Redshift",
    "Result",
    "Session",
    "SqlCancelled",
    "SqlError",
    "named_parameters",
]
