"""Whether two conditions of policies mean the same: Redshift keeps no text of one, and writes it anew."""

from app.policies import tree
from app.policies.meaning import changed, of_one_relation, plain, simple
from app.policies.reading import read
from app.policies.tokens import Unreadable, tokens_of
from app.policies.tree import Condition

_TEXTS = frozenset({"text", "varchar", "character varying"})


def alike(one: str, other: str) -> bool:
    """Whether the same rows come through both, as far as their SQL can be read."""
    if _words(one) == _words(other):
        return True
    try:
        return _plain(one) == _plain(other)
    except Unreadable:
        return False


def _plain(condition: str) -> Condition:
    return changed(simple(of_one_relation(plain(read(condition)))), _without_a_cast)


def _without_a_cast(node: object) -> object:
    """Texts without a cast to text that has no limit, which changes none."""
    match node:
        case tree.Cast(inner, kind) if kind in _TEXTS:
            return inner
    return node


def _words(condition: str) -> list[str]:
    try:
        return [token.text if token.kind == "literal" else token.name for token in tokens_of(condition)]
    except Unreadable:
        return [condition]
