"""Policies at random: which rows somebody sees, and what stands in place of a value."""

from hypothesis import strategies as st

from tests.infra.local.warehouse.oracle.expressions import (
    FUNCTIONS,
    VALUES,
    Among,
    Call,
    Case,
    Column,
    Compare,
    Constant,
    CurrentUser,
    Expression,
    IsNull,
    Junction,
    LookedUp,
    Not,
    StartsWith,
)
from tests.infra.local.warehouse.oracle.world import KINDS, PEOPLE, MaskingPolicy

COLUMNS = ("n", "m", "d", "s", "r", "b", "w")
PERSONS = tuple(person.name for person in PEOPLE)
_SIGNS = st.sampled_from(("=", "<>", "<>", "<", "<=", ">", ">="))


def _about_column(draw, name, kind, lookups):
    """A condition that reads the column."""
    column = Column(name)
    forms = ["compare", "among", "null", *(["like"] if kind == "text" else [])]
    if kind in ("int", "text") and lookups:
        forms += ["looked up"] * 2
    match draw(st.sampled_from(forms)):
        case "compare":
            return Compare(column, draw(_SIGNS), Constant(kind, draw(st.sampled_from(VALUES[kind]))))
        case "among":
            few = st.lists(st.sampled_from(VALUES[kind]), min_size=2, max_size=5)
            return Among(column, kind, tuple(draw(few)))
        case "like":
            return StartsWith(column, draw(st.sampled_from(("a", "A", "b"))))
        case "looked up":
            return _looked_up(draw, column, "v" if kind == "int" else "t", lookups)
        case _:
            return IsNull(column)


def _about_person(draw, lookups):
    """A condition that depends on who asks alone."""
    if not lookups or draw(st.booleans()):
        few = st.lists(st.sampled_from(PERSONS), min_size=1, max_size=3)
        return Among(CurrentUser(), "text", tuple(draw(few)))
    return _looked_up(draw, CurrentUser(), "person", lookups)


def _looked_up(draw, of, result, lookups):
    """IN a lookup table's rows: the person's own ones, those with some number, or both."""
    mine = Compare(Column("person"), "=", CurrentUser())
    number = Compare(Column("v"), draw(_SIGNS), Constant("int", draw(st.sampled_from(VALUES["int"]))))
    condition = draw(st.sampled_from((mine, number, Junction("OR", mine, number))))
    return LookedUp(of, draw(st.sampled_from(lookups)).key, result, condition)


@st.composite
def conditions(draw, columns, lookups, depth: int = 2) -> Expression:
    """What a policy may ask of a row with these columns, names and kinds."""
    match draw(st.sampled_from(("column",) * 4 + ("person",) + (("both", "not") if depth else ()))):
        case "column":
            return _about_column(draw, *draw(st.sampled_from(columns)), lookups)
        case "person":
            return _about_person(draw, lookups)
        case "not":
            return Not(draw(conditions(columns, lookups, depth - 1)))
        case _:
            word = draw(st.sampled_from(("AND", "OR")))
            return Junction(word, *(draw(conditions(columns, lookups, depth - 1)) for _ in range(2)))


def row_conditions(names, lookups):
    """Conditions of row-level security, over some of the tables' columns of these names."""
    return conditions([(name, KINDS[name]) for name in names], lookups)


@st.composite
def _values(draw, of, inputs, lookups):
    """What stands for an input: a constant, a function of it, or now one and now the other."""
    name, kind = of
    constant = Constant(kind, draw(st.sampled_from((*VALUES[kind], None))))
    calls = [Call(function, Column(name)) for function in FUNCTIONS[kind]]
    form = draw(st.sampled_from(("constant", "function", "case", "case")))
    if form == "case":
        condition = draw(conditions(inputs, lookups, 1))
        return Case(
            condition, *draw(st.permutations((Column(name), draw(st.sampled_from((constant, *calls))))))
        )
    return draw(st.sampled_from(calls)) if form == "function" and calls else constant


@st.composite
def masking_policies(draw, name: str, kind: str, lookups) -> MaskingPolicy:
    """A masking policy of one or two inputs, the first of the kind, that masks the first or both."""
    kinds = [kind, *draw(st.lists(st.sampled_from(tuple(VALUES)), max_size=1))]
    inputs = tuple(zip(("x", "y"), kinds, strict=False))
    masked = inputs[: draw(st.integers(1, len(inputs)))]
    values = tuple(draw(_values(of, inputs, lookups)) for of in masked)
    return MaskingPolicy(name, inputs, values, tuple(kind for _, kind in masked))
