"""Policy tests on the administrators' page: what people should see, against the warehouse's own rules."""

from collections.abc import Sequence

import pyarrow as pa
import streamlit as st

from app.errors import PolicyFileRefused
from app.policies.expectations import Expectations, read_expectations
from app.policies.file import LONGEST
from app.policies.verdicts import Verdict
from app.redshift.query import Query
from app.views import policy_rules, states
from app.views.admin import catalogue as catalogues
from app.views.admin import html
from app.views.admin.asking import ask
from app.views.admin.catalogue import Catalogue
from app.views.reader import Reader
from app.views.waiting import Places

_TEXT, _KEPT, _RUN = "policy_tests.text", "policy tests kept", "policy_tests.run"
_HEADS = ("Result", "Person", "Table", "In words")
_OUTCOMES = {"differs": "Differs", "unknown": "Not known", "holds": "Holds"}  # in the order of the table


def draw(reader: Reader, places: Places, *, fresh: bool) -> None:
    """Draws the tab: the text, Run, and a verdict for each test."""
    table = ask(reader, catalogues.CATALOGUE, places, fresh=fresh)
    found = catalogues.read(table.columns)
    groups = {each.person: each.groups for each in reader.signed_in()}
    states.note(
        "Worked out from the warehouse's rules, as you: grants, roles, policies, and how many rows they let "
        "through. The command line measures as each person: python -m infra.provision test-policies."
    )
    if table.truncated:
        st.html(states.trouble("The catalogue has more entries than MAX_ROWS: it is no ground for tests."))
        return
    text = _text(reader, policy_rules.example(found, groups))
    if st.button("Run", key=_RUN):
        _run(reader, found, text, places)


def _text(reader: Reader, example: str) -> str:
    """What the administrator wrote, also after they looked at another tab; at first what holds now."""
    kept_for, kept = st.session_state.get(_KEPT, ("", ""))
    mine = kept_for == reader.trail.session
    st.session_state.setdefault(_TEXT, kept if mine and kept else example)
    text = st.text_area("What each person should see, as YAML", height=300, max_chars=LONGEST, key=_TEXT)
    st.session_state[_KEPT] = reader.trail.session, text
    return text


def _run(reader: Reader, found: Catalogue, text: str, places: Places) -> None:
    try:
        expectations = _read(text)
    except PolicyFileRefused as error:
        st.html("".join(states.trouble(fault) for fault in error.faults))
        return
    groups = {each.person: each.groups for each in reader.signed_in()}

    def asked(query: Query) -> pa.Table:
        return ask(reader, query, places, fresh=True).columns

    _show(policy_rules.verdicts_of(found, groups, expectations, asked))


def _read(text: str) -> Expectations:
    expectations = read_expectations(text)
    many, most = len(expectations.tests), policy_rules.MOST_TESTS
    if many > most:
        fault = f"These are {many:,} tests, and this page takes {most}: the command line takes more. (RL-471)"
        raise PolicyFileRefused([fault], code="RL-471")
    return expectations


def _show(verdicts: Sequence[Verdict]) -> None:
    hold = sum(verdict.outcome == "holds" for verdict in verdicts)
    st.html(f'<p role="status">{hold} of {len(verdicts)} hold.</p>')
    order = list(_OUTCOMES)
    sorted_ = sorted(verdicts, key=lambda verdict: order.index(verdict.outcome))
    st.html(html.table("Policy tests", _HEADS, [_row(verdict) for verdict in sorted_]))


def _row(verdict: Verdict) -> list[str]:
    test = verdict.test
    words = verdict.words.partition(": ")[2]
    return [_OUTCOMES[verdict.outcome], html.code(test.person), html.code(str(test.table)), words]
