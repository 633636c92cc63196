"""Every check, along the chain from the provider to the rows."""

from infra.provision.doctor.check import Check
from infra.provision.doctor.checks import settings

CHECKS: tuple[Check, ...] = (*settings.CHECKS,)
