"""What is said on a terminal: names and messages of others steer it no more than our own words."""

import re

# Control characters but the end of a line, and marks that turn text about or are not seen.
_STEERING = re.compile(
    r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


def harmless(text: str) -> str:
    """The text with a mark in place of each character that would steer a terminal or turn text about."""
    return _STEERING.sub("�", text)
