"""Conditions of any shape over a few columns."""

from hypothesis import strategies as st

from app.policies import tree
from app.policies.tree import Condition

COLUMNS = ("city", "land", "or")  # one whose name is a word of SQL's
# Texts that look like parts of a sentence, or end a quotation.
TEXTS = ("", "a", "ab", "b a", "O'B", "” or x is “", "(a)", "a or land is “b”", "%")

columns = st.sampled_from(COLUMNS).map(tree.Column)
texts = st.sampled_from(TEXTS).map(tree.Text)
values = texts | columns | texts.map(lambda text: tree.Cast(text, "text"))
ends = st.sampled_from(("", "%"))
patterns = st.builds(lambda before, text, after: tree.Text(f"{before}{text.value}{after}"), ends, texts, ends)
negated = st.booleans()
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(tree.Compared, columns, st.sampled_from(sorted(tree.OPPOSITE)), values),
    st.builds(tree.Like, columns, patterns, st.just(value=False), negated),
    st.builds(tree.Among, columns, st.lists(values, min_size=1, max_size=3).map(tuple), negated),
    st.builds(tree.Between, columns, values, values, negated),
    st.builds(tree.Missing, columns, negated),
    st.builds(tree.Holds, st.sampled_from((True, False, None)).map(tree.Truth), negated),
)


def _joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(several.map(tree.Every), several.map(tree.Some), inner.map(tree.Not))


conditions: st.SearchStrategy[Condition] = st.recursive(leaves, _joined, max_leaves=8)
