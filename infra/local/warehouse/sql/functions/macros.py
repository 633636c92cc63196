"""What DuckDB computes with functions of our own: each argument once, and no text longer than a VARCHAR.

Calls are nested, so an argument that stood twice would double with each level: it is bound by a lambda. The
lambda also keeps DuckDB from computing a constant before it looks at the CASE around it.
"""

from collections.abc import Callable, Mapping

from infra.local.warehouse.errors import NotSupported, SqlError
from infra.local.warehouse.sql.calendar_text import CALENDAR_TEXT
from infra.local.warehouse.sql.functions.super_macros import SUPER_FAULTS, SUPER_MACROS
from infra.local.warehouse.sql.sqltypes import MAX_VARCHAR

TOO_LONG = "value too long"
NO_ZONE = "zone not known"
NO_WEEK = "week not known"
NO_PART = "part not positive"
NO_NUMBER = "digits not valid"
NO_TIME = "time not valid"
OUT_OF_TIME = "time out of range"

# What a macro raises, as Redshift says it.
FAULTS: Mapping[str, Callable[[], SqlError]] = {
    TOO_LONG: lambda: SqlError("value too long for type character varying", "22001"),
    NO_ZONE: lambda: NotSupported("a time zone that is neither UTC nor a name such as Europe/Paris"),
    NO_WEEK: lambda: NotSupported("DATEDIFF in weeks that depends on the day a week begins with"),
    NO_PART: lambda: SqlError("field position must be greater than zero", "22023"),
    NO_NUMBER: lambda: SqlError("invalid input syntax: the text is not a number of this form", "22P02"),
    NO_TIME: lambda: SqlError("invalid input syntax: the text does not follow its format", "22007"),
    OUT_OF_TIME: lambda: SqlError("date/time field value out of range", "22008"),
    **SUPER_FAULTS,
}


def _fault(marker: str) -> str:
    """Text that cannot be computed; not error(), which PARTITION BY refuses."""
    return f"CAST(strptime('{marker}', '%Y') AS VARCHAR)"


_REST = "strlen(replace(s.old, s.sought, ''))"
_TEXT = (
    f"""text_within(value) AS list_transform([value], lambda s:
        CASE WHEN strlen(s) > {MAX_VARCHAR} THEN {_fault(TOO_LONG)} ELSE s END)[1]""",
    f"""text_replace(value, searched, replacement) AS list_transform(
        [{{'old': value, 'sought': searched, 'new': replacement}}], lambda s:
        CASE WHEN {_REST} + (strlen(s.old) - {_REST}) // greatest(strlen(s.sought), 1) * strlen(s.new)
                  > {MAX_VARCHAR}
        THEN {_fault(TOO_LONG)} ELSE replace(s.old, s.sought, s.new) END)[1]""",
    # How often a pattern matches is not known before: this is far above what a VARCHAR can end up with.
    f"""text_regexp_replace(value, pattern, replacement) AS text_within(list_transform(
        [{{'old': value, 'new': replacement}}], lambda s:
        CASE WHEN strlen(s.old) * strlen(s.new) > {16 * MAX_VARCHAR}
        THEN {_fault(TOO_LONG)}
        ELSE regexp_replace(s.old, pattern, replace(s.new, '\\', '\\\\'), 'g') END)[1])""",
    """text_regexp_replace_from(value, pattern, replacement, start) AS text_within(list_transform(
        [{'old': value, 'new': replacement}], lambda w: left(w.old, start - 1)
        || text_regexp_replace(substring(w.old, start), pattern, w.new))[1])""",
    r"""text_capitals(value) AS text_within(list_transform([value], lambda s: array_to_string(list_transform(
        regexp_extract_all(lower(s), '[\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+'),
        lambda word: upper(left(word, 1)) || substring(word, 2)), ''))[1])""",
    """text_order(one, other) AS list_transform([{'a': rtrim(one, ' '), 'b': rtrim(other, ' ')}], lambda s:
        CASE WHEN s.a = s.b THEN 0 WHEN s.a > s.b THEN 1 WHEN s.a < s.b THEN -1 END)[1]""",
    """text_octet(sought, value) AS list_transform([{'sought': sought, 'value': value}], lambda s:
        CASE WHEN strpos(s.value, s.sought) = 0 THEN 0
        ELSE strlen(left(s.value, strpos(s.value, s.sought) - 1)) + 1 END)[1]""",
    """text_character(code) AS list_transform([code], lambda n:
        CASE WHEN n BETWEEN 1 AND 127 THEN chr(n) END)[1]""",
    f"""text_part(value, delimiter, part) AS split_part(value, delimiter, list_transform([part], lambda n:
        CASE WHEN n < 1 THEN CAST({_fault(NO_PART)} AS INTEGER) ELSE n END)[1])""",
    """text_list(listed, separator) AS nullif(array_to_string(
        list_filter(CAST(listed AS VARCHAR[]), lambda s: s <> ''), separator), '')""",
    """text_quoted(value) AS text_within('''' || text_replace(text_replace(value, '\\', '\\\\'), '''', '''''')
        || '''')""",
)
_PATTERNS = (
    """text_match(value, pattern, part, occurrence, start) AS list_transform([value], lambda s:
        CASE WHEN s IS NULL OR occurrence > length(s) + start - 1 THEN NULL
        ELSE coalesce(regexp_extract_all(s, pattern, part)[occurrence], '') END)[1]""",
    # Between two matches lies what splitting at them gives; no match is empty.
    """text_place(value, pattern, occurrence, ended) AS list_transform([value], lambda s: list_transform(
        [{'found': regexp_extract_all(s, pattern), 'between': string_split_regex(s, pattern)}], lambda r:
        CASE WHEN s IS NULL THEN NULL WHEN len(r.found) < occurrence THEN 0
        ELSE 1 + length(array_to_string(r.between[1:occurrence], ''))
               + length(array_to_string(r.found[1:occurrence - 1 + ended], '')) END)[1])[1]""",
)
_PLACE = (
    """place_from(place, start) AS list_transform([place], lambda p:
        CASE WHEN p > 0 THEN p + start - 1 ELSE p END)[1]""",
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NUMBERS = (
    f"""whole_of_text(value, pattern, base) AS list_transform([value], lambda v:
        CASE WHEN v IS NULL THEN NULL
        WHEN NOT regexp_full_match(v, pattern) THEN CAST({_fault(NO_NUMBER)} AS BIGINT)
        ELSE CAST(CASE WHEN contains(v, '-') THEN -1 ELSE 1 END * list_reduce(list_prepend(0::HUGEINT,
            list_transform(regexp_extract_all(regexp_replace(lower(v), '^\\s*[-+]?(0x)?', ''), '.'),
                           lambda d: CAST(strpos('{_DIGITS}', d) - 1 AS HUGEINT))),
            lambda a, b: a * base + b) AS BIGINT) END)[1]""",
    f"""digits_of_text(value, pattern) AS list_transform([value], lambda v:
        CASE WHEN v IS NULL THEN NULL WHEN NOT regexp_full_match(v, pattern) THEN {_fault(NO_NUMBER)}
        ELSE CASE WHEN regexp_matches(v, '[-<]') THEN '-' ELSE '' END
             || regexp_replace(v, '[^0-9.]', '', 'g') END)[1]""",
    # The digits as the format has them: `whole` places, of which the last `zeros` are always written; an
    # amount with more digits is written as #. FM suppresses blanks, and zeros after the last of `kept`.
    """digits_text(amount, whole, zeros, places, kept, grouped, fill, sign) AS list_transform(
        list_transform([amount], lambda n: {'none': n IS NULL, 'minus': starts_with(n, '-'),
            'i': ltrim(split_part(ltrim(n, '-'), '.', 1), '0'), 'f': split_part(n, '.', 2)}), lambda a:
        list_transform([{
            'i': CASE WHEN length(a.i) > whole THEN repeat('#', whole)
                 WHEN zeros = 0 AND a.i = '' AND (places = 0 OR (fill AND kept = 0 AND rtrim(a.f, '0') = ''))
                 THEN '0' ELSE lpad(a.i, CAST(greatest(length(a.i), zeros) AS INTEGER), '0') END,
            'f': CASE WHEN length(a.i) > whole THEN repeat('#', places)
                 WHEN fill THEN
                    rpad(rtrim(a.f, '0'), CAST(greatest(length(rtrim(a.f, '0')), kept) AS INTEGER), '0')
                 ELSE a.f END}], lambda d: list_transform([{
            'i': CASE WHEN grouped > 0
                 THEN ltrim(reverse(regexp_replace(reverse(d.i), '(...)', '\\1,', 'g')), ',') ELSE d.i END,
            'f': CASE WHEN places > 0 THEN '.' || d.f ELSE '' END,
            'before': CASE sign WHEN 'S' THEN CASE WHEN a.minus THEN '-' ELSE '+' END
                      WHEN 'PR' THEN CASE WHEN a.minus THEN '<' ELSE ' ' END
                      WHEN '' THEN CASE WHEN a.minus THEN '-' WHEN fill THEN '' ELSE ' ' END ELSE '' END,
            'after': CASE sign WHEN 'post S' THEN CASE WHEN a.minus THEN '-' ELSE '+' END
                     WHEN 'PR' THEN CASE WHEN a.minus THEN '>' ELSE ' ' END
                     WHEN 'post MI' THEN CASE WHEN a.minus THEN '-' WHEN fill THEN '' ELSE ' ' END
                     ELSE '' END,
            'first': CASE WHEN sign = 'MI' THEN CASE WHEN a.minus THEN '-' WHEN fill THEN '' ELSE ' ' END
                     ELSE '' END}], lambda p:
            CASE WHEN a.none THEN NULL ELSE p.first
            || CASE WHEN fill THEN p.before || p.i ELSE lpad(p.before || p.i, CAST(whole + grouped
                    + CASE WHEN sign IN ('', 'S', 'PR') THEN 1 ELSE 0 END AS INTEGER), ' ') END
            || p.f || p.after END)[1])[1])[1]""",
)
_TWICE_64 = 2**64
_HASHES = (
    f"""hash_of_bytes(bytes, seed) AS list_transform([list_transform([{{'b': bytes, 's': seed}}], lambda l:
        CASE WHEN l.b IS NOT NULL
        THEN list_reduce(list_prepend((l.s::HUGEINT + {_TWICE_64}) % {_TWICE_64}, l.b),
                         lambda h, b: (xor(h, b) * 1099511628211) % {_TWICE_64}) END)[1]], lambda h:
        CASE WHEN h >= {2**63} THEN CAST(h - {_TWICE_64} AS BIGINT) ELSE CAST(h AS BIGINT) END)[1]""",
    """bytes_of_text(value) AS list_transform([hex(value)], lambda h: list_transform(range(0, length(h) // 2),
        lambda i: CAST(CAST('0x' || substring(h, CAST(2 * i + 1 AS INTEGER), 2) AS INTEGER)
                       AS HUGEINT)))[1]""",
    f"""bytes_of_whole(value, size) AS list_transform(
        [(value::HUGEINT + {_TWICE_64}) % {_TWICE_64}], lambda v:
        list_transform(range(0, size), lambda i: (v // (1::HUGEINT << CAST(8 * i AS INTEGER))) % 256))[1]""",
)
_TIMES = (
    """months_later(moment, months) AS list_transform([{'t': moment, 'n': months}], lambda s:
        CASE WHEN last_day(s.t) = CAST(s.t AS DATE)
        THEN last_day(s.t + to_months(s.n)) + (s.t - date_trunc('day', s.t))
        ELSE s.t + to_months(s.n) END)[1]""",
    # Of 29 February, years later is 1 March where there is none.
    """years_later(moment, years) AS list_transform([{'t': moment, 'n': years}], lambda s:
        s.t + to_months(12 * s.n) + to_days(CASE WHEN day(s.t) > day(s.t + to_months(12 * s.n))
                                            THEN 1 ELSE 0 END))[1]""",
    """months_apart(one, other) AS list_transform([{'a': one, 'b': other}], lambda s:
        CAST(12 * (year(s.a) - year(s.b)) + month(s.a) - month(s.b) AS DOUBLE)
        + CASE WHEN day(s.a) = day(s.b) OR (last_day(s.a) = CAST(s.a AS DATE)
                                            AND last_day(s.b) = CAST(s.b AS DATE)) THEN 0
          ELSE (epoch(s.a) - epoch(date_trunc('month', s.a)) - epoch(s.b) + epoch(date_trunc('month', s.b)))
               / 86400 / 31 END)[1]""",
    """next_weekday(moment, weekday) AS list_transform([CAST(moment AS DATE)], lambda d:
        d + CAST((weekday - dayofweek(d) + 6) % 7 + 1 AS INTEGER))[1]""",
    r"""date_text(value) AS regexp_replace(regexp_replace(value,
        '^\s*(\d{4})(\d{2})(\d{2})(\s|T|$)', '\1-\2-\3\4'),
        '^\s*(\d{1,2})[-/](\d{1,2})[-/](\d{4})(\s|$)', '\3-\1-\2\4')""",
    # Redshift's documentation does not say whether a week begins on Sunday or on Monday here.
    f"""weeks_apart(one, other) AS list_transform(list_transform([{{'a': one, 'b': other}}], lambda s: {{
            'sunday': floor(date_diff('day', DATE '1969-12-28', s.b) / 7)
                      - floor(date_diff('day', DATE '1969-12-28', s.a) / 7),
            'monday': floor(date_diff('day', DATE '1969-12-29', s.b) / 7)
                      - floor(date_diff('day', DATE '1969-12-29', s.a) / 7)}}), lambda s:
        CASE WHEN s.sunday <> s.monday THEN CAST({_fault(NO_WEEK)} AS BIGINT)
        ELSE CAST(s.sunday AS BIGINT) END)[1]""",
    f"""zone_name(zone, pattern) AS list_transform([zone], lambda z:
        CASE WHEN regexp_full_match(z, pattern) THEN z WHEN z IS NOT NULL THEN {_fault(NO_ZONE)} END)[1]""",
    f"""time_of_text(value, pattern, names, strict) AS list_transform([value], lambda v:
        CASE WHEN v IS NULL THEN NULL
        WHEN NOT regexp_full_match(v, pattern, 'i') THEN CAST({_fault(NO_TIME)} AS TIMESTAMP)
        ELSE time_of_fields(regexp_extract(v, pattern, names, 'i'), strict) END)[1]""",
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _field(name: str, default: int) -> str:
    return f"CASE WHEN p.{name} = '' THEN {default} ELSE CAST(p.{name} AS INTEGER) END"


_FIELDS = (
    f"""time_of_fields(fields, strict) AS list_transform([fields], lambda p: list_transform([{{
        'y': CASE WHEN p.year <> '' THEN CAST(p.year AS INTEGER)
             WHEN CAST(p.year2 AS INTEGER) < 70 THEN 2000 + CAST(p.year2 AS INTEGER)
             ELSE 1900 + CAST(p.year2 AS INTEGER) END,
        'm': CASE WHEN p.name <> '' THEN list_position({list(_MONTHS)}, lower(left(p.name, 3)))
             ELSE {_field("month", 1)} END,
        'd': {_field("day", 1)}, 'i': {_field("minute", 0)}, 's': {_field("second", 0)},
        'h': CASE WHEN p.half = '' THEN {_field("hour", 0)}
             ELSE {_field("hour", 0)} % 12 + CASE WHEN p.half ILIKE 'p%' THEN 12 ELSE 0 END END,
        'u': CASE WHEN p.micro <> '' THEN CAST(rpad(p.micro, 6, '0') AS INTEGER)
             WHEN p.milli <> '' THEN 1000 * CAST(rpad(p.milli, 3, '0') AS INTEGER) ELSE 0 END}}], lambda f:
        CASE WHEN f.y < 1 OR f.m NOT BETWEEN 1 AND 12 OR f.d NOT BETWEEN 1 AND 31 OR strict AND (f.h > 23
             OR f.i > 59 OR f.s > 59 OR f.d > day(last_day(make_date(greatest(f.y, 1),
                                                                     greatest(least(f.m, 12), 1), 1))))
        THEN CAST({_fault(OUT_OF_TIME)} AS TIMESTAMP)
        ELSE CAST(make_date(f.y, f.m, 1) AS TIMESTAMP) + to_days(CAST(f.d - 1 AS INTEGER)) + to_hours(f.h)
             + to_minutes(f.i) + to_seconds(f.s) + to_microseconds(f.u) END)[1])[1]""",
)

# In this order: a macro stands after those that it calls.
MACROS = (*_TEXT, *_PATTERNS, *_PLACE, *_NUMBERS, *_HASHES, *_FIELDS, *_TIMES, *CALENDAR_TEXT, *SUPER_MACROS)
