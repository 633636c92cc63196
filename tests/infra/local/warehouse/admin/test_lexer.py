"""What a statement begins with is known without reading all of it; what is no token is still refused."""

from hypothesis import given
from hypothesis import strategies as st

from infra.local.warehouse import SqlError
from infra.local.warehouse.admin.lexer import Reader, first_word

PIECES = [
    *(
        "select",
        "SELECT",
        "with",
        "1",
        "1.5",
        "(",
        ")",
        "/*",
        "*/",
        "--",
        "\n",
        " ",
        "'",
        "''",
        "'a'",
        '"',
        '""',
    ),
    *('"b"', "\\", "#t", "/", "*", "-", "::", "$", "?", "{", "\ue000", "ü"),
]


def read(sql):
    """The same by reading all of it."""
    try:
        reader = Reader(sql)
    except SqlError as fault:
        return fault.message
    while reader.accept("("):
        pass
    return reader.current.text if reader.current.kind == "word" else ""


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_first_word_is_that_of_the_whole_text(sql):
    try:
        found = first_word(sql)
    except SqlError as fault:
        found = fault.message
    assert found == read(sql)
