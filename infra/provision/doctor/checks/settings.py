"""The app's settings, and who looks."""

from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from infra.provision.doctor.chain import SETTINGS
from infra.provision.doctor.check import Check
from infra.provision.doctor.context import Context, caller
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults import looking


def complete(context: Context) -> Iterator[Finding]:
    """Every setting that the app needs is there and well formed."""
    for member in context.chain.missing:
        setting = SETTINGS[member]
        yield looking.SETTING_MISSING.found(
            f"{setting.name} is not set.", setting=setting.name, expected=setting.expected
        )
    for member in context.chain.malformed:
        setting = SETTINGS[member]
        # Never its value: what stands in the wrong place may be a secret.
        yield looking.SETTING_MALFORMED.found(
            f"{setting.name} is not of that shape.",
            setting=setting.name,
            expected=setting.expected,
        )


def agreed(context: Context) -> Iterator[Finding]:
    """The app's settings are those that rowlight.toml leads to."""
    if context.chain.unread:
        yield looking.CANNOT_LOOK.found(
            f"rowlight.toml cannot be completed from the account: {context.chain.unread}",
            cure="See to that first, then run doctor again: it looked at the settings alone.",
        )
    for member, (ours, wanted) in context.chain.differing.items():
        name = SETTINGS[member].name
        yield looking.SETTING_DIFFERS.found(
            f"{name} is {ours}; rowlight.toml leads to {wanted}.", setting=name, wanted=wanted
        )


def accepted(context: Context) -> Iterator[Finding]:
    """AWS accepts the administrator's credentials, and they are of the app's account."""
    try:
        account = context.ask(caller)["Account"]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "no code")
        yield looking.NO_CREDENTIALS.found(f"AWS refused GetCallerIdentity ({code}).")
        return
    except BotoCoreError as error:
        yield looking.NO_CREDENTIALS.found(f"There are no credentials to ask with ({type(error).__name__}).")
        return
    wanted = context.chain.account_id
    if wanted and account != wanted:
        yield looking.OTHER_ACCOUNT.found(
            f"The credentials are of account {account}; DATA_ROLE_ARN is of {wanted}.",
            account=wanted,
            setting="DATA_ROLE_ARN",
        )


CHECKS = (
    Check("Settings", "every setting that the app needs is there and well formed", complete),
    Check(
        "Settings",
        "the settings are those that rowlight.toml leads to",
        agreed,
        lambda chain: bool(chain.spec or chain.unread),
    ),
    Check("Settings", "AWS accepts the credentials, which are of the app's account", accepted),
)
