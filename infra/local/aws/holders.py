"""Who holds a warehouse, a namespace or a cluster: its administrator, its roles, its way to Identity Center.

The stand-in has one warehouse, and so one of these at a time.
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends

from infra.local.aws.iam import Iam
from infra.local.aws.model import AwsError
from infra.local.aws.redshift_applications import RedshiftApplications
from infra.local.aws.wire import not_implemented
from infra.local.config import ACCOUNT_ID, REGION
from infra.local.warehouse import IdentityProvider, Redshift

AWS_OWNED_KEY = "AWS_OWNED_KMS_KEY"


@dataclass
class Holder:
    """One warehouse's administrator and roles."""

    database: str
    administrator: str
    password: str = field(repr=False)
    secret_arn: str | None  # the secret that holds the password, where Secrets Manager keeps it
    roles: list[str]
    default_role: str | None
    called: str = ""  # the workgroup's name, or the cluster's


class Holders:
    """The namespaces and the clusters as what holds the one warehouse."""

    def __init__(self, *, redshift: Redshift, iam: Iam, applications: RedshiftApplications) -> None:
        self._redshift = redshift
        self._iam = iam
        self._applications = applications
        self._sources: list[Callable[[], Iterable[Holder]]] = []
        redshift.is_identity_center_application = applications.is_managed

    def include(self, holders: Callable[[], Iterable[Holder]]) -> None:
        """From now on these count, too."""
        self._sources.append(holders)

    def _all(self) -> list[Holder]:
        return [holder for source in self._sources for holder in source()]

    def begin(self, holder: Holder, *, application_arn: str | None) -> None:
        """The warehouse is the holder's: empty, but for the identity provider of a Redshift application."""
        self._redshift.renew(database=holder.database, superuser=holder.administrator)
        if application_arn is not None:
            self._redshift.register(self._applications.provider(application_arn))

    def check_free(self, service: str) -> None:
        """Refuses a second warehouse."""
        if self._all():
            raise not_implemented(service, "A second warehouse")

    def end(self, holder: Holder) -> None:
        """The holder is gone, with its secret and with all that the warehouse held."""
        forget(holder.secret_arn)
        self._redshift.renew(database=holder.database, superuser=holder.administrator)

    def roles(
        self, roles: Sequence[str], default: str | None, *, invalid: str, of_default: str
    ) -> tuple[list[str], str | None]:
        """Roles that exist, and the one of them that is the default; raises AwsError."""
        for arn in roles:
            try:
                self._iam.role(arn)
            except LookupError as error:
                raise AwsError(invalid, f"The IAM role {arn} does not exist.") from error
        if default and default not in roles:
            raise AwsError(invalid, f"{of_default} must be one of the IAM roles.")
        return list(dict.fromkeys(roles)), default or None

    def admin_of_secret(self, secret_id: str) -> str | None:
        """The administrator whose name and password a secret holds; None when it holds no such."""
        secret = _secrets().secrets.get(secret_id)
        version = secret.versions.get(secret.default_version_id or "") if secret else None
        if secret is None or version is None or secret.is_deleted():
            return None
        try:
            held = json.loads(version.get("secret_string") or "")
        except ValueError:
            return None
        if not isinstance(held, dict):
            return None
        given = str(held.get("password", "")).encode()
        for holder in self._all():
            matches = hmac.compare_digest(given, holder.password.encode())
            if matches and held.get("username") == holder.administrator:
                return holder.administrator
        return None

    def user_arn(self, name: str) -> str:
        """A database user as Redshift names them: the external id where it takes a role for them."""
        called = next((holder.called for holder in self._all()), "")
        return f"arn:aws:redshift:{REGION}:{ACCOUNT_ID}:dbuser:{called}/{name}"

    def looks_up(self, provider: IdentityProvider) -> bool:
        """Whether the warehouse can ask Identity Center for the people of the provider."""
        role = self._applications.role_of(provider)
        if role == "default":
            role = self.copy_role(None) or ""
        return self._applications.may_look_up(role, provider.application_arn)

    def copy_role(self, asked: str | None) -> str | None:
        """COPY's role: the default one, or the one asked for; None when the warehouse has it not."""
        holder = next(iter(self._all()), None)
        if holder is None:
            return None
        return holder.default_role if asked is None else asked if asked in holder.roles else None


# A key's identifier, its ARN, or an alias; or the one that AWS owns and that nobody sees.
_KEY = re.compile(
    r"AWS_OWNED_KMS_KEY|(arn:aws:kms:[a-z0-9-]+:[0-9]{12}:)?"
    r"((key/)?(mrk-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|alias/[a-zA-Z0-9/_-]{1,250})"
)


def key_id(asked: str | None, *, invalid: str) -> str:
    """The key of KMS that is to encrypt; AWS's own unless one is asked for. Nothing is encrypted here."""
    if asked is None:
        return AWS_OWNED_KEY
    if not _KEY.fullmatch(asked):
        raise AwsError(invalid, "The key must be an identifier, an ARN or an alias of KMS.")
    return asked


def password(
    name: str, administrator: str, *, managed: bool, given: str | None, invalid: str
) -> tuple[str, str | None]:
    """The administrator's password, and the ARN of the secret that holds it when Secrets Manager keeps it."""
    if not managed:
        # Without one, nobody knows it.
        return given or secrets.token_urlsafe(32), None
    if given is not None:
        raise AwsError(invalid, "A password cannot be given where Secrets Manager is to manage it.")
    made = secrets.token_urlsafe(32)
    held = json.dumps({"username": administrator, "password": made})
    secret = _secrets().create_managed_secret(
        "redshift", f"redshift!{name}-{administrator}", secret_string=held
    )
    return made, str(secret.arn)


def forget(secret_arn: str | None) -> None:
    """Removes a secret that Redshift managed."""
    if secret_arn is not None:
        _secrets().secrets.pop(secret_arn)


def _secrets() -> SecretsManagerBackend:
    return secretsmanager_backends[ACCOUNT_ID][REGION]
