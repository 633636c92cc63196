"""The app's settings: read once, checked whole, frozen."""

import base64
import binascii
import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
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

from app import addresses
from app.errors import SettingsError

SECRETS_FILE = Path(".streamlit/secrets.toml")
POPUP_PATH = "/component/streamlit_oauth.authorize_button/index.html"
CALLBACK_PATH = "/auth/callback"
SIGNED_OUT_PATH = "/auth/signed-out"
MEMORY = "memory"
_DYNAMODB = "dynamodb:"
_KEY_BYTES = 32
_REMEDY = (
    "Set them in the environment or, by the same names, in .streamlit/secrets.toml; then start the app again."
)

SecretReader = Callable[[str, str], str]  # a secret's ARN and its region → its value


def _store(value: str) -> str:
    if value != MEMORY and not re.fullmatch(_DYNAMODB + r"[A-Za-z0-9_.-]{3,255}", value):
        raise ValueError("is neither")
    return value


def _arn(pattern: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value and not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError("is not such an ARN")
        return value

    return check


Text = Annotated[str, Field(min_length=1, max_length=2048)]
ApplicationArn = Annotated[str, AfterValidator(_arn(r"arn:aws[\w-]*:sso::\d{12}:application/[\w-]+/[\w-]+"))]
RoleArn = Annotated[str, AfterValidator(_arn(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+"))]
SecretArn = Annotated[
    str, AfterValidator(_arn(r"arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+"))
]


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

    oidc_issuer: Annotated[Text, AfterValidator(addresses.url)] = Field(
        description="the identity provider's issuer, an https address such as https://example.okta.com"
    )
    oidc_client_id: Text = Field(description="the client id that the identity provider gave this app")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="the client's secret, or OIDC_CLIENT_SECRET_ARN instead; not both"
    )
    oidc_client_secret_arn: SecretArn = Field(
        "",
        validate_default=True,
        description="the ARN of the secret that holds the client's secret, or OIDC_CLIENT_SECRET instead",
    )
    oidc_email_verified: Literal["email_verified", "xms_edov"] = Field(
        "email_verified", description="email_verified, or xms_edov for Microsoft Entra ID"
    )
    app_url: Annotated[Text, AfterValidator(addresses.app_url)] = Field(
        description="the address at which people open this app: https, or http://localhost:8501"
    )
    sign_in: Literal["popup", "redirect"] = Field("popup", description="popup or redirect")
    session_store: Annotated[Text, AfterValidator(_store)] = Field(
        MEMORY, description="memory, or dynamodb:<table> for more than one process"
    )
    session_key: SecretStr = Field(
        SecretStr(""),
        description="32 random bytes in Base64 (openssl rand -base64 32); several, divided by commas, where "
        "the first seals and all open; or SESSION_KEY_ARN instead",
    )
    session_key_arn: SecretArn = Field(
        "",
        validate_default=True,
        description="the ARN of the secret that holds SESSION_KEY's value, or SESSION_KEY instead",
    )
    aws_region: Annotated[Text, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        description="the region of the warehouse and of IAM Identity Center, such as us-east-1"
    )
    propagation: Literal["identity_center", "session_tags"] = Field(
        "identity_center", description="identity_center, or session_tags where there is none"
    )
    idc_application_arn: ApplicationArn = Field(
        "",
        validate_default=True,
        description="the ARN of the IAM Identity Center application, arn:aws:sso::…:application/…",
    )
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
    query_path: Literal["data-api", "driver"] = Field("data-api", description="data-api or driver")
    redshift_host: Annotated[str, AfterValidator(addresses.host)] = Field(
        "",
        validate_default=True,
        description="the warehouse's endpoint as host or host:port, where QUERY_PATH is driver",
    )
    query_timeout_seconds: int = Field(60, ge=1, le=86_400, description="whole seconds from 1 to 86400")
    max_rows: int = Field(10_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    max_result_mb: int = Field(64, ge=1, le=4096, description="whole megabytes from 1 to 4096")
    cache_seconds: int = Field(
        60, ge=0, le=3600, description="whole seconds from 0, which keeps nothing, to 3600"
    )
    data_api_share: float = Field(
        1.0, gt=0, le=1, description="a part of the account's quotas, above 0 and up to 1"
    )
    result_format: Literal["csv", "json"] = Field("csv", description="csv or json")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        "USD", description="the currency of the sales, by its three letters"
    )
    rpu_hour_price: Decimal | None = Field(
        None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="US dollars for an RPU-hour of Redshift Serverless, such as 0.375; empty: no costs",
    )
    personal_tables: Literal["on", "off"] = Field("off", description="on or off")
    demo_compare: Literal["on", "off"] = Field("off", description="on or off")
    map_style_url: Annotated[str, AfterValidator(addresses.style_url)] = Field(
        "", description="a MapLibre style's https address, or empty for the app's own outline of the world"
    )
    map_origins: Annotated[str, AfterValidator(addresses.origins)] = Field(
        "", description="https origins, divided by spaces, from which the style loads its parts"
    )
    session_hours: float = Field(8, gt=0, le=24, description="hours, above 0 and up to 24")
    session_idle_minutes: float = Field(30, gt=0, le=1440, description="minutes, above 0 and up to 1440")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["pretty", "json"] = Field("pretty", description="pretty or json")

    @field_validator("oidc_client_secret_arn")
    @classmethod
    def _one_client_secret(cls, value: str, info: ValidationInfo) -> str:
        secret = info.data.get("oidc_client_secret")
        if secret is not None:
            _exactly_one(secret.get_secret_value(), value, other="OIDC_CLIENT_SECRET")
        return value

    @field_validator("idc_application_arn", "bridge_role_arn", "query_path")
    @classmethod
    def _as_people_come(cls, value: str, info: ValidationInfo) -> str:
        propagation = info.data.get("propagation")
        # The driver, too, signs in by IAM Identity Center.
        if propagation == "session_tags" and value not in {"", "data-api"}:
            raise ValueError("is set, and PROPAGATION is session_tags")
        if not value and (propagation, info.field_name) == ("identity_center", "idc_application_arn"):
            raise ValueError("is not set")
        return value

    @field_validator("redshift_cluster")
    @classmethod
    def _one_warehouse(cls, value: str, info: ValidationInfo) -> str:
        _exactly_one(info.data.get("redshift_workgroup", "?"), value, other="REDSHIFT_WORKGROUP")
        return value

    @field_validator("redshift_host")
    @classmethod
    def _host_for_the_direct_path(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("query_path") == "driver":
            raise ValueError("is not set, and QUERY_PATH is driver")
        return value

    @field_validator("session_key_arn")
    @classmethod
    def _key_for_a_shared_store(cls, value: str, info: ValidationInfo) -> str:
        key = info.data.get("session_key")
        if key is not None and info.data.get("session_store", MEMORY) != MEMORY:
            _exactly_one(key.get_secret_value(), value, other="SESSION_KEY")
        return value

    @field_validator("session_key")
    @classmethod
    def _key_of_the_right_length(cls, value: SecretStr) -> SecretStr:
        _session_keys(value)
        return value

    @property
    def origin(self) -> str:
        """APP_URL as a browser writes it in an Origin header: lower case, without a usual port."""
        parts = urlsplit(self.app_url.lower())
        usual = {"http": 80, "https": 443}[parts.scheme]
        port = "" if parts.port in (None, usual) else f":{parts.port}"
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}"

    @property
    def compares(self) -> bool:
        """Whether there is a place for a second person beside whoever is signed in."""
        return self.demo_compare == "on"

    @property
    def secure(self) -> bool:
        """Whether people come by https."""
        return urlsplit(self.app_url).scheme == "https"

    @property
    def popup_uri(self) -> str:
        """Where the provider sends the pop-up back to; registered there letter by letter."""
        return self.app_url + POPUP_PATH

    @property
    def callback_uri(self) -> str:
        """Where the provider sends the whole page back to; registered there letter by letter."""
        return self.app_url + CALLBACK_PATH

    @property
    def signed_out_uri(self) -> str:
        """Where the provider sends somebody who has signed out; registered there letter by letter."""
        return self.app_url + SIGNED_OUT_PATH

    @property
    def session_table(self) -> str:
        """The DynamoDB table that keeps the sessions, or an empty text where memory does."""
        return self.session_store.removeprefix(_DYNAMODB) if self.session_store != MEMORY else ""

    @property
    def session_keys(self) -> tuple[bytes, ...]:
        """The keys of a shared store: the first seals, all of them open."""
        return _session_keys(self.session_key)

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


def _session_keys(secret: SecretStr) -> tuple[bytes, ...]:
    texts = [text.strip() for text in secret.get_secret_value().split(",") if text.strip()]
    try:
        keys = tuple(base64.b64decode(text, validate=True) for text in texts)
    except (binascii.Error, ValueError):
        keys = (b"",)
    if any(len(key) != _KEY_BYTES for key in keys) or (secret.get_secret_value() and not keys):
        raise ValueError("is not 32 bytes in Base64")
    return keys


def _exactly_one(first: str, second: str, *, other: str) -> None:
    if first and second:
        raise ValueError(f"is set beside {other}")
    if not first and not second:
        raise ValueError(f"is not set, and neither is {other}")


def load(read_secret: SecretReader) -> Settings:
    """Reads every source and checks every setting; all faults are told in one SettingsError."""
    try:
        settings = Settings()  # type: ignore[call-arg]  # the sources fill them
        return _with_secrets(settings, read_secret)
    except ValidationError as error:
        faults = [_fault(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The parser's own words may quote a line, and with it a secret.
        faults = [f"{SECRETS_FILE} cannot be read ({type(error).__name__}). Expected: TOML."]
    # Out of the handlers: the caught errors hold what was read, secrets too.
    raise _faulty(faults)


def _faulty(faults: list[str]) -> SettingsError:
    return SettingsError("Rowlight is not set up.\n\n" + "\n".join(f"- {fault}" for fault in faults), _REMEDY)


def _fault(location: tuple[int | str, ...], kind: str, message: str) -> str:
    """One line for one fault: the setting's name, what is wrong, what is expected; never its value."""
    name = str(location[0])
    problem = "is not set" if kind == "missing" else message.removeprefix("Value error, ")
    if kind not in {"missing", "value_error"}:
        problem = "is not valid"
    return f"{name.upper()} {problem}. Expected: {Settings.model_fields[name].description}."


def _with_secrets(settings: Settings, read_secret: SecretReader) -> Settings:
    """The settings with what their ARNs stand for, checked as if it had been given itself."""
    if settings.oidc_client_secret_arn:
        secret = read_secret(settings.oidc_client_secret_arn, settings.aws_region)
        settings = settings.model_copy(update={"oidc_client_secret": SecretStr(secret)})
    if settings.session_key_arn and settings.session_table:
        key = SecretStr(read_secret(settings.session_key_arn, settings.aws_region))
        try:
            found = _session_keys(key)
        except ValueError:
            found = ()
        if not found:
            raise _faulty([_fault(("session_key_arn",), "value_error", "holds no 32 bytes in Base64")])
        settings = settings.model_copy(update={"session_key": key})
    return settings
