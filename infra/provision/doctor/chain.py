"""What is to be checked: the app's settings by their names, and what rowlight.toml says, if there is one."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.provision.specification.providers import PROVIDERS, arn_in_iam, name_in_iam
from infra.provision.specification.spec import SESSION_TAGS, Spec

EMAIL_VERIFIED = "email_verified"
SECRETS_FILE = Path(".streamlit/secrets.toml")
_ADDRESS = r"(https://[a-zA-Z0-9.-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?"


@dataclass(frozen=True)
class _Setting:
    """How a setting is named, what it must look like, and that in words."""

    name: str
    pattern: str
    expected: str


_ROLE = r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[\w+=,.@/-]+"
# By the names of Chain's members; the shapes are those that the app takes.
SETTINGS: Mapping[str, _Setting] = {
    "issuer": _Setting(
        "OIDC_ISSUER",
        _ADDRESS + r"(/[a-zA-Z0-9._~/-]*)?",
        "the identity provider's issuer, an https address",
    ),
    "client_id": _Setting("OIDC_CLIENT_ID", r"\S{1,255}", "the client id that the identity provider gave"),
    "app_url": _Setting("APP_URL", _ADDRESS + "/?", "the address of the app, without a path"),
    "region": _Setting("AWS_REGION", r"[a-z]{2}(-[a-z]+)+-[0-9]", "a region such as us-east-1"),
    "application_arn": _Setting(
        "IDC_APPLICATION_ARN",
        r"arn:aws(-[a-z]+)*:sso::[0-9]{12}:application/[\w-]+/[\w-]+",
        "the application's ARN, arn:aws:sso::…:application/…",
    ),
    "bridge_role_arn": _Setting("BRIDGE_ROLE_ARN", _ROLE, "a role's ARN, arn:aws:iam::…:role/…"),
    "data_role_arn": _Setting("DATA_ROLE_ARN", _ROLE, "a role's ARN, arn:aws:iam::…:role/…"),
    "workgroup": _Setting("REDSHIFT_WORKGROUP", r"[a-z0-9-]{3,64}", "the workgroup's name"),
    "cluster": _Setting("REDSHIFT_CLUSTER", r"[a-z][a-z0-9-]{0,62}", "the cluster's identifier"),
    "database": _Setting("REDSHIFT_DATABASE", r"\S{1,127}", "the database's name"),
    "email_verified": _Setting(
        "OIDC_EMAIL_VERIFIED", "email_verified|xms_edov", "email_verified, or xms_edov for Microsoft Entra ID"
    ),
    "propagation": _Setting("PROPAGATION", "identity_center|session_tags", "identity_center or session_tags"),
    "sign_in": _Setting("SIGN_IN", "popup|redirect", "popup or redirect"),
    "query_path": _Setting("QUERY_PATH", "data-api|driver", "data-api or driver"),
    "session_store": _Setting(
        "SESSION_STORE", r"memory|dynamodb:[a-zA-Z0-9_.-]{3,255}", "memory or dynamodb:<table>"
    ),
    "personal_tables": _Setting("PERSONAL_TABLES", "on|off", "on or off"),
    "client_secret": _Setting("OIDC_CLIENT_SECRET", r"[^\x00-\x1f]+", "the client's secret"),
    "client_secret_arn": _Setting(
        "OIDC_CLIENT_SECRET_ARN",
        r"arn:aws(-[a-z]+)*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\w/+=.@-]+",
        "the ARN of the secret that holds the client's secret",
    ),
    "admin_secret_arn": _Setting(
        "ADMIN_SECRET_ARN",
        r"arn:aws(-[a-z]+)*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\w/+=.@!-]+",
        "the ARN of the secret of the warehouse's admin",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The links by name; an empty text is a setting that is not there, or of no use."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_secret_arn: str = ""
    email_verified: str = EMAIL_VERIFIED
    app_url: str = ""
    sign_in: str = "popup"
    region: str = ""
    application_arn: str = ""
    bridge_role_arn: str = ""  # empty: the host's own role signs
    data_role_arn: str = ""
    workgroup: str = ""
    cluster: str = ""
    database: str = ""
    propagation: str = "identity_center"
    query_path: str = "data-api"
    session_store: str = "memory"
    admin_secret_arn: str = ""
    personal_tables: str = "off"
    spec: Spec | None = None
    # Why rowlight.toml, which is there, could not be completed from the account.
    unread: str = ""
    # Settings that are there and of no use, and those that rowlight.toml says otherwise: (ours, wanted).
    malformed: tuple[str, ...] = ()
    differing: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @staticmethod
    def setting(member: str) -> str:
        """What the app calls it."""
        return SETTINGS[member].name if member in SETTINGS else member

    @property
    def session_tags(self) -> bool:
        """Whether tags in the token, and not IAM Identity Center, carry the person."""
        return self.propagation == SESSION_TAGS

    @property
    def missing(self) -> tuple[str, ...]:
        """The members that the app needs and nobody gave."""
        needed = ["issuer", "client_id", "app_url", "region", "data_role_arn", "database"]
        if not self.session_tags:
            needed.append("application_arn")
        if not (self.workgroup or self.cluster):
            needed.append("workgroup")
        if not (self.client_secret or self.client_secret_arn):
            needed.append("client_secret")
        # Provisioning finds the application by its name.
        known = {"application_arn"} if self.spec else set()
        return tuple(
            name
            for name in needed
            if not getattr(self, name) and name not in known and name not in self.malformed
        )

    @property
    def account_id(self) -> str:
        """The account of the app's roles."""
        return self.data_role_arn.split(":")[4] if self.data_role_arn else ""

    @property
    def issuer_name(self) -> str:
        return name_in_iam(self.issuer)

    @property
    def provider_arn(self) -> str:
        return arn_in_iam(self.issuer, partition=self.partition, account_id=self.account_id)

    @property
    def partition(self) -> str:
        """aws, or that of other regions, such as aws-us-gov."""
        return self.data_role_arn.split(":")[1] if self.data_role_arn else "aws"


def chain_of(environ: Mapping[str, str], spec: Spec | None = None, *, unread: str = "") -> Chain:
    """The chain of the environment, completed by rowlight.toml; never raises for what is in them."""
    given = {
        member: environ.get(setting.name, "").strip()
        for member, setting in SETTINGS.items()
        if environ.get(setting.name, "").strip()
    }
    malformed = tuple(
        name for name, value in given.items() if not re.fullmatch(SETTINGS[name].pattern, value, re.ASCII)
    )
    values: dict[str, Any] = {name: value for name, value in given.items() if name not in malformed}
    values["app_url"] = values.get("app_url", "").rstrip("/")
    wanted = _of_spec(spec) if spec else {}
    differing = {
        name: (values[name], value)
        for name, value in wanted.items()
        if values.get(name) and value and values[name] != value
    }
    # The app says which of two it uses; the address of the app has a default in the specification.
    wanted["app_url"] = spec.app_url.rstrip("/") if spec else ""
    for name, value in wanted.items():
        if value and not values.get(name) and name not in malformed and not _decided(name, values):
            values[name] = value
    return Chain(**values, spec=spec, unread=unread, malformed=malformed, differing=differing)


# Of each pair the app takes one.
_EITHER = {
    "client_secret_arn": "client_secret",
    "workgroup": "cluster",
    "cluster": "workgroup",
}


def _decided(name: str, values: Mapping[str, str]) -> bool:
    return bool(values.get(_EITHER.get(name, "")))


def _of_spec(spec: Spec) -> dict[str, str]:
    """What the specification says of the app's settings."""
    tags = spec.propagation == SESSION_TAGS
    return {
        "issuer": spec.issuer,
        "client_id": spec.client_id,
        "client_secret_arn": spec.client_secret_arn,
        "email_verified": PROVIDERS[spec.provider].email_verified,
        "region": spec.region,
        "bridge_role_arn": "" if tags or spec.host_role_arn else spec.role_arn(spec.bridge_role),
        "data_role_arn": spec.role_arn(spec.data_role),
        "workgroup": "" if spec.cluster else spec.workgroup,
        "cluster": spec.cluster,
        "database": spec.database,
        "propagation": spec.propagation,
        "query_path": spec.query_path,
        "session_store": f"dynamodb:{spec.session_table}" if spec.session_table else "",
    }


def environment(environ: Mapping[str, str], *, secrets_file: Path = SECRETS_FILE) -> dict[str, str]:
    """The app's settings as the app reads them: the environment before .streamlit/secrets.toml."""
    try:
        found = tomllib.loads(secrets_file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        found = {}
    kept = {name.upper(): str(value) for name, value in found.items() if not isinstance(value, dict)}
    return kept | {name: value for name, value in environ.items() if value.strip()}
