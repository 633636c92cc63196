"""Identity providers: whose people may connect."""

from dataclasses import replace
from typing import Any

from infra.local.warehouse.admin.statements import (
    AlterIdentityProvider,
    CreateIdentityProvider,
    DropIdentityProvider,
)
from infra.local.warehouse.admin.work import Changed, Work, duplicate
from infra.local.warehouse.catalog import Catalog
from infra.local.warehouse.errors import SqlError, UndefinedObject
from infra.local.warehouse.objects import IdentityProvider


def create(at: Work, statement: CreateIdentityProvider, catalog: Catalog) -> Changed:
    """CREATE IDENTITY PROVIDER: people of this application may connect, under names of this namespace."""
    if not at.is_identity_center_application(statement.application_arn):
        raise SqlError("the IAM Identity Center application of the identity provider cannot be reached")
    provider = IdentityProvider(
        statement.name, statement.namespace, statement.application_arn, statement.iam_role
    )
    return registered(catalog, provider), 0


def registered(catalog: Catalog, provider: IdentityProvider) -> Catalog:
    """The catalogue with the provider; of one kind there is one, as of one namespace."""
    if provider.name in catalog.identity_providers:
        raise duplicate("identity provider", provider.name, "42710")
    if catalog.identity_providers:
        raise SqlError("an identity provider of the type awsidc already exists", "42710")
    numbered = replace(provider, number=catalog.made)
    return catalog.with_one("identity_providers", provider.name, numbered).changed(made=catalog.made + 1)


def alter(_: Work, statement: AlterIdentityProvider, catalog: Catalog) -> Changed:
    """ALTER IDENTITY PROVIDER."""
    provider = _provider(catalog, statement.name)
    changes: dict[str, Any] = {
        name: value
        for name, value in (
            ("namespace", statement.namespace),
            ("iam_role", statement.iam_role),
            ("enabled", statement.enabled),
        )
        if value is not None
    }
    return catalog.with_one("identity_providers", provider.name, replace(provider, **changes)), 0


def drop(_: Work, statement: DropIdentityProvider, catalog: Catalog) -> Changed:
    """DROP IDENTITY PROVIDER: with CASCADE its roles go, too."""
    provider = _provider(catalog, statement.name)
    roles = [name for name in catalog.roles if name.startswith(f"{provider.namespace}:")]
    if roles and not statement.cascade:
        raise SqlError(f'cannot drop identity provider "{provider.name}" because roles depend on it', "2BP01")
    for role in roles:
        catalog = catalog.without_role(role)
    return catalog.without_one("identity_providers", provider.name), 0


def _provider(catalog: Catalog, name: str) -> IdentityProvider:
    provider = catalog.identity_providers.get(name)
    if provider is None:
        raise UndefinedObject(f'identity provider "{name}" does not exist', "42704")
    return provider
