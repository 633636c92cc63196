"""Redshift on DuckDB: roles, grants and row-level security in front of every statement."""
