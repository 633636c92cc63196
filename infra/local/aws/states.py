"""States of the account that are kept and put back: what was tried out is undone within milliseconds."""

import copy
import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

PutBack = Callable[[], None]
Keep = Callable[[], PutBack]
MOST_STATES = 100
Copied = TypeVar("Copied")


def keeping(owner: object, *names: str, shared: Sequence[object] = ()) -> PutBack:
    """Keeps a copy of these attributes; what is returned puts it back, however often it is called.

    Of the shared objects there is no copy.
    """

    def copied(value: Copied) -> Copied:
        return copy.deepcopy(value, {id(each): each for each in shared})

    kept: dict[str, Any] = copied({name: getattr(owner, name) for name in names})

    def put_back() -> None:
        # In one copy, so that what two attributes share they share again.
        for name, value in copied(kept).items():
            setattr(owner, name, value)

    return put_back


def all_of(*parts: PutBack) -> PutBack:
    """Puts back all of them."""

    def put_back() -> None:
        for part in parts:
            part()

    return put_back


class States:
    """The kept states of an account, by number; the account is what its parts keep.

    Number 0, that of the start, stays; of all others the newest do.
    """

    def __init__(self, parts: Sequence[Keep]) -> None:
        self._parts = parts
        self._kept: dict[int, PutBack] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def keep(self) -> int:
        """Keeps the account as it is now."""
        with self._lock:
            number = next(self._numbers)
            self._kept[number] = all_of(*(keep() for keep in self._parts))
            while len(self._kept) > MOST_STATES:
                del self._kept[sorted(self._kept)[1]]
        return number

    def put_back(self, number: int) -> None:
        """Makes the account what it was then; raises LookupError."""
        with self._lock:
            self._kept[number]()
