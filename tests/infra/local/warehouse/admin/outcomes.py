"""What a statement comes to: its rows, or the code of its error."""

import pytest

from infra.local.warehouse import DbUser, SqlError
from tests.infra.local.warehouse.conftest import ADMIN

DONE = "done"
_UNDONE = "22012"


def outcome(redshift, sql, user=ADMIN):
    """DONE, or the SQLSTATE."""
    try:
        redshift.execute(sql, user=user)
    except SqlError as error:
        return error.sqlstate
    return DONE


def trial(redshift, statements, user=ADMIN):
    """The same of a batch, and whatever it did is undone: an error ends its transaction."""
    with pytest.raises(SqlError) as caught:
        redshift.execute_batch([*statements, "SELECT 1 / 0"], user=user)
    return DONE if caught.value.sqlstate == _UNDONE else caught.value.sqlstate


def rows(redshift, sql, user=ADMIN):
    """The rows, each a tuple."""
    return [tuple(row.values()) for row in redshift.execute(sql, user=user).table.to_pylist()]


def someone(name):
    """A user without groups."""
    return DbUser(name)
