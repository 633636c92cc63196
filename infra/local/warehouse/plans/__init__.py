"""EXPLAIN: what a query would do, told from its text and its reader's rights, never from a row."""
