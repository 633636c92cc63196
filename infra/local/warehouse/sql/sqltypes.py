"""Redshift's data types: their names, their limits, and how DuckDB stores them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError

MAX_PRECISION = 38
MAX_VARCHAR = 65_535
SUPER = "super"

_ALIASES = {
    "smallint": "int2",
    "integer": "int4",
    "int": "int4",
    "bigint": "int8",
    "decimal": "numeric",
    "real": "float4",
    "float": "float8",
    "double precision": "float8",
    "boolean": "bool",
    "character": "char",
    "bpchar": "char",
    "nchar": "char",
    "character varying": "varchar",
    "nvarchar": "varchar",
    "text": "varchar",
    "time without time zone": "time",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}
_DUCKDB = {
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "bool": "BOOLEAN",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    SUPER: "JSON",
}
_FROM_DUCKDB = {text: name for name, text in _DUCKDB.items() if name != "char"}
# precision and scale as Redshift's JDBC metadata states them
_DIGITS = {
    "int2": (5, 0),
    "int4": (10, 0),
    "int8": (19, 0),
    "float4": (8, 8),
    "float8": (17, 17),
    "bool": (1, 0),
    "date": (13, 0),
    "time": (15, 6),
    "timestamp": (29, 6),
    "timestamptz": (35, 6),
    SUPER: (0, 0),
}
_DEFAULT_LENGTH = {"varchar": 256, "char": 1}
DEFAULT_DECIMAL = (18, 0)


@dataclass(frozen=True)
class SqlType:
    """One of Redshift's types with its limits."""

    name: str
    precision: int = 0
    scale: int = 0
    length: int = 0

    @property
    def duckdb(self) -> str:
        """How DuckDB names the type that stores it."""
        if self.name == "numeric":
            return f"DECIMAL({self.precision},{self.scale})"
        return _DUCKDB[self.name]

    @cached_property
    def node(self) -> exp.DataType:
        """The type as sqlglot's tree carries it."""
        return exp.DataType.build(self.duckdb, dialect="duckdb")

    @property
    def is_text(self) -> bool:
        return self.name in ("varchar", "char")

    def __str__(self) -> str:
        if self.name == "numeric":
            return f"numeric({self.precision},{self.scale})"
        return f"{self.name}({self.length})" if self.is_text else self.name


def sql_type(name: str, arguments: Sequence[int] = ()) -> SqlType:
    """The type of a declaration such as `DECIMAL(10,2)`; an unknown one is refused."""
    name = _ALIASES.get(name.lower(), name.lower())
    if name == "numeric":
        return _numeric(*(arguments or DEFAULT_DECIMAL))
    if name in _DEFAULT_LENGTH:
        length = arguments[0] if arguments else _DEFAULT_LENGTH[name]
        if not 0 < length <= MAX_VARCHAR:
            raise SqlError(f"length for type {name} must be between 1 and {MAX_VARCHAR}", "22023")
        return SqlType(name, precision=length, length=length)
    if name not in _DUCKDB:
        raise NotSupported(f'type "{name}"')
    precision, scale = _DIGITS[name]
    return SqlType(name, precision=precision, scale=scale)


def _numeric(precision: int, scale: int = 0) -> SqlType:
    if not (0 < precision <= MAX_PRECISION and 0 <= scale <= precision):
        raise SqlError(f"DECIMAL precision {precision} must be between 1 and {MAX_PRECISION}", "22023")
    return SqlType("numeric", precision=precision, scale=scale)


def from_duckdb(text: str) -> SqlType:
    """Redshift's type for a result column of DuckDB's type `text`."""
    found = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", text)
    if found:
        return _numeric(int(found[1]), int(found[2]))
    if text in ("HUGEINT", "UBIGINT", "UINTEGER"):
        return _numeric(MAX_PRECISION, 0)
    if text == '"NULL"':
        return SqlType("varchar", precision=1, length=1)
    name = _FROM_DUCKDB.get(text)
    if name is None:
        raise NotSupported(f"a result of type {text.lower()}")
    if name == "varchar":
        return SqlType("varchar", precision=MAX_VARCHAR, length=MAX_VARCHAR)
    return sql_type(name)


_BY_KIND = {
    exp.DType.SMALLINT: "int2",
    exp.DType.INT: "int4",
    exp.DType.BIGINT: "int8",
    exp.DType.FLOAT: "float4",
    exp.DType.DOUBLE: "float8",
    exp.DType.BOOLEAN: "bool",
    exp.DType.DATE: "date",
    exp.DType.TIME: "time",
    exp.DType.TIMESTAMP: "timestamp",
    exp.DType.TIMESTAMPTZ: "timestamptz",
    exp.DType.JSON: SUPER,
}


def from_kind(kind: exp.DataType) -> SqlType:
    """Redshift's type of an expression whose type was inferred."""
    if kind.this == exp.DType.DECIMAL:
        return sql_type("numeric", [int(argument.name) for argument in kind.expressions])
    if kind.this in exp.DataType.TEXT_TYPES:
        lengths = [int(argument.name) for argument in kind.expressions if argument.name.isdigit()]
        return sql_type("varchar", lengths or [MAX_VARCHAR])
    if kind.this in (exp.DType.NULL, exp.DType.UNKNOWN):
        return sql_type("varchar")
    if kind.this not in _BY_KIND:
        raise NotSupported(f"a column of type {kind.this.value.lower()}")
    return sql_type(_BY_KIND[kind.this])
