"""What every export says about itself: whose rows, under which filters, when, by which statement."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

# What XML cannot hold, and what would break a line or turn it round: a name must not hide what follows it.
_NO_XML = "\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
_TURNS = "\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNPRINTABLE = re.compile(f"[{_NO_XML}{_TURNS}]")
_LONGEST = 400
_UNSAFE_IN_NAMES = re.compile("[^a-z0-9]+")


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Text that can stand anywhere: one line, of printable characters, not endless."""
    clean = _UNPRINTABLE.sub(lambda found: " " if found[0].isspace() else "\ufffd", text)
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


@dataclass(frozen=True)
class Stamp:
    """Whose rows an export holds, of which page, under which filters, as of when, by which statement."""

    person: str
    page: str
    filters: tuple[str, ...]  # in words
    as_of: datetime  # aware
    statement_id: str

    @property
    def moment(self) -> str:
        """When the warehouse answered, to the second, in the one time zone that needs no explanation."""
        return f"{self.as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

    def facts(self) -> dict[str, str]:
        """Each part by its name, for programs."""
        return {
            "person": one_line(self.person),
            "page": one_line(self.page),
            "filters": one_line("; ".join(self.filters)),
            "as_of": self.as_of.isoformat(),
            "statement_id": one_line(self.statement_id),
        }

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Label and text of each part, for people."""
        parts = (
            ("Page", self.page),
            ("Rows visible to", self.person),
            ("Filters", "; ".join(self.filters) or "none"),
            ("As of", self.moment),
            ("Statement", self.statement_id),
        )
        return tuple((label, one_line(text)) for label, text in parts)


def file_name(page: str, what: str, day: date, ending: str) -> str:
    """rowlight-overview-by-category-2026-11-28.csv: letters of ASCII, digits and hyphens alone."""
    words = [_UNSAFE_IN_NAMES.sub("-", name.lower())[:40].strip("-") for name in (page, what)]
    return "-".join(["rowlight", *filter(None, words), day.isoformat()]) + f".{ending}"
