"""The administrative grammar and what its statements do."""
