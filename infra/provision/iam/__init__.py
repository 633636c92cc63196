"""Who trusts whom, and who may do what."""
