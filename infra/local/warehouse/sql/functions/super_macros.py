"""What DuckDB computes of SUPER values, which it holds as JSON; written as `macros` are."""

from collections.abc import Callable, Mapping

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql.json_text import (
    NO_JSON,
    NO_JSON_ARRAY,
    NO_JSON_NAME,
    NO_JSON_NUMBER,
    NO_JSON_OBJECT,
)
from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR

NO_ARRAY = "super no array"
NO_OBJECT = "super no object"
NO_COMPARISON = "super not compared"

SUPER_FAULTS: Mapping[str, Callable[[], SqlError]] = {
    NO_JSON: lambda: SqlError("invalid json string", "XX000"),
    NO_JSON_OBJECT: lambda: SqlError("invalid json object", "XX000"),
    NO_JSON_ARRAY: lambda: SqlError("invalid json array object", "XX000"),
    NO_JSON_NAME: lambda: SqlError("an attribute occurs more than once in a json object", "XX000"),
    NO_JSON_NUMBER: lambda: NotSupported("SUPER with a number of more than 15 digits or with an exponent"),
    NO_ARRAY: lambda: NotSupported("an array function or unnesting of what is not an array"),
    NO_OBJECT: lambda: NotSupported("unpivoting what is not an object"),
    NO_COMPARISON: lambda: NotSupported("a comparison of two arrays or objects"),
}


def _fault(marker: str, kind: str) -> str:
    return f"CAST(CAST(strptime('{marker}', '%Y') AS VARCHAR) AS {kind})"


def _one(name: str, body: str) -> str:
    """A macro of one value, which its body knows as s; of NULL and of JSON's null it is NULL."""
    return f"""{name}(value) AS list_transform([value], lambda s:
        CASE WHEN s IS NULL OR json_type(s) = 'NULL' THEN NULL {body} END)[1]"""


def _is(name: str, condition: str) -> str:
    return f"""super_{name}(value) AS list_transform([value], lambda s:
        s IS NOT NULL AND json_type(s) <> 'NULL' AND {condition})[1]"""


_NUMBER = "json_type(s) NOT IN ('VARCHAR', 'ARRAY', 'OBJECT', 'BOOLEAN')"
_PLAIN = "CAST(s AS VARCHAR)"
_WRITTEN_WHOLE = r"'\s*[+-]?[0-9]+\s*'"
_WRITTEN_NUMBER = r"'\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*'"


def _whole(name: str, bits: int) -> str:
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    written = f"regexp_full_match({_PLAIN}, {_WRITTEN_WHOLE})"
    return _is(name, f"{_NUMBER} AND {written} AND TRY_CAST({_PLAIN} AS HUGEINT) BETWEEN {least} AND {most}")


_KEYS = (
    """super_text_key(value) AS 's' || rtrim(value, ' ')""",
    """super_number_key(value) AS 'n' || CAST(CAST(value AS DECIMAL(38, 15)) AS VARCHAR)""",
    """super_boolean_key(value) AS 'b' || CAST(value AS VARCHAR)""",
    # What is equal has equal keys; arrays and objects equal no scalar.
    _one(
        "super_key",
        f"""WHEN json_type(s) = 'VARCHAR' THEN super_text_key(s ->> '$')
        WHEN json_type(s) = 'BOOLEAN' THEN super_boolean_key(CAST({_PLAIN} AS BOOLEAN))
        WHEN json_type(s) IN ('ARRAY', 'OBJECT') THEN 'c'
        ELSE super_number_key(CAST({_PLAIN} AS DECIMAL(38, 15)))""",
    ),
    f"""super_equal(one, other) AS list_transform([{{'a': super_key(one), 'b': super_key(other)}}], lambda k:
        CASE WHEN k.a = 'c' AND k.b = 'c' THEN {_fault(NO_COMPARISON, "BOOLEAN")} ELSE k.a = k.b END)[1]""",
    _one(
        "super_rank",
        """WHEN json_type(s) = 'BOOLEAN' THEN 1 WHEN json_type(s) = 'VARCHAR' THEN 3
        WHEN json_type(s) = 'ARRAY' THEN 4 WHEN json_type(s) = 'OBJECT' THEN 5 ELSE 2""",
    ),
)
_SCALARS = (
    _one("super_string", "WHEN json_type(s) = 'VARCHAR' THEN s ->> '$'"),
    _one("super_number", f"WHEN {_NUMBER} THEN CAST({_PLAIN} AS DECIMAL(38, 15))"),
    _one(
        "super_text",
        f"""WHEN json_type(s) = 'VARCHAR' THEN s ->> '$'
        WHEN json_type(s) NOT IN ('ARRAY', 'OBJECT') THEN {_PLAIN}""",
    ),
    _one(
        "super_whole",
        f"""WHEN json_type(s) = 'BOOLEAN' THEN CAST(CAST({_PLAIN} AS BOOLEAN) AS HUGEINT)
        WHEN {_NUMBER} THEN CAST(CAST({_PLAIN} AS DECIMAL(38, 15)) AS HUGEINT)
        WHEN regexp_full_match(s ->> '$', {_WRITTEN_WHOLE}) AND json_type(s) = 'VARCHAR'
        THEN TRY_CAST(trim(s ->> '$') AS HUGEINT)""",
    ),
    _one(
        "super_digits",
        f"""WHEN {_NUMBER} THEN {_PLAIN}
        WHEN json_type(s) = 'VARCHAR' AND regexp_full_match(s ->> '$', {_WRITTEN_NUMBER}) THEN s ->> '$'""",
    ),
    _one(
        "super_boolean",
        f"""WHEN json_type(s) = 'BOOLEAN' THEN CAST({_PLAIN} AS BOOLEAN)
        WHEN {_NUMBER} AND regexp_full_match({_PLAIN}, '-?[0-9]+') THEN {_PLAIN} <> '0'
        WHEN json_type(s) = 'VARCHAR' THEN CASE
            WHEN lower(trim(s ->> '$')) IN ('t', 'true', 'y', 'yes', '1') THEN true
            WHEN lower(trim(s ->> '$')) IN ('f', 'false', 'n', 'no', '0') THEN false END""",
    ),
    _one(
        "super_moment", "WHEN json_type(s) = 'VARCHAR' AND regexp_matches(s ->> '$', '^[0-9]') THEN s ->> '$'"
    ),
)
_MADE = (
    f"""super_within(value) AS list_transform([value], lambda s:
        CASE WHEN strlen({_PLAIN}) > {MAX_VARCHAR} THEN {_fault("value too long", "JSON")} ELSE s END)[1]""",
    "super_of_text(value) AS to_json(CAST(value AS VARCHAR))",
    # As JSON_PARSE takes them: without the zeros at the end, and no more digits than a double keeps.
    rf"""super_of_decimal(written) AS list_transform([regexp_replace(
        regexp_replace(written, '(\.[0-9]*[1-9])0+$', '\1'), '\.0+$', '.0')], lambda s:
        CASE WHEN CASE WHEN contains(s, '.')
            THEN length(ltrim(regexp_replace(s, '[-.]', '', 'g'), '0')) > 15
                 OR (abs(CAST(s AS DOUBLE)) < 0.0001 AND CAST(s AS DOUBLE) <> 0)
            ELSE length(ltrim(s, '-')) > 23 END
        THEN {_fault(NO_JSON_NUMBER, "JSON")} ELSE CAST(s AS JSON) END)[1]""",
    f"""super_object(names, members) AS super_within(list_transform([{{'k': names, 'v': members}}], lambda o:
        CASE WHEN len(list_distinct(o.k)) <> len(o.k) THEN {_fault(NO_JSON_NAME, "JSON")}
        ELSE CAST('{{' || array_to_string(list_transform(o.k, lambda name, i:
            CAST(to_json(name) AS VARCHAR) || ':' || coalesce(CAST(o.v[i] AS VARCHAR), 'null')), ',')
            || '}}' AS JSON) END)[1])""",
    "super_split(value, delimiter) AS super_within(to_json(string_split(value, delimiter)))",
)
_ARRAYS = (
    _one(
        "super_elements",
        f"WHEN json_type(s) = 'ARRAY' THEN CAST(s AS JSON[]) ELSE {_fault(NO_ARRAY, 'JSON[]')}",
    ),
    "super_positions(value) AS range(len(super_elements(value)))",
    _one(
        "super_names",
        f"WHEN json_type(s) = 'OBJECT' THEN json_keys(s) ELSE {_fault(NO_OBJECT, 'VARCHAR[]')}",
    ),
    """super_members(value) AS list_transform([value], lambda o: list_transform(super_names(o), lambda name:
        json_extract(o, '/' || replace(replace(name, '~', '~0'), '/', '~1'))))[1]""",
    "super_length(value) AS CAST(len(super_elements(value)) AS BIGINT)",
    """super_concat(one, other) AS super_within(list_transform(
        [{'a': super_elements(one), 'b': super_elements(other)}], lambda s:
        CASE WHEN s.a IS NULL OR s.b IS NULL THEN NULL ELSE to_json(list_concat(s.a, s.b)) END)[1])""",
    """super_flat(value) AS list_transform([super_elements(value)], lambda l:
        CASE WHEN l IS NOT NULL
        THEN to_json(flatten(list_transform(l, lambda e: super_elements(e)))) END)[1]""",
    """super_slice(value, start, count) AS list_transform(
        [{'l': super_elements(value), 's': start, 'n': count}], lambda a:
        CASE WHEN a.l IS NULL OR a.s IS NULL OR a.n IS NULL THEN NULL
        ELSE to_json(list_filter(a.l, lambda e, i: i > CASE WHEN a.s < 0 THEN len(a.l) + a.s ELSE a.s END
            AND i <= CASE WHEN a.s < 0 THEN len(a.l) + a.s ELSE a.s END + a.n)) END)[1]""",
)
_ASKED = (
    "super_size(value) AS CAST(strlen(CAST(value AS VARCHAR)) AS INTEGER)",
    """super_typeof(value) AS list_transform([value], lambda s: CASE json_type(s) WHEN 'VARCHAR' THEN 'string'
        WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'object' WHEN 'BOOLEAN' THEN 'boolean'
        WHEN 'NULL' THEN 'null' ELSE CASE WHEN s IS NOT NULL THEN 'number' END END)[1]""",
    _is("is_array", "json_type(s) = 'ARRAY'"),
    _is("is_object", "json_type(s) = 'OBJECT'"),
    _is("is_scalar", "json_type(s) NOT IN ('ARRAY', 'OBJECT')"),
    _is("is_boolean", "json_type(s) = 'BOOLEAN'"),
    _is("is_varchar", "json_type(s) = 'VARCHAR'"),
    _is("is_char", "json_type(s) = 'VARCHAR' AND strlen(s ->> '$') = length(s ->> '$')"),
    _whole("is_smallint", 16),
    _whole("is_integer", 32),
    _whole("is_bigint", 64),
    _is("is_decimal", _NUMBER),
    "super_is_float(value) AS value IS NULL AND value IS NOT NULL",  # every number here is a decimal
)
SUPER_MACROS = (*_KEYS, *_SCALARS, *_MADE, *_ARRAYS, *_ASKED)
