"""Every fault that doctor knows, along the chain: its reports and docs/aws.md both come from here."""

from collections.abc import Mapping

from infra.provision.doctor.fault import Fault
from infra.provision.doctor.faults import (
    iam,
    identity_center,
    looking,
    person,
    provider,
    redshift,
    warehouse,
)

_MODULES = (looking, provider, iam, identity_center, redshift, warehouse, person)

FAULTS: Mapping[str, Fault] = {
    fault.code: fault for module in _MODULES for fault in vars(module).values() if isinstance(fault, Fault)
}
