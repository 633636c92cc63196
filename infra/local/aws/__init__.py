"""One AWS endpoint: our own services in front, moto behind."""
