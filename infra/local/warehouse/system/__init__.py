"""Redshift's system views."""
