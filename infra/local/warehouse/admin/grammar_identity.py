"""Identity providers: IAM Identity Center is the one there is."""

from infra.local.warehouse.admin.lexer import Reader
from infra.local.warehouse.admin.statements import (
    AlterIdentityProvider,
    CreateIdentityProvider,
    DropIdentityProvider,
)
from infra.local.warehouse.errors import NotSupported

_DEFAULT = "default"


def create(reader: Reader, _: str) -> CreateIdentityProvider:
    """What CREATE IDENTITY PROVIDER says after those words."""
    name = reader.name()
    reader.expect("type")
    kind = reader.name()
    if kind.lower() != "awsidc":
        raise NotSupported(f"an identity provider of the type {kind[:40]}")
    reader.expect("namespace")
    namespace = reader.take("string")
    reader.expect("application_arn")
    application_arn = reader.take("string")
    reader.expect("iam_role")
    role = _role(reader)
    _no_roles(reader)
    return CreateIdentityProvider(name, namespace, application_arn, role)


def alter(reader: Reader, _: str) -> AlterIdentityProvider:
    """What ALTER IDENTITY PROVIDER says after those words."""
    name = reader.name()
    namespace = reader.take("string") if reader.accept("namespace") else None
    role = _role(reader) if reader.accept("iam_role") else None
    _no_roles(reader)
    enabled = None
    if reader.current.text in ("enable", "disable"):
        enabled = reader.advance().text == "enable"
    if namespace is None and role is None and enabled is None:
        raise reader.fault()
    return AlterIdentityProvider(name, namespace, role, enabled)


def drop(reader: Reader, _: str) -> DropIdentityProvider:
    """What DROP IDENTITY PROVIDER says after those words."""
    return DropIdentityProvider(reader.name(), reader.accept("cascade"))


def _role(reader: Reader) -> str:
    return _DEFAULT if reader.accept(_DEFAULT) else reader.take("string")


def _no_roles(reader: Reader) -> None:
    if reader.accept("auto_create_roles") and not reader.accept("false"):
        raise NotSupported("AUTO_CREATE_ROLES")
