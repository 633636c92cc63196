"""Analysts' SQL: what may be said, what it means, and how DuckDB computes it."""
