"""Every check, along the chain from the provider to the rows."""

from infra.provision.doctor.check import Check
from infra.provision.doctor.checks import (
    client,
    clocks,
    iam_provider,
    identity_center,
    people,
    permissions,
    provider,
    redshift,
    settings,
    trust,
    warehouse,
)

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
