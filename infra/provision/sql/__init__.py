"""The warehouse: infra/sql as the specification fills it in, and what was made of it."""
