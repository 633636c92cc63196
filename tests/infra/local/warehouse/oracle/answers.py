"""Answers in a form that can be compared, whichever engine gave them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from infra.local.warehouse import DbUser, Redshift, SqlError

DENIED = "42501"


def comparable(rows: Iterable[Sequence[Any]], *, ordered: bool) -> Any:
    """The rows as they compare: in order where the query asks for one, else as often as each occurs."""
    found = [tuple(row) for row in rows]
    return found if ordered else Counter(found)


def of_redshift(redshift: Redshift, sql: str, user: DbUser, *, ordered: bool = False) -> Any:
    """The user's answer, or the SQLSTATE with which it is refused."""
    try:
        table = redshift.execute(sql, user=user).table
    except SqlError as error:
        return error.sqlstate
    return comparable(zip(*(column.to_pylist() for column in table.columns), strict=True), ordered=ordered)
