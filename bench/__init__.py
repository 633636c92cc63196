"""Measured comparisons; see `make bench`."""
