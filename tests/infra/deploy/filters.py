"""CloudWatch's filter patterns for JSON, as far as the templates use them."""

import json
import re
from typing import Any

_TOKEN = re.compile(r'\s*(\(|\)|&&|\|\||\$\.\w+|>=|=|"[^"]*"|\d+)')


def matches(pattern: str, line: str) -> bool:
    """Whether a line of the log is counted; a line that is no JSON object never is."""
    try:
        record = json.loads(line)
    except ValueError:
        return False
    if not isinstance(record, dict):
        return False
    inner = re.fullmatch(r"\{(.*)\}", pattern.strip())
    assert inner, pattern
    tokens = _tokens(inner[1])
    found = _either(tokens, record)
    assert not tokens, pattern
    return found


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    while text[place:].strip():
        token = _TOKEN.match(text, place)
        assert token, f"not known here: {text[place:]}"
        found.append(token[1])
        place = token.end()
    return found


def _either(tokens: list[str], record: dict[str, Any]) -> bool:
    found = _both(tokens, record)
    while tokens[:1] == ["||"]:
        tokens.pop(0)
        found = _both(tokens, record) or found
    return found


def _both(tokens: list[str], record: dict[str, Any]) -> bool:
    found = _one(tokens, record)
    while tokens[:1] == ["&&"]:
        tokens.pop(0)
        found = _one(tokens, record) and found
    return found


def _one(tokens: list[str], record: dict[str, Any]) -> bool:
    if tokens[0] == "(":
        tokens.pop(0)
        found = _either(tokens, record)
        assert tokens.pop(0) == ")"
        return found
    member, operator, wanted = (tokens.pop(0) for _ in range(3))
    value = record.get(member.removeprefix("$."))
    if operator == ">=":
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= int(wanted)
    assert operator == "="
    return isinstance(value, str) and value == wanted.strip('"')
