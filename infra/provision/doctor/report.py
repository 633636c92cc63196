"""The outcomes as text for people and as JSON for machines; neither ever holds a secret."""

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from infra.provision.doctor.check import Outcome
from infra.provision.doctor.fault import Finding
from infra.provision.terminal import harmless

HIDDEN = "(hidden)"
_WIDTH, _LONG_COMMAND = 110, 60
# Of a shorter one, each occurrence of its letters would go.
_SHORTEST_SECRET = 4
_MARKS = {"healthy": "✓", "waits": "·", "unclear": "?", "error": "✗", "warning": "!"}
_COLOURS = {"healthy": "32", "waits": "2", "unclear": "2", "error": "31", "warning": "33"}


@dataclass(frozen=True)
class Report:
    """What doctor says at the end."""

    outcomes: tuple[Outcome, ...]
    seconds: float
    fixed: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for outcome in self.outcomes for finding in outcome.findings)

    @property
    def errors(self) -> int:
        return sum(finding.fault.severity == "error" for finding in self.findings)

    @property
    def healthy(self) -> bool:
        return not self.errors


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text without any of the secrets, and without what would steer a terminal."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return harmless(text)


def cleaned(outcome: Outcome, secrets: Iterable[str]) -> Outcome:
    """The outcome with nothing in it that must not be shown."""
    told = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
    findings = tuple(
        replace(each, what=hide(each.what, told), cure=hide(each.cure, told)) for each in outcome.findings
    )
    return replace(outcome, findings=findings, reason=hide(outcome.reason, told))


def as_text(report: Report, *, colours: bool = False) -> str:
    """Along the chain, a line for each link, and for each fault what, why and cure."""
    paint = _painted if colours else _plain
    lines: list[str] = []
    for link, outcomes in groupby(report.outcomes, key=lambda outcome: outcome.check.link):
        lines += ["", link, *(line for outcome in outcomes for line in _lines(outcome, paint))]
    lines += ["", *(f"fixed: {what}" for what in report.fixed), _summary(report)]
    return "\n".join(lines).lstrip("\n")


def _plain(_: str, text: str) -> str:
    return text


def _painted(kind: str, text: str) -> str:
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m"


def _lines(outcome: Outcome, paint: Callable[[str, str], str]) -> list[str]:
    title = outcome.check.title
    if outcome.findings:
        return [line for finding in outcome.findings for line in _finding(finding, paint)]
    text = {
        "waits": f"{title}: not looked at, it waits for {outcome.reason}",
        "unclear": f"{title}: cannot be told from here. {outcome.reason}",
    }.get(outcome.state, title)
    return [paint(outcome.state, f"  {_MARKS[outcome.state]} {text}")]


def _finding(finding: Finding, paint: Callable[[str, str], str]) -> list[str]:
    fault = finding.fault
    kind = fault.severity
    head = f"  {_MARKS[kind]} {fault.code} {fault.title}" + (" (--fix can cure it)" if finding.fix else "")
    shows = f" People see {', '.join(fault.shows)}." if fault.shows else ""
    parts = (("what", finding.what), ("why", fault.why + shows), ("cure", finding.cure))
    return [paint(kind, head), *(line for name, text in parts for line in _wrapped(name, text))]


def _wrapped(name: str, text: str) -> list[str]:
    """The text under its name; a long command has a line of its own, to be copied whole."""
    lines: list[str] = []
    for piece, alone in _pieces(text):
        if alone:
            lines += [piece] if lines else ["", piece]
        else:
            lines += _filled(piece.lstrip(" .,;") if lines else piece)
    return [f"      {'' if index else name + ':':<6}{line}".rstrip() for index, line in enumerate(lines)]


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The long commands, and what is between them, short commands with it; whether it is the former."""
    kept = ""
    for piece in re.split("(`[^`]*`)", text):
        if piece.startswith("`") and len(piece) >= _LONG_COMMAND:
            yield kept, False
            yield piece.strip("`"), True
            kept = ""
        else:
            kept += piece
    yield kept, False


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH - 12, break_long_words=False, break_on_hyphens=False)


def _summary(report: Report) -> str:
    healthy = sum(outcome.state == "healthy" for outcome in report.outcomes)
    skipped = sum(outcome.state in ("waits", "unclear") for outcome in report.outcomes)
    warnings = len(report.findings) - report.errors
    counted = [(report.errors, "error"), (warnings, "warning")]
    words = [f"{number} {word}{'s' * (number != 1)}" for number, word in counted if number]
    rest = f"; {skipped} not looked at" if skipped else ""
    return (
        f"{' and '.join(words) or 'No fault'}; {healthy} of {len(report.outcomes)} links hold{rest}."
        f" {report.seconds:.1f} s."
    )


def as_json(report: Report) -> str:
    """The report for machines."""
    return json.dumps(
        {
            "healthy": report.healthy,
            "seconds": round(report.seconds, 3),
            "fixed": list(report.fixed),
            "findings": [_object(outcome, each) for outcome in report.outcomes for each in outcome.findings],
            "links": [
                {
                    "link": outcome.check.link,
                    "check": outcome.check.title,
                    "state": outcome.state,
                    "reason": outcome.reason,
                }
                for outcome in report.outcomes
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def _object(outcome: Outcome, finding: Finding) -> dict[str, object]:
    fault = finding.fault
    return {
        "code": fault.code,
        "severity": fault.severity,
        "title": fault.title,
        "link": outcome.check.link,
        "what": finding.what,
        "why": fault.why,
        "cure": finding.cure,
        "people_see": list(fault.shows),
        "fixable": finding.fix is not None,
    }
