"""The OIDC provider of the demonstration, where anybody can be anybody."""

from infra.local.idp.app import create_idp

__all__ = ["create_idp"]
