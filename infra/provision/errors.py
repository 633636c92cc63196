"""What can go wrong while provisioning, in words for the administrator."""


class SpecError(ValueError):
    """A name or address in the specification that AWS could not take, or that would widen a policy."""


class ProvisioningError(Exception):
    """Something in the account that provisioning cannot or must not change by itself."""
