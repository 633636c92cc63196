"""`python -m infra.provision env`: the settings that the app needs, printed or written to secrets.toml."""

import argparse
import json
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.provision import apply, command, show
from infra.provision.errors import SpecError
from infra.provision.specification.providers import PROVIDERS
from infra.provision.specification.spec import DATA_API, Spec

SECRETS_FILE = Path(".streamlit/secrets.toml")
# Of each pair the app takes one alone.
_ONE_OF = (
    ("OIDC_CLIENT_SECRET", "OIDC_CLIENT_SECRET_ARN"),
    ("SESSION_KEY", "SESSION_KEY_ARN"),
    ("REDSHIFT_WORKGROUP", "REDSHIFT_CLUSTER"),
)


def add_parser(commands: command.Commands) -> None:
    """Adds `env`."""
    parser = commands.add_parser("env", help="print the app's settings, or write them to its secrets file")
    parser.set_defaults(run=run)
    command.add_common(parser)
    command.add_specification(parser)
    parser.add_argument(
        "--write",
        nargs="?",
        type=Path,
        const=SECRETS_FILE,
        metavar="FILE",
        help=f"write them there, for its owner's eyes alone; default: {SECRETS_FILE}",
    )
    parser.add_argument("--force", action="store_true", help="with --write, replace values that differ")


def run(options: argparse.Namespace) -> int:
    """Prints or writes the settings, and tells what is still to be added to them."""
    session = command.session_of(options)
    spec = command.spec_of(options, session)
    settings = settings_of(spec, apply.outputs(spec, session))
    missing = still_to_add(settings)
    if options.write:
        changed = write(options.write, settings, force=options.force)
        show.tell(f"{options.write}: {', '.join(changed) or 'nothing'} written")
    if options.json:
        show.answer(json.dumps({"settings": settings, "still_to_add": missing}, indent=2))
    elif not options.write:
        show.answer("\n".join(f"{name}={value}" for name, value in settings.items()))
    for name, why in missing.items():
        show.tell(f"still to add where the app runs: {name}, {why}")
    return 0


def settings_of(spec: Spec, outputs: apply.Outputs) -> dict[str, str]:
    """All settings that the app needs and that are no secrets, by their names in the environment."""
    optional = {
        "OIDC_CLIENT_SECRET_ARN": spec.client_secret_arn,
        "SESSION_KEY_ARN": spec.session_key_arn,
        "QUERY_PATH": spec.query_path if spec.query_path != DATA_API else "",
        "OIDC_EMAIL_VERIFIED": PROVIDERS[spec.provider].email_verified,
    }
    found = {**outputs.settings(), "APP_URL": spec.app_url.rstrip("/")}
    return found | {name: value for name, value in optional.items() if value}


def still_to_add(settings: Mapping[str, str]) -> dict[str, str]:
    """What the app needs beside these, each with a word on it."""
    found = {}
    if "OIDC_CLIENT_SECRET_ARN" not in settings:
        found["OIDC_CLIENT_SECRET"] = (
            "the client's secret from the provider's console; or put that into Secrets Manager and its ARN"
            " into rowlight.toml as provider.client_secret_arn"
        )
    if "SESSION_STORE" in settings and "SESSION_KEY_ARN" not in settings:
        found["SESSION_KEY"] = (
            "32 random bytes in Base64 (openssl rand -base64 32); or app.session_key_arn in rowlight.toml"
        )
    if settings.get("QUERY_PATH") == "driver":
        found["REDSHIFT_HOST"] = "the warehouse's endpoint, from the Redshift console"
    return found


def write(path: Path, settings: Mapping[str, str], *, force: bool = False) -> list[str]:
    """Adds the settings to the file, whatever else is in it; returns the names of what was written.

    Nobody but its owner ever reads it, not for a moment; and it is the old file or the new one, never a part.
    SpecError where a value there differs and `force` does not say that it may go.
    """
    text = _text(path)
    known = _known(path, text)
    changes = {name: value for name, value in settings.items() if known.get(name) != value}
    _check(path, known, changes, force=force)
    if not changes:
        _hide(path)
        return []
    new = _with(text, changes)
    if not _says(new, known | changes):
        raise SpecError(f"{path}: its settings stand where they cannot be replaced: change them by hand.")
    _replace(path, new)
    return list(changes)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read: {type(error).__name__}") from None


def _known(path: Path, text: str) -> dict[str, Any]:
    """What the file says, by the names of the environment, as the app reads it."""
    try:
        return _settings_in(text)
    except tomllib.TOMLDecodeError:
        # The parser's own words may quote a line, and with it a secret.
        raise SpecError(f"{path} is not TOML: correct it, or move it away.") from None


def _settings_in(text: str) -> dict[str, Any]:
    return {name.upper(): value for name, value in tomllib.loads(text).items()}


def _says(text: str, settings: Mapping[str, Any]) -> bool:
    """Whether the text is a file that says exactly this."""
    try:
        return _settings_in(text) == settings
    except tomllib.TOMLDecodeError:
        return False


def _check(path: Path, known: Mapping[str, Any], changes: Mapping[str, str], *, force: bool) -> None:
    differ = [name for name in changes if name in known]
    if differ and not force:
        raise SpecError(f"{path} has other values of {', '.join(differ)}: --force replaces them.")
    for pair in _ONE_OF:
        for new, old in (pair, pair[::-1]):
            if changes.get(new) and known.get(old):
                raise SpecError(f"{path} has {old}, and the app takes no {new} beside it: take {old} out.")


def _with(text: str, changes: Mapping[str, str]) -> str:
    """The text with the settings in front: what stands after a section would belong to that."""
    lines = text.splitlines(keepends=True)
    first = next((place for place, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    names = "|".join(map(re.escape, changes))
    ours = re.compile(rf"\s*({names})\s*=", re.IGNORECASE)
    kept = [line for place, line in enumerate(lines) if place >= first or not ours.match(line)]
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in changes.items()) + "".join(kept)


def _hide(path: Path) -> None:
    try:
        path.chmod(0o600)
    except OSError as error:
        raise SpecError(f"{path} cannot be kept from others: {error.strerror}") from error


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(beside, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SpecError(f"{path} cannot be written: {error.strerror}") from error
