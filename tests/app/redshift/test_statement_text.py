"""Two texts are the same question when they differ in layout alone; where that is not sure, they are two."""

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot.errors import SqlglotError

from app.redshift.query import Query
from app.redshift.statement_text import normalised

PLAIN = "SELECT a,b FROM t WHERE x='1' AND y=(2)"

# What a blank may be written as.
BLANKS = st.sampled_from(
    ["", " ", "\n", "\t", "\r\n", "  ", "-- c\n", "--'\n", "/* c */", "/* /* c */ ' */", "/**/"]
)
WORDS = [
    "a",
    "b",
    "1",
    "1e",
    "e5",
    "E",
    "U&",
    "é",
    "not",
    "in",
    "select",
    "group by",
    ":p",
    "$1",
    "\u00a0",
    "\u2003",
]
MARKS = list("(),;:.&/*-+=<>!|@#%^~?[]{}`'\"\\\f\v\r")
PAIRS = [
    "::",
    "..",
    "--",
    "--+",
    "/*",
    "*/",
    "/*+",
    "<>",
    "!=",
    "||",
    "||/",
    "#>",
    "{{",
    "{%",
    "(+)",
    "=>",
    "->",
    "@-",
    "$$",
]
QUOTED = [
    "'x'",
    "'x  y'",
    "''",
    "'a''b'",
    "'a -- b'",
    "'/* a */'",
    '"q"',
    '"q  r"',
    "E'x'",
    "N'x'",
    "b'01'",
    "$$a  b$$",
]
PIECES = st.sampled_from([*WORDS, *MARKS, *PAIRS, *QUOTED])


def tokens(sql):
    """What a tokenizer of Redshift's dialect reads, comments apart; None where it reads nothing."""
    try:
        return [(token.token_type, token.text) for token in sqlglot.tokenize(sql, read="redshift")]
    except SqlglotError:
        return None


@st.composite
def layouts(draw):
    """Two texts of the same pieces, with blanks of different kinds between them, or without."""
    pieces = draw(st.lists(PIECES, min_size=1, max_size=8))
    return ["".join(piece + draw(BLANKS) for piece in pieces) for _ in range(2)]


@settings(max_examples=1000)
@given(layouts())
def test_texts_that_a_tokenizer_tells_apart_are_two(texts):
    one, other = texts
    if normalised(one) == normalised(other):
        assert tokens(one) == tokens(other)


@given(layouts())
def test_what_is_normalised_asks_the_same_and_stays_as_it_is(texts):
    for text in texts:
        assert tokens(normalised(text)) == tokens(text)
        assert normalised(normalised(text)) == normalised(text)


@pytest.mark.parametrize(
    "same",
    [
        "  SELECT a, b\n  FROM t\tWHERE x = '1' AND y = ( 2 )\r\n",
        "SELECT a -- the first\n , b FROM t WHERE x='1' AND y=(2) -- 'and' no more",
        "/* who /* asks */ what */ SELECT/**/a,b FROM t WHERE x='1' AND/* \" */y=(2)",
    ],
)
def test_layout_and_comments_do_not_matter(same):
    assert normalised(same) == normalised(PLAIN) == PLAIN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'a  b'", "SELECT 'a b'"),
        ("SELECT 'a\nb'", "SELECT 'a b'"),
        ("SELECT 'a -- b'", "SELECT 'a '"),
        ("SELECT '/* a */'", "SELECT ''"),
        ("SELECT '''a  b'", "SELECT '''a b'"),
        ('SELECT "a  b"', 'SELECT "a b"'),
        ('SELECT "a--b"\n', 'SELECT "a'),
        ('SELECT "x"', "SELECT x"),
        ("SELECT ab", "SELECT a b"),
        ("SELECT 1 .5", "SELECT 1.5"),
        ("SELECT 1e - 5", "SELECT 1e-5"),
        ("SELECT a - - b", "SELECT a -- b"),
        ("SELECT a < = b", "SELECT a <= b"),
        ("SELECT U& 'x'", "SELECT U&'x'"),
        ("SELECT E 'x'", "SELECT E'x'"),
        ("SELECT 'a'\n'b'", "SELECT 'a' 'b'"),
        ("SELECT a FROM t, u WHERE a ( + ) = b", "SELECT a FROM t, u WHERE a (+) = b"),
        ("SELECT a FROM t, u WHERE a ( +) = b", "SELECT a FROM t, u WHERE a (+) = b"),
        ("SELECT 1 -- a\r+ 1", "SELECT 1 + 1"),
        ("SELECT /*+ a */ 1", "SELECT 1"),
        ("SELECT 1 |/* a */ 4", "SELECT 1 | 4"),
        ('SELECT "a  ""  b"', 'SELECT "a "" b"'),
        ("SELECT $$a  b$$", "SELECT $$a b$$"),
        ("SELECT $x$--  $x$, '$x$'", "SELECT $x$-- $x$, '$x$'"),
        (r"SELECT E'\'  '' '", r"SELECT E'\' '' '"),
        (r"SELECT '\'  --'", r"SELECT '\' --'"),
        ("SELECT 1 /* /* */", "SELECT 1"),
        ("SELECT 'a  b", "SELECT 'a b"),
        ("SELECT a", "SELECT A"),
        ("SELECT\u00a0a", "SELECT a"),
    ],
)
def test_what_may_mean_something_else_is_another_question(one, other):
    assert normalised(one) != normalised(other)


def test_a_comment_within_an_open_comment_is_no_end():
    assert normalised("SELECT /* a /* b */ c */ 1") == "SELECT 1"
    assert normalised("SELECT 1 /* a /* b */ c") == "SELECT 1 /* a /* b */ c"


def test_queries_that_are_laid_out_differently_have_one_key():
    one = Query("a", "SELECT :x\n  -- the first\nFROM t", {"x": "a  b"})
    assert one.key == Query("b", "SELECT :x FROM t", {"x": "a  b"}).key
    assert one.key != Query("a", "SELECT :x FROM t", {"x": "a b"}).key
    assert one.sql == "SELECT :x\n  -- the first\nFROM t"
