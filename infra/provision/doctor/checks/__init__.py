"""Every check, along the chain from the provider to the rows."""

from infra.provision.doctor.check import Check
from infra.provision.doctor.checks import (
    client,
    clocks,
    iam_provider,
    identity_center,
    people,
    permissions,
    person,
    provider,
    redshift,
    settings,
    trust,
    warehouse,
)
from infra.provision.doctor.context import Context

CHECKS: tuple[Check, ...] = (
    *settings.CHECKS,
    *clocks.CHECKS,
    *provider.CHECKS,
    *client.CHECKS,
    *iam_provider.CHECKS,
    *trust.CHECKS,
    *permissions.CHECKS,
    *identity_center.CHECKS,
    *people.CHECKS,
    *redshift.CHECKS,
    *warehouse.CHECKS,
)


# With session tags, nothing of the chain is in IAM Identity Center.
_OF_IDENTITY_CENTER = frozenset(
    (*identity_center.CHECKS, *people.CHECKS, *redshift.CONNECTION, *redshift.ASSOCIATION, *person.OF_CENTER)
)


def checks_of(context: Context) -> tuple[Check, ...]:
    """The checks that the chain has links for; the last ones need an ID token of a test person."""
    other = _OF_IDENTITY_CENTER if context.chain.session_tags else frozenset()
    last = person.CHECKS if context.test_token else person.NOT_RUN
    return tuple(check for check in (*CHECKS, *last) if check not in other and check.when(context.chain))
