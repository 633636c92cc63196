"""What the stand-in can be told, and the constants of its one account."""

import os
import re
import secrets
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Self

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
DATABASE = "dev"
CLIENT_ID = "rowlight-demo"
ROLE_NAMESPACE = "AWSIDC"
SUPERUSER = "admin"
OUTSIDE_REDIRECT_URI = "http://localhost:9999/callback"


class ConfigError(ValueError):
    """A setting of the stand-in that it cannot work with, in one line."""

    @classmethod
    def port_in_use(cls, port: int, setting: str) -> Self:
        return cls(f"Port {port} is in use: stop what listens there, or set {setting} to a free port.")


@dataclass(frozen=True)
class Config:
    """The stand-in's settings, read once from the environment."""

    app_port: int = 8501
    idp_port: int = 8502
    aws_port: int = 8503
    demo_rows: int = 200_000
    id_token_seconds: int = 3600
    idc_token_seconds: int = 3600
    data_api_results_mb: int = 1024
    data_api_result_limit_mb: int = 500
    data_api_page_kb: int = 1024
    data_api_quotas: bool = False
    warehouse_seconds: float = 0  # that creating, modifying and deleting a workgroup or a cluster takes
    empty: bool = False  # people and data, and nothing provisioned
    log_level: str = "WARNING"
    sign_in: str = "popup"
    propagation: str = "identity_center"
    bind_address: str = "127.0.0.1"  # where both servers listen: in a container loopback would reach nobody
    demo_url: str = ""  # where people open the app, where that is a proxy in front of it
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def tags_sessions(self) -> bool:
        """Whether ID tokens carry session tags, and nobody needs IAM Identity Center."""
        return self.propagation == "session_tags"

    @property
    def app_url(self) -> str:
        return self.demo_url or f"http://localhost:{self.app_port}"

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.idp_port}"

    @property
    def aws_url(self) -> str:
        return f"http://localhost:{self.aws_port}"

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        return (
            f"{self.app_url}/component/streamlit_oauth.authorize_button/index.html",
            f"{self.app_url}/auth/callback",
            OUTSIDE_REDIRECT_URI,
        )


# name of the setting: (field, least, most)
_NUMBERS = {
    "APP_PORT": ("app_port", 1, 65_535),
    "IDP_PORT": ("idp_port", 1, 65_535),
    "AWS_PORT": ("aws_port", 1, 65_535),
    "DEMO_ROWS": ("demo_rows", 1, 10_000_000),
    "ID_TOKEN_SECONDS": ("id_token_seconds", 1, 86_400),
    "IDC_TOKEN_SECONDS": ("idc_token_seconds", 1, 86_400),
    "DATA_API_RESULTS_MB": ("data_api_results_mb", 1, 1_000_000),
    "DATA_API_RESULT_LIMIT_MB": ("data_api_result_limit_mb", 1, 500),
    "DATA_API_PAGE_KB": ("data_api_page_kb", 1, 1024),
    "WAREHOUSE_SECONDS": ("warehouse_seconds", 0, 3600),
}
_ORIGIN = r"https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?"
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def from_environment(environ: Mapping[str, str] = os.environ) -> Config:
    """Reads the settings; a wrong one raises ConfigError with one line that names it."""
    values: dict[str, Any] = {}
    for name, (attribute, least, most) in _NUMBERS.items():
        text = environ.get(name, "").strip()
        if not text:
            continue
        if not (re.fullmatch(r"[0-9]{1,9}", text) and least <= int(text) <= most):
            raise ConfigError(f"{name} is {text[:40]!r}: it must be a whole number from {least} to {most}.")
        values[attribute] = int(text)
    values["log_level"] = environ.get("LOG_LEVEL", "").strip().upper() or "WARNING"
    if values["log_level"] not in _LOG_LEVELS:
        raise ConfigError(f"LOG_LEVEL is {values['log_level'][:40]!r}: it must be {', '.join(_LOG_LEVELS)}.")
    values["sign_in"] = _one_of(("popup", "redirect"), environ, "SIGN_IN")  # passed on to the app
    values["propagation"] = _one_of(("identity_center", "session_tags"), environ, "PROPAGATION")
    values["data_api_quotas"] = _one_of(("off", "on"), environ, "DATA_API_QUOTAS") == "on"
    values["empty"] = _one_of(("off", "on"), environ, "EMPTY") == "on"
    values["bind_address"] = _one_of(("127.0.0.1", "0.0.0.0"), environ, "BIND_ADDRESS")  # noqa: S104 - asked for
    values["demo_url"] = environ.get("DEMO_URL", "").strip()
    if values["demo_url"] and not re.fullmatch(_ORIGIN, values["demo_url"], re.ASCII):
        raise ConfigError(f"DEMO_URL is {values['demo_url'][:40]!r}: it must be like https://host:port.")
    config = Config(**values)
    if len({config.app_port, config.idp_port, config.aws_port}) < 3:  # noqa: PLR2004 - the three ports
        raise ConfigError("APP_PORT, IDP_PORT and AWS_PORT must be three different ports.")
    return config


def _one_of(known: tuple[str, ...], environ: Mapping[str, str], name: str) -> str:
    """The setting's value, the first of those known without one."""
    text = environ.get(name, "").strip() or known[0]
    if text not in known:
        raise ConfigError(f"{name} is {text[:40]!r}: it must be {' or '.join(known)}.")
    return text


def isolate(environ: MutableMapping[str, str] = os.environ) -> None:
    """Takes away what leads elsewhere: a person's own AWS set-up, and a proxy on the way to this machine."""
    for name in [name for name in environ if name.startswith("AWS_") and name not in _NUMBERS]:
        del environ[name]
    environ.update(
        {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "no_proxy": "localhost,127.0.0.1",
        }
    )
