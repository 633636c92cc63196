"""Synthetic sales of a sports-gear company that does not exist, in real cities."""

from infra.local.sample.files import to_csv, to_parquet
from infra.local.sample.sales import sales

__all__ = ["sales", "to_csv", "to_parquet"]
