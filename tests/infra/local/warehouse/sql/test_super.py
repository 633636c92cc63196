"""SUPER values: paths, casts, comparisons, unnesting and functions, and what policies leave of them."""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

import json
import threading
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.warehouse import Cancellation, DbUser, Redshift, SqlCancelled, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, run

ANN = DbUser("AWSIDC:ann@example.com", frozenset({"amer"}))
SETUP = """
CREATE TABLE docs (id INT, region VARCHAR(10), doc SUPER);
INSERT INTO docs VALUES
    (1, 'AMER', json_parse('{"a": 1.50, "b": [1, {"c": "x"}], "d": null, "e": true, "Mixed": 1}')),
    (2, 'AMER', json_parse('{"a": "x", "b": [7, [8]], "when": "2024-02-29"}')),
    (3, 'AMER', 5), (4, 'AMER', 'abc'), (5, 'AMER', NULL), (6, 'AMER', array(1, 'z', false)),
    (7, 'ASIA', json_parse('{"a": "hush", "b": "no array", "n": 424242}'));
CREATE ROLE "AWSIDC:amer";
CREATE RLS POLICY amer WITH (region VARCHAR(10)) USING (region = 'AMER');
ATTACH RLS POLICY amer ON docs TO ROLE "AWSIDC:amer";
ALTER TABLE docs ROW LEVEL SECURITY ON;
GRANT SELECT ON docs TO ROLE "AWSIDC:amer";
CREATE TABLE secrets (id INT, doc SUPER);
INSERT INTO secrets VALUES (1, json_parse('[{"k": "hush"}]'))
"""


@pytest.fixture(scope="module")
def warehouse():
    redshift = Redshift()
    run(redshift, SETUP)
    return redshift


def rows(redshift, sql, user=ANN):
    table = redshift.execute(sql, user=user).table
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


QUERIES = [
    ("SELECT doc.a FROM docs ORDER BY id LIMIT 3", [("1.5",), ('"x"',), (None,)]),
    ("SELECT d.doc.b[1].c, doc.b[0], doc.b[9], doc.a.b.c FROM docs d WHERE id = 1", [('"x"', "1", None, None)]),
    ('SELECT doc."Mixed", doc.mixed FROM docs WHERE id = 1', [(None, None)]),
    ("SELECT id FROM docs WHERE doc.a = 1.5", [(1,)]),
    ("SELECT id FROM docs WHERE doc.a = 'x'", [(2,)]),
    ("SELECT id, doc.a = 'x', doc.a <> 1.5, doc.a < 'y', doc.a < 2 FROM docs WHERE id < 4 ORDER BY 1",
     [(1, False, False, None, True), (2, True, True, True, None), (3, None, None, None, None)]),
    ("SELECT id FROM docs WHERE doc.a IN ('x', 'y')", [(2,)]),
    ("SELECT id FROM docs WHERE doc.d IS NULL AND doc.a IS NOT NULL ORDER BY 1", [(1,), (2,)]),
    ("SELECT doc.a::int, doc.a::varchar, doc.b::varchar, doc.e::bool, doc.e::int, doc.a::decimal(6,3) FROM docs WHERE id = 1",
     [(2, "1.5", None, True, 1, Decimal("1.500"))]),
    ("SELECT doc.a::int, doc.when::date::varchar, doc.a::float FROM docs WHERE id = 2", [(None, "2024-02-29", None)]),
    ("SELECT CASE WHEN id = 1 THEN doc.a ELSE 'none' END, nvl(doc.nothing, 5) FROM docs WHERE id < 3 ORDER BY id",
     [("1.5", "5"), ('"none"', "5")]),
    ("SELECT id, item, place FROM docs d, d.doc.b AS item AT place ORDER BY 1, 3",
     [(1, "1", 0), (1, '{"c":"x"}', 1), (2, "7", 0), (2, "[8]", 1)]),
    ("SELECT id, item.c FROM docs d, d.doc.b item WHERE item.c IS NOT NULL", [(1, '"x"')]),
    ("SELECT item FROM docs d, d.doc.b[1] AS item WHERE id = 2", [("8",)]),
    ("SELECT name, json_typeof(value) FROM docs d, UNPIVOT d.doc AS value AT name WHERE id = 1 ORDER BY 1",
     [("Mixed", "number"), ("a", "number"), ("b", "array"), ("d", "null"), ("e", "boolean")]),
    ("SELECT count(*) FROM docs d WHERE EXISTS (SELECT 1 FROM docs e, e.doc.b i WHERE i = 7 AND d.id = e.id)", [(1,)]),
    ("SELECT x.id, y.id FROM docs x JOIN docs y ON x.doc.a = y.doc.a ORDER BY 1", [(1, 1), (2, 2)]),
    ("SELECT doc FROM docs WHERE id > 2 AND id < 7 ORDER BY doc",
     [("5",), ('"abc"',), ('[1,"z",false]',), (None,)]),
    ("SELECT doc.a AS v FROM docs WHERE id < 3 ORDER BY v DESC", [('"x"',), ("1.5",)]),
    ("SELECT doc.a, count(*) FROM docs WHERE id < 3 GROUP BY doc.a ORDER BY 1", [("1.5", 1), ('"x"', 1)]),
    ("SELECT count(DISTINCT doc.a) FROM docs", [(2,)]),
    ("SELECT v.c FROM (SELECT doc.b[1] AS v FROM docs WHERE id = 1) AS t", [('"x"',)]),
    ("WITH t AS (SELECT doc AS d FROM docs) SELECT count(*) FROM t, t.d.b AS i", [(4,)]),
    ("SELECT json_size(doc), json_serialize(doc.b), get_array_length(doc.b) FROM docs WHERE id = 2", [(41, "[7,[8]]", 2)]),
    ("SELECT max(doc.a::varchar) FROM docs", [("x",)]),
    ("SELECT max(public.docs.id) FROM docs", [(6,)]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), QUERIES)
def test_a_query_of_super_values_answers_from_the_permitted_rows(warehouse, sql, expected):
    assert rows(warehouse, sql) == expected


def test_a_column_is_super_in_the_results_metadata(warehouse):
    result = warehouse.execute("SELECT doc, doc.a, doc.b[0] FROM docs", user=ANN)
    assert [(c.name, c.type_name) for c in result.columns] == [
        ("doc", "super"),
        ("a", "super"),
        ("b", "super"),
    ]


REFUSED = [
    ("SELECT doc FROM secrets", "42501"),
    ("SELECT i FROM docs d, secrets s, s.doc i", "42501"),
    ("SELECT k FROM secrets s, UNPIVOT s.doc[0] AS v AT k", "42501"),
    ("SELECT (SELECT max(s.doc[0].k::varchar) FROM secrets s) FROM docs", "42501"),
    ("SELECT i FROM docs d, e.doc i", "3F000"),
    ("SELECT i FROM unnest(d.doc) AS u(i)", "0A000"),
    ("SELECT i FROM docs d, unnest(array(1)) AS u(i)", "0A000"),
    ("SELECT i FROM docs d LEFT JOIN d.doc.b i ON true", "0A000"),
    ("SELECT i FROM docs d, d.id i", "0A000"),
    ("SELECT i FROM docs d, LATERAL (SELECT 1 AS i) AS x", "0A000"),
    ("SELECT unnest(doc) FROM docs", "0A000"),
    ("SELECT explode(doc) FROM docs", "0A000"),
    ("SELECT json_extract(doc, '$.a') FROM docs", "0A000"),
    ("SELECT super_text(doc) FROM docs", "0A000"),
    ("SELECT json_super('1')", "0A000"),
    ("SELECT doc->'a' FROM docs", "0A000"),
    ("SELECT doc['a'] FROM docs", "0A000"),
    ("SELECT doc[-1] FROM docs", "0A000"),
    ("SELECT doc[id] FROM docs", "0A000"),
    ("SELECT doc.* FROM docs", "42P01"),
    ("SELECT other.docs.id FROM docs", "42P01"),
    ("SELECT i FROM docs d, d.doc.b item, item i", "0A000"),
    ("SELECT id.x FROM docs", "42703"),
    ("SELECT doc.a + 1 FROM docs", "0A000"),
    ("SELECT upper(doc.a) FROM docs", "0A000"),
    ("SELECT sum(doc.a) FROM docs", "0A000"),
    ("SELECT doc.a || 'x' FROM docs", "0A000"),
    ("SELECT CASE doc.a WHEN 'x' THEN 1 END FROM docs", "0A000"),
    ("SELECT 1 FROM docs WHERE doc.e", "0A000"),
    ("SELECT 1 FROM docs WHERE id IN (SELECT doc.a FROM docs)", "0A000"),
    ("SELECT count(*) OVER (PARTITION BY doc.a) FROM docs", "0A000"),
    ("SELECT 1 FROM docs a JOIN docs b ON a.doc", "0A000"),
    ("SELECT doc::json FROM docs", "0A000"),
    ("SELECT current_date::super", "42846"),
    ("SELECT 1.5::float::super", "0A000"),
    ("SELECT json_parse('[1,]')", "XX000"),
    ('SELECT json_parse(\'{"a":1,"a":2}\')', "XX000"),
    ("SELECT json_parse('NaN')", "XX000"),
    ("SELECT json_parse('1e400')", "0A000"),
    ("SELECT json_parse('0.1234567890123456789')", "0A000"),
    ("SELECT json_parse('" + "[" * 20_000 + "')", "XX000"),
    ("SELECT json_parse('\"' || repeat('x', 65535) || '\"')", "22001"),
    ("SELECT array(" + ",".join(["repeat('x', 60000)"] * 90) + ")", "22001"),
    ("SELECT json_extract_path_text('[1]', 'a')", "XX000"),
    ("SELECT json_extract_path_text('{}', 'a', 'b', 'c', 'd', 'e', 'f')", "42883"),
]


@pytest.mark.parametrize(("sql", "sqlstate"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_has_no_meaning_here_is_refused_and_tells_nothing(warehouse, sql, sqlstate):
    with pytest.raises(SqlError) as caught:
        rows(warehouse, sql)
    assert caught.value.sqlstate == sqlstate, caught.value.message
    assert not any(word in caught.value.message for word in ("hush", "424242", "ASIA", "$.", "lambda"))


# Each raises, or says more, when it is asked of the hidden row.
OF_HIDDEN_ROWS = [
    "SELECT count(i) FROM docs d, d.doc.b i WHERE id <> 6",
    "SELECT count(*) FROM docs WHERE doc.a::varchar = 'hush'",
    "SELECT count(*) FROM docs WHERE 1 / (nvl(doc.n::int, 0) - 424242) >= 0",
    "SELECT count(n) FROM docs d, UNPIVOT d.doc AS v AT n WHERE id IN (1, 2, 7) AND id <> 7",
]


@pytest.mark.parametrize("sql", OF_HIDDEN_ROWS)
def test_a_hidden_row_is_not_looked_into(sql):
    with_hidden, without = Redshift(), Redshift()
    run(with_hidden, SETUP)
    run(without, SETUP)
    run(without, "DELETE FROM docs WHERE id = 7")

    def answer(redshift):
        try:
            return rows(redshift, sql)
        except SqlError as error:
            return error.sqlstate, error.message

    assert answer(with_hidden) == answer(without)


def test_a_mask_comes_before_the_path(warehouse):
    redshift = Redshift()
    run(redshift, SETUP)
    run(
        redshift,
        """CREATE MASKING POLICY gone WITH (doc SUPER) USING (json_parse('{"a": "masked"}'));
        ATTACH MASKING POLICY gone ON docs (doc) TO ROLE "AWSIDC:amer" """,
    )
    assert set(rows(redshift, "SELECT doc.a, doc.b FROM docs")) == {('"masked"', None)}
    assert rows(redshift, "SELECT count(*) FROM docs WHERE doc.a = 'x' OR doc = 'abc'") == [(0,)]


def test_update_writes_documents(warehouse):
    redshift = Redshift()
    run(redshift, "CREATE TABLE t (id INT, d SUPER); INSERT INTO t VALUES (1, 'text'), (2, 2.50), (3, NULL)")
    assert rows(redshift, "SELECT d FROM t ORDER BY id", ADMIN) == [('"text"',), ("2.5",), (None,)]
    run(
        redshift,
        "UPDATE t SET d = json_parse('{\"k\": [1]}') WHERE d = 'text'; UPDATE t SET d = 'new' WHERE id = 3",
    )
    run(redshift, "INSERT INTO t SELECT id + 10, d.k FROM t WHERE id = 1")
    found = rows(redshift, "SELECT d FROM t ORDER BY id", ADMIN)
    assert found == [('{"k":[1]}',), ("2.5",), ('"new"',), ("[1]",)]
    with pytest.raises(SqlError) as caught:
        redshift.execute("INSERT INTO t SELECT 1, 'x'::VARCHAR", user=ADMIN)
    assert caught.value.sqlstate == "0A000"


def test_reading_json_text_can_be_cancelled():
    redshift = Redshift()
    run(redshift, "CREATE TABLE n (a VARCHAR(60)); INSERT INTO n VALUES ('[1, 2]')")
    run(redshift, "INSERT INTO n SELECT a FROM n;" * 12)
    cancel = Cancellation()
    threading.Timer(0.2, cancel.cancel).start()
    with pytest.raises(SqlCancelled):
        redshift.execute("SELECT sum(json_array_length(x.a)) FROM n x, n y", user=ADMIN, cancel=cancel)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
)
_DOCUMENTS = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


@given(document=_DOCUMENTS)
@settings(max_examples=60, deadline=None)
def test_json_parse_and_paths_agree_with_python(warehouse, document):
    text = json.dumps(document)
    parsed, a, first = rows(
        warehouse, f"SELECT d, d.a, d[0] FROM (SELECT json_parse({_literal(text)}) AS d) AS t"
    )[0]
    assert json.loads(parsed) == document
    expected = document.get("a") if isinstance(document, dict) else None
    assert (json.loads(a) if a is not None else None) == expected
    expected = document[0] if isinstance(document, list) and document else None
    assert (json.loads(first) if first is not None else None) == expected


@given(text=st.text(alphabet='{}[]":,019.eE-+tfnul \\\n', max_size=24))
@settings(max_examples=150, deadline=None)
def test_what_is_json_is_what_python_reads_strictly(warehouse, text):
    def refuse(_):
        raise ValueError

    try:
        found = json.loads(text, parse_constant=refuse)
    except ValueError:
        found = ValueError
    (row,) = rows(warehouse, f"SELECT is_valid_json({_literal(text)}), is_valid_json_array({_literal(text)})")
    assert row == (isinstance(found, dict), isinstance(found, list))


def _literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
