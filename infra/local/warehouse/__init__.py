"""Redshift on DuckDB: roles, grants and row-level security in front of every statement."""

from infra.local.warehouse.engine import Cancellation, Redshift
from infra.local.warehouse.errors import ParameterError, SqlCancelled, SqlError
from infra.local.warehouse.loader import ObjectReader
from infra.local.warehouse.results import Column, Result
from infra.local.warehouse.rights import DbUser

__all__ = [
    "Cancellation",
    "Column",
    "DbUser",
    "ObjectReader",
    "ParameterError",
    "Redshift",
    "Result",
    "SqlCancelled",
    "SqlError",
]
