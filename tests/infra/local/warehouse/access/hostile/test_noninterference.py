"""Random questions whose own rows raise or not: what is hidden decides neither the answer nor the error."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.infra.local.warehouse.access.hostile.test_rows import RAISING
from tests.infra.local.warehouse.access.hostile.world import agreed

# What raises on some row of Frank's own, what chooses hidden rows, what raises on hidden rows alone.
_OWN = ["note::INT = 1", "1 / (amount - 7) > 0", "city::INT > 0", "1 / (balance - 4) > 0", "code::INT > 15"]
_HIDDEN = [
    *(
        "id > 103",
        "id < 102",
        "amount > 424241",
        "amount < 0",
        "price > 1000",
        "region = 'ASIA'",
        "balance < 0",
    ),
    *("region > 'AMER'", "city LIKE 'Z%'", "id IN (101, 102)", "NOT region = 'AMER'", "day = 'not-a-day'"),
    "EXISTS (SELECT 1 FROM orders x WHERE x.region = 'ASIA')",
    "amount = (SELECT max(amount) FROM orders)",
    "id NOT IN (SELECT id FROM orders WHERE region = 'AMER')",
]
_SOURCES = [
    *("orders", "orders_view", "orders_late", "(SELECT * FROM orders WHERE id > 2) s"),
    "(SELECT DISTINCT * FROM orders) s",
    "(SELECT * FROM orders UNION ALL SELECT * FROM orders_view) s",
    "(SELECT o.* FROM orders o JOIN regions r ON r.name = o.region) s",
    "(SELECT * FROM orders ORDER BY amount DESC, id LIMIT 3) s",
]
_QUESTIONS = [
    "SELECT count(*) FROM {s} WHERE {c}",
    "SELECT id, note FROM {s} WHERE {c} ORDER BY 1, 2",
    "SELECT region, sum(id) FROM {s} WHERE {c} GROUP BY 1 ORDER BY 1",
    "SELECT region FROM {s} GROUP BY region HAVING count(CASE WHEN {c} THEN 1 END) >= 0 ORDER BY 1",
    "SELECT CASE WHEN {c} THEN 1 ELSE 2 END AS k, count(*) FROM {s} GROUP BY 1 ORDER BY 1",
    "SELECT r.name FROM regions r WHERE EXISTS (SELECT 1 FROM {s} WHERE {c}) ORDER BY 1",
    "SELECT r.name, (SELECT count(*) FROM {s} WHERE {c}) AS n FROM regions r ORDER BY 1",
    "SELECT max(id) OVER (PARTITION BY region) AS m FROM {s} WHERE {c} ORDER BY 1",
    "WITH q AS (SELECT * FROM {s} WHERE {c}) SELECT count(*), max(id) FROM q WHERE id > 2 OR note = ''",
]
_of_orders = st.sampled_from([*_OWN, *_HIDDEN, *(f"{way} IS NOT NULL" for way in RAISING)])
_of_people = st.sampled_from(
    [
        *("name::INT = 1", "1 / (id - 2) > 0", "salary > 400000", "card LIKE '4%'", "email IS NOT NULL"),
        *("1 / (salary - 424242) < 1", "email::INT = 1", "card::BIGINT > 0", "1 / (len(card) - 16) < 1"),
    ]
)
_ABOUT_PEOPLE = [
    "SELECT count(*) FROM {s} WHERE {c}",
    "SELECT id FROM {s} WHERE {c} ORDER BY 1",
    "SELECT salary, count(*) FROM {s} WHERE {c} GROUP BY 1 ORDER BY 1",
    "SELECT CASE WHEN {c} THEN 1 ELSE 2 END AS k, count(*) FROM {s} GROUP BY 1 ORDER BY 1",
]


def conditions(parts):
    negated = st.builds(lambda part, no: f"NOT ({part})" if no else f"({part})", parts, st.booleans())
    return st.builds(
        lambda each, word: word.join(each),
        st.lists(negated, min_size=1, max_size=3),
        st.sampled_from([" AND ", " OR "]),
    )


questions = st.one_of(
    st.builds(
        lambda question, source, condition: question.format(s=source, c=condition),
        st.sampled_from(_QUESTIONS),
        st.sampled_from(_SOURCES),
        conditions(_of_orders),
    ),
    st.builds(
        lambda question, source, condition: question.format(s=source, c=condition),
        st.sampled_from(_ABOUT_PEOPLE),
        st.sampled_from(["people", "people_view"]),
        conditions(_of_people),
    ),
)


@settings(max_examples=80, deadline=None)
@given(sql=questions)
def test_what_is_hidden_decides_nothing(sql):
    agreed(sql)
