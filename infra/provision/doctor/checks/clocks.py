"""The clocks: this computer's, AWS's and the provider's, by the Date of their answers."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from infra.provision.doctor.check import Check
from infra.provision.doctor.checks import provider
from infra.provision.doctor.context import Context, Waits
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults import provider as faults

# The app's own leeway for tokens.
_LEEWAY_SECONDS = 60


def skew(context: Context, url: str) -> float | None:
    """By how many seconds the clock behind an address is ahead of this one; None where it does not tell.

    It is asked without a signature, which AWS refuses, and refuses with its Date.
    """
    before = context.clock()
    response = context.http.get(url)
    middle = (before + context.clock()) / 2
    try:
        told = parsedate_to_datetime(response.headers["date"]).timestamp()
        # A cache on the way keeps the Date of when it fetched.
        return told + int(response.headers.get("age", "0")) - middle
    except (KeyError, ValueError):
        return None


def here(context: Context) -> Iterator[Finding]:
    """This computer's clock agrees with AWS's."""
    ahead = context.ask(skew, context.client("sts").meta.endpoint_url)
    if ahead is not None and abs(ahead) > _LEEWAY_SECONDS:
        yield faults.CLOCK_HERE.found(f"It is {_words(-ahead)} AWS's.")


def there(context: Context) -> Iterator[Finding]:
    """The provider's clock agrees with AWS's."""
    context.ask(provider.discovery)
    of_aws = context.ask(skew, context.client("sts").meta.endpoint_url)
    of_provider = context.ask(skew, provider.discovery_url(context))
    if of_aws is None or of_provider is None:
        raise Waits("an answer that tells the time")
    if abs(of_provider - of_aws) > _LEEWAY_SECONDS:
        host = urlsplit(context.chain.issuer).netloc
        yield faults.CLOCK_OF_PROVIDER.found(f"It is {_words(of_provider - of_aws)} AWS's.", host=host)


def _words(seconds: float) -> str:
    return f"{abs(seconds):.0f} seconds {'ahead of' if seconds > 0 else 'behind'}"


CHECKS = (
    Check("Clocks", "this computer's clock agrees with AWS's", here),
    Check("Clocks", "the identity provider's clock agrees with AWS's", there),
)
