"""What a system view shows to somebody at this moment."""

from datetime import UTC, datetime

from infra.local.warehouse import SqlError
from infra.local.warehouse.access.rights import rights_of
from infra.local.warehouse.objects import TableKey
from infra.local.warehouse.system import SYSTEM_VIEWS
from infra.local.warehouse.system.view import SYSTEM_SCHEMA, Moment

DENIED = "42501"


def moment(redshift, user, *, history=None, now=None):
    rights = rights_of(user, redshift._catalog, namespace=redshift.namespace)
    when = now or datetime.now(UTC).replace(tzinfo=None)
    return Moment(rights, "dev", history or redshift.history, when, redshift.namespace, redshift._people)


def ask(redshift, view, user, *, schema=SYSTEM_SCHEMA, history=None):
    """The view's rows for the user, or the SQLSTATE of the refusal; of another history, if one is given."""
    try:
        if history is None:
            return redshift.execute(f"SELECT * FROM {schema}.{view}", user=user).table.to_pylist()
        return (
            SYSTEM_VIEWS[TableKey(schema, view)].rows_for(moment(redshift, user, history=history)).to_pylist()
        )
    except SqlError as error:
        return error.sqlstate


def values(rows, *names):
    """The named columns of the rows, as a set; of one column, its values alone."""
    if len(names) == 1:
        return {row[names[0]] for row in rows}
    return {tuple(row[name] for name in names) for row in rows}
