"""The app's settings: read once, checked whole, frozen."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from app.errors import SettingsError

SECRETS_FILE = Path(".streamlit/secrets.toml")
REDIRECT_PATH = "/component/streamlit_oauth.authorize_button/index.html"
_LOOPBACK = {"localhost", "127.0.0.1"}
_REMEDY = (
    "Set them in the environment or, by the same names, in .streamlit/secrets.toml; then start the app again."
)

SecretReader = Callable[[str, str], str]  # a secret's ARN and its region → its value


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine's own, where plain http leaves nothing to listen to."""
    return urlsplit(url).hostname in _LOOPBACK


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is not an address")
    if parts.username or parts.password:
        raise ValueError("holds a user name or a password")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("is not https")
    return value


def _app_url(value: str) -> str:
    return _url(value).rstrip("/")


def _arn(pattern: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError("is not such an ARN")
        return value

    return check


Text = Annotated[str, Field(min_length=1, max_length=2048)]
RoleArn = Annotated[str, AfterValidator(_arn(r"(arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+)?"))]


class _SecretsFile(TomlConfigSettingsSource):
    """Streamlit's secrets.toml, which names settings as the environment does."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        return {name.lower(): value for name, value in super()._read_file(file_path).items()}


class Settings(BaseSettings):
    """What the app is told; made by `load` alone."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
        toml_file=SECRETS_FILE,
    )

    oidc_issuer: Annotated[Text, AfterValidator(_url)] = Field(
        description="the identity provider's issuer, an https address such as https://example.okta.com"
    )
    oidc_client_id: Text = Field(description="the client id that the identity provider gave this app")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="the client's secret, or OIDC_CLIENT_SECRET_ARN instead; not both"
    )
    oidc_client_secret_arn: Annotated[
        str, AfterValidator(_arn(r"(arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+)?"))
    ] = Field(
        "",
        validate_default=True,
        description="the ARN of the secret that holds the client's secret, or OIDC_CLIENT_SECRET instead",
    )
    app_url: Annotated[Text, AfterValidator(_app_url)] = Field(
        description="the address at which people open this app: https, or http://localhost:8501"
    )
    sign_in: Literal["popup"] = Field("popup", description="popup")
    aws_region: Annotated[Text, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        description="the region of the warehouse and of IAM Identity Center, such as us-east-1"
    )
    idc_application_arn: Annotated[
        str, AfterValidator(_arn(r"arn:aws[\w-]*:sso::\d{12}:application/[\w-]+/[\w-]+"))
    ] = Field(description="the ARN of the IAM Identity Center application, arn:aws:sso::…:application/…")
    bridge_role_arn: RoleArn = Field(
        "", description="the ARN of the bridge role, or empty where the host's own role signs"
    )
    data_role_arn: Annotated[RoleArn, Field(min_length=1)] = Field(
        description="the ARN of the role that queries the warehouse, arn:aws:iam::…:role/…"
    )
    redshift_workgroup: Annotated[str, Field(max_length=64)] = Field(
        "", description="the name of the Redshift Serverless workgroup, or REDSHIFT_CLUSTER instead; not both"
    )
    redshift_cluster: Annotated[str, Field(max_length=63)] = Field(
        "",
        validate_default=True,
        description="the identifier of the Redshift cluster, or REDSHIFT_WORKGROUP instead; not both",
    )
    redshift_database: Annotated[Text, Field(max_length=127)] = Field(description="the database's name")
    query_timeout_seconds: int = Field(60, ge=1, le=86_400, description="whole seconds from 1 to 86400")
    max_rows: int = Field(10_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    session_hours: float = Field(8, gt=0, le=24, description="hours, above 0 and up to 24")
    session_idle_minutes: float = Field(30, gt=0, le=1440, description="minutes, above 0 and up to 1440")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )

    @field_validator("oidc_client_secret_arn")
    @classmethod
    def _one_client_secret(cls, value: str, info: ValidationInfo) -> str:
        secret = info.data.get("oidc_client_secret")
        if secret is not None:
            _exactly_one(secret.get_secret_value(), value, other="OIDC_CLIENT_SECRET")
        return value

    @field_validator("redshift_cluster")
    @classmethod
    def _one_warehouse(cls, value: str, info: ValidationInfo) -> str:
        _exactly_one(info.data.get("redshift_workgroup", "?"), value, other="REDSHIFT_WORKGROUP")
        return value

    @field_validator("sign_in", mode="before")
    @classmethod
    def _sign_in_that_exists(cls, value: object) -> object:
        if value == "redirect":
            raise ValueError("is redirect, which this version does not have yet")
        return value

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the pop-up back to; registered there letter by letter."""
        return self.app_url + REDIRECT_PATH

    @property
    def redshift_target(self) -> Mapping[str, str]:
        """The warehouse, as the Redshift Data API's parameters name it."""
        if self.redshift_workgroup:
            return {"WorkgroupName": self.redshift_workgroup}
        return {"ClusterIdentifier": self.redshift_cluster}

    @classmethod
    def settings_customise_sources(  # the order is the promise: the environment, then the file
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the names are pydantic's
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Reads the environment, then secrets.toml."""
        return env_settings, _SecretsFile(settings_cls)


def _exactly_one(first: str, second: str, *, other: str) -> None:
    if first and second:
        raise ValueError(f"is set beside {other}")
    if not first and not second:
        raise ValueError(f"is not set, and neither is {other}")


def load(read_secret: SecretReader) -> Settings:
    """Reads every source and checks every setting; all faults are told in one SettingsError."""
    try:
        return _with_client_secret(Settings(), read_secret)  # type: ignore[call-arg]  # the sources fill them
    except ValidationError as error:
        faults = [_fault(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The parser's own words may quote a line, and with it a secret.
        faults = [f"{SECRETS_FILE} cannot be read ({type(error).__name__}). Expected: TOML."]
    # Out of the handlers: the caught errors hold what was read, secrets too.
    raise SettingsError("Rowlight is not set up.\n\n" + "\n".join(f"- {fault}" for fault in faults), _REMEDY)


def _fault(location: tuple[int | str, ...], kind: str, message: str) -> str:
    """One line for one fault: the setting's name, what is wrong, what is expected; never its value."""
    name = str(location[0])
    problem = "is not set" if kind == "missing" else message.removeprefix("Value error, ")
    if kind not in {"missing", "value_error"}:
        problem = "is not valid"
    return f"{name.upper()} {problem}. Expected: {Settings.model_fields[name].description}."


def _with_client_secret(settings: Settings, read_secret: SecretReader) -> Settings:
    if not settings.oidc_client_secret_arn:
        return settings
    secret = read_secret(settings.oidc_client_secret_arn, settings.aws_region)
    return settings.model_copy(update={"oidc_client_secret": SecretStr(secret)})
