"""PG_GET_SESSION_ROLES in FROM: a relation of the system's, under the names that its alias gives it."""

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError, UndefinedObject

FUNCTION = "pg_get_session_roles"
RELATION = f"{FUNCTION}()"  # the system's name for its rows; no statement may say it
COLUMNS = ("name", "roleid")
_KINDS = ("NAME", "INT")


def write_out(source: exp.Table) -> None:
    """Makes a subquery of the function, whose rows have the columns that the alias defines."""
    function = source.this
    if isinstance(function, exp.Identifier) and function.name.lower() == RELATION:
        raise UndefinedObject(f'relation "{RELATION}" does not exist')
    if not isinstance(function, exp.Anonymous) or str(function.this).lower() != FUNCTION:
        return
    alias = source.args.get("alias") or exp.TableAlias()
    kinds = tuple(_kind(column) for column in alias.columns)
    if "" in kinds or not kinds:
        raise SqlError('a column definition list is required for functions returning "record"', "42601")
    if function.expressions or source.args.get("db") or kinds != _KINDS:
        raise NotSupported(f"{FUNCTION} with anything but (… name, … integer)")
    columns = [
        exp.alias_(exp.column(own), column.this.copy())
        for own, column in zip(COLUMNS, alias.columns, strict=True)
    ]
    rows = exp.select(*columns).from_(exp.Table(this=exp.to_identifier(RELATION, quoted=True)))
    source.replace(rows.subquery(alias.this.copy()))


def _kind(column: exp.Expr) -> str:
    kind = column.args.get("kind") if isinstance(column, exp.ColumnDef) else None
    return str(kind.this.name) if isinstance(kind, exp.DataType) else ""
