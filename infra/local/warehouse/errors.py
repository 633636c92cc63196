"""What the warehouse says when it cannot or will not run a statement.

SqlError(message, sqlstate)
├ PermissionDenied      42501  the user lacks a privilege
├ UndefinedObject       42P01  a relation, schema, role or policy that does not exist
├ UndefinedColumn       42703
├ SyntaxFault           42601
├ NotSupported          0A000  Redshift can do it, the stand-in cannot; never answered wrongly instead
├ ParameterError        22023  the statement's :names and the parameters passed do not match
└ SqlCancelled          57014

Messages have Redshift's wording and never carry rewritten SQL or the value of a row.
"""


class SqlError(Exception):
    """A statement that failed, in Redshift's words."""

    sqlstate = "XX000"

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        self.message = message if message.startswith("ERROR: ") else f"ERROR: {message}"
        super().__init__(self.message)
        if sqlstate is not None:
            self.sqlstate = sqlstate


class PermissionDenied(SqlError):
    """The user lacks a privilege."""

    sqlstate = "42501"


class UndefinedObject(SqlError):
    """A relation, schema, role or policy that does not exist."""

    sqlstate = "42P01"


class UndefinedColumn(SqlError):
    """A column that does not exist in the relations named."""

    sqlstate = "42703"


class SyntaxFault(SqlError):
    """Not a statement of Redshift's grammar."""

    sqlstate = "42601"


class NotSupported(SqlError):
    """Something of Redshift's that the stand-in refuses rather than imitate badly."""

    sqlstate = "0A000"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not supported by the stand-in")


class ParameterError(SqlError):
    """The statement's `:names` and the parameters passed do not match."""

    sqlstate = "22023"


class SqlCancelled(SqlError):
    """Somebody cancelled the statement."""

    sqlstate = "57014"

    def __init__(self) -> None:
        super().__init__("Query cancelled on user's request")
