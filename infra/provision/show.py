"""How plans and progress are told: in words for people, as JSON for machines."""

import difflib
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.provision.iam.policies import same
from infra.provision.resources.resource import Owner
from infra.provision.specification.spec import Spec
from infra.provision.terminal import harmless

if TYPE_CHECKING:
    from infra.provision.plan import Change

_MARKS = {"create": "+", "change": "~", "wait": "…", "nothing": "=", "remove": "-"}
_ALL_LINES = 1_000_000


class Progress:
    """Tells on stderr what is being done, each line with the time since the start."""

    def __init__(self, *, quiet_seconds: float = 15) -> None:
        self._begun = time.monotonic()
        self._quiet_seconds = quiet_seconds
        self._words = ""

    def __call__(self, words: str) -> None:
        self._words = words
        self._tell(words)

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Within it, what takes long is told again from time to time."""
        ended = threading.Event()
        thread = threading.Thread(target=self._repeat, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _repeat(self, ended: threading.Event) -> None:
        said = ""
        while not ended.wait(self._quiet_seconds):
            if said == self._words:
                self._tell(f"still {said}")
            said = self._words

    def _tell(self, words: str) -> None:
        seconds = int(time.monotonic() - self._begun)
        tell(f"{seconds // 60:4}:{seconds % 60:02}  {words}")


def tell(words: str) -> None:
    """Says something beside the answer."""
    print(harmless(words), file=sys.stderr, flush=True)  # noqa: T201 - a command line's progress


def answer(words: str) -> None:
    """Gives the command's answer."""
    print(harmless(words))  # noqa: T201 - a command line's answer


def plan_as_text(spec: Spec, changes: Sequence["Change"]) -> str:
    """Each change as a diff, every policy in full."""
    parts = [_change_as_text(change) for change in changes if change.action != "nothing"]
    kept = [
        f"= {change.title}\n{_indented(change.after)}"
        for change in changes
        if change.action == "nothing" and _has_policy(change.after)
    ]
    if kept:
        parts.append("Policies that stay as they are:")
    return "\n\n".join([*parts, *kept, _counted(changes, f"in {spec.account_id}, {spec.region}")])


def _change_as_text(change: "Change") -> str:
    note = " (it was there before: destroy will leave it)" if change.owner is Owner.OTHERS else ""
    if change.action == "wait":
        return f"{_MARKS['wait']} {change.title}: AWS is at work on it ({change.before['status']})"
    lines = difflib.unified_diff(
        _lines(aligned(change.before, change.after)),
        _lines(change.after),
        lineterm="",
        n=_ALL_LINES,
    )
    told = [f"    {line}" for number, line in enumerate(lines) if number > 2]  # noqa: PLR2004 - the diff's head
    remarks = [f"    ! {remark}" for remark in change.remarks]
    return "\n".join([f"{_MARKS[change.action]} {change.title}{note}", *told, *remarks])


def _lines(state: Mapping[str, Any]) -> list[str]:
    return json.dumps(state, indent=2, ensure_ascii=False).splitlines() if state else []


def _indented(state: Mapping[str, Any]) -> str:
    return "\n".join(f"     {line}" for line in _lines(state))


def aligned(before: Any, after: Any) -> Any:
    """What was before, told as what comes after wherever the two say the same."""
    if same(before, after):
        return after
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = [*(name for name in after if name in before), *(name for name in before if name not in after)]
        return {name: aligned(before[name], after.get(name)) for name in names}
    if isinstance(before, list) and isinstance(after, list):
        return [next((new for new in after if same(old, new)), old) for old in before]
    return before


def _has_policy(state: Any) -> bool:
    if isinstance(state, Mapping):
        return "Statement" in state or any(map(_has_policy, state.values()))
    return False


def in_lines(change: "Change") -> tuple[str, ...]:
    """A change that was made, with the names of what was mended."""
    if change.action in ("create", "wait"):
        return (change.title,)
    if change.action == "nothing" or change.steps:
        return change.steps
    paths = [each["path"] for each in differences(change.before, change.after)]
    return (f"{change.title}: {', '.join(paths)}",)


def _counted(changes: Sequence["Change"], where: str) -> str:
    actions = [change.action for change in changes]
    if set(actions) <= {"nothing"}:
        return f"Nothing is to be changed {where}: all {len(actions)} are as they should be."
    return (
        f"{actions.count('create')} to make, {actions.count('change')} to change,"
        f" {actions.count('nothing')} as they should be {where}."
    )


def plan_as_json(spec: Spec, changes: Sequence["Change"]) -> str:
    """The same for machines; each with its state before and after, policies in full."""
    return json.dumps(
        {
            "application": spec.application,
            "account": spec.account_id,
            "region": spec.region,
            "changes": [
                {
                    "resource": change.title,
                    "action": change.action,
                    "owner": change.owner.name.lower(),
                    "before": change.before,
                    "after": change.after,
                    "remarks": change.remarks,
                    "differences": list(differences(change.before, change.after)),
                }
                for change in changes
            ],
        },
        indent=2,
    )


def differences(before: Any, after: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Where two states differ, by path."""
    if same(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            yield from differences(before.get(name), after.get(name), f"{path}.{name}" if path else str(name))
    else:
        yield {"path": path, "before": before, "after": after}
