"""A strict stand-in for the identity provider, AWS and Redshift, on this machine alone."""
