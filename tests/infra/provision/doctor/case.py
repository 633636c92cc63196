"""A fault as a test puts it into the world."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.infra.provision.doctor.world import World


@dataclass(frozen=True)
class Case:
    """What is broken, the one code that doctor must find, and what its cure must name.

    The account and the settings are put back by the world; what else is broken is by the context manager.
    """

    name: str
    code: str
    inject: Callable[[World], AbstractContextManager[None] | None]
    cure: tuple[str, ...] = ()
    # Whether the commands of the cure, pasted into a shell, make the chain healthy.
    cures: bool = False
    fixable: bool = False
