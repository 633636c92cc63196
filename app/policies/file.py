"""A YAML text → its mappings, lists and scalars, each with its line; nothing in it is ever made an object."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

LONGEST = 64_000  # characters
_DEEPEST = 8
_HALF = re.compile("[\ud800-\udfff]")  # by \uD83D alone: no UTF-8 has it, so no page and no statement
_TEXT, _NUMBER = "tag:yaml.org,2002:str", "tag:yaml.org,2002:int"


@dataclass(frozen=True)
class Fault:
    """What is wrong with the file, and where."""

    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message} ({self.code})"


@dataclass(frozen=True)
class Scalar:
    """A text or a whole number; `kind` is 'text', 'number', or 'other' for a date, a truth and the like."""

    line: int
    text: str
    kind: str


@dataclass(frozen=True)
class Items:
    """A list."""

    line: int
    items: tuple["Part", ...]


@dataclass(frozen=True)
class Mapped:
    """A mapping, its keys in the file's order; each key's own line is in `lines`."""

    line: int
    values: Mapping[str, "Part"]
    lines: Mapping[str, int] = field(default_factory=dict)


Part = Scalar | Items | Mapped


class Unusable(Exception):
    """A text that is not read at all, for this one reason."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def parsed(text: str, faults: list[Fault]) -> Part:
    """What the text holds; keys that come twice are told in `faults`, and Unusable is raised for no YAML."""
    if len(text) > LONGEST:
        raise Unusable(Fault(1, "RL-471", f"The file is longer than {LONGEST:,} characters."))
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unusable(
            Fault(mark.line + 1 if mark else 1, "RL-470", f"This is no YAML: {error.problem}.")
        ) from None
    except (yaml.YAMLError, OverflowError, ValueError):  # the others: \U with a number of no character
        raise Unusable(
            Fault(1, "RL-470", "This is no YAML: it holds characters that YAML has not.")
        ) from None
    if node is None:
        raise Unusable(Fault(1, "RL-470", "The file is empty."))
    return _part(node, faults)


def _check_events(text: str) -> None:
    """Before anything is built: no aliases, by which a small file grows large, and no depth without end."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unusable(Fault(line, "RL-470", "Anchors and aliases (& and *) are not taken."))
        if _HALF.search(getattr(event, "value", "")):
            raise Unusable(Fault(line, "RL-470", "This holds half of a character, which nothing can write."))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise Unusable(Fault(line, "RL-470", "It is nested deeper than anything that is expected here."))


def _part(node: yaml.Node, faults: list[Fault]) -> Part:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        kind = {_TEXT: "text", _NUMBER: "number"}.get(node.tag, "other")
        return Scalar(line, node.value, kind)
    if isinstance(node, yaml.SequenceNode):
        return Items(line, tuple(_part(each, faults) for each in node.value))
    values: dict[str, Part] = {}
    lines: dict[str, int] = {}
    for key, value in _pairs(node, faults):
        if key.value in values:
            faults.append(
                Fault(
                    key.start_mark.line + 1,
                    "RL-473",
                    f"{key.value} is here a second time: it is on line {lines[key.value]}, too.",
                )
            )
            continue
        values[key.value], lines[key.value] = _part(value, faults), key.start_mark.line + 1
    return Mapped(line, values, lines)


def _pairs(node: yaml.Node, faults: list[Fault]) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag == _TEXT:
            yield key, value
        else:
            faults.append(
                Fault(key.start_mark.line + 1, "RL-474", "What stands before a colon here is a text.")
            )
