"""The OIDC provider of the demonstration."""
