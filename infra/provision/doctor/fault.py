"""What can be wrong with a link of the chain, and what was found."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]
# Does what is safe, and says what it did.
Fix = Callable[[], str]

# Not braces alone: a cure may hold JSON, for a command line.
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way in which a link can be wrong; `cure` has a {placeholder} for each name of the account."""

    code: str
    title: str
    why: str
    cure: str
    severity: Severity = "error"
    fixable: bool = False
    # The app's codes that people meet because of it: docs/errors.md.
    shows: tuple[str, ...] = ()

    def found(self, what: str, *, fix: Fix | None = None, **names: str) -> "Finding":
        """The fault as it was found: `what` says where, and `names` fill the cure's placeholders."""
        cure = _PLACEHOLDER.sub(lambda match: names[match[1]], self.cure)
        return Finding(self, what, cure, fix)


@dataclass(frozen=True)
class Finding:
    """A fault that a check found here."""

    fault: Fault
    what: str
    cure: str
    fix: Fix | None = field(default=None, repr=False, compare=False)
