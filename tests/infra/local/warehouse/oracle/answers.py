"""Answers in a form that can be compared, whichever engine gave them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from infra.local.warehouse import DbUser, Redshift, Result, SqlError

DENIED = "42501"


def comparable(rows: Iterable[Sequence[Any]], *, ordered: bool) -> Any:
    """The rows as they compare: in order where the query asks for one, else as often as each occurs."""
    found = [tuple(row) for row in rows]
    return found if ordered else Counter(found)


def of_redshift(redshift: Redshift, sql: str, user: DbUser, *, ordered: bool = False) -> Any:
    """The user's answer, or the SQLSTATE with which it is refused."""
    try:
        return _rows(redshift.execute(sql, user=user), ordered=ordered)
    except SqlError as error:
        return error.sqlstate


def described(redshift: Redshift, sql: str, user: DbUser, *, ordered: bool = False) -> Any:
    """As `of_redshift`, with the names and types of the columns."""
    try:
        result = redshift.execute(sql, user=user)
    except SqlError as error:
        return error.sqlstate
    columns = [(column.name, column.type_name, column.scale) for column in result.columns]
    return columns, _rows(result, ordered=ordered)


def _rows(result: Result, *, ordered: bool) -> Any:
    columns = (column.to_pylist() for column in result.table.columns)
    return comparable(zip(*columns, strict=True), ordered=ordered)


def change(redshift: Redshift, sql: str, user: DbUser) -> Any:
    """How many rows the user's statement changed, or the SQLSTATE with which it is refused."""
    try:
        return redshift.execute(sql, user=user).affected_rows
    except SqlError as error:
        return error.sqlstate
