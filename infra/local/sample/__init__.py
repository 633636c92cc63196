"""Synthetic sales of a sports-gear company in real cities."""
