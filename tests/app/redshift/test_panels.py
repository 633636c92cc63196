"""A page's panels: one statement, true to what each would be alone, and values that never become SQL."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import QueryFailed
from app.redshift import panel_sql
from app.redshift.conditions import Condition, at_least, at_most, below, equals, one_of
from app.redshift.panels import AnyRow, Base, Measure, Panel, Question, Section
from app.redshift.table import Table, Timings
from tests.app.views import people
from tests.app.views.people import ETHAN, FRANK, OTTO, Person

BASE = Base(
    "sold",
    """
    SELECT category, city, country, quantity,
           CAST("timestamp" AS DATE) AS day,
           quantity * sales_price AS amount
    FROM public.sales_data
    WHERE quantity < CAST(:most AS INTEGER)
    """,
    columns={
        "category": "VARCHAR(100)",
        "city": "VARCHAR(100)",
        "country": "VARCHAR(10)",
        "quantity": "INTEGER",
        "day": "DATE",
        "amount": "DECIMAL(21,2)",
    },
)
MEASURES = {
    "sales": Measure("SUM(amount)", "DECIMAL(38,2)"),
    "units": Measure("SUM(quantity)", "BIGINT"),
    "orders": Measure("COUNT(*)", "BIGINT"),
}
MOST = {"most": 100}
ANYTHING = AnyRow("anything", "public.sales_data")
HOSTILE = [
    "'; DROP TABLE public.sales_data; --",
    "x') OR ('1'='1",
    ":most",
    ":category_0",
    "1 = 1",
    "\\'",
    "日本",
]
CATEGORIES = [None, "", "Cycling", *HOSTILE]
CITIES = [None, "", "Lima", "São Paulo", "O'Hara"]
COUNTRIES = [None, "PE", "US"]
NULL = "(null)"
FIRST = date(2026, 3, 1)


def question(*panels, where=(), name="Panels"):
    return Question(name, BASE, MEASURES, panels, where)


@pytest.fixture(scope="module")
def world():
    """Rows with NULL, empty and hostile text in every column that panels group by."""
    rows = [
        people.row(
            category=_loaded(CATEGORIES[number % len(CATEGORIES)]),
            city=_loaded(CITIES[number % len(CITIES)]),
            country=_loaded(COUNTRIES[number % len(COUNTRIES)]),
            quantity=number % 4,
            sales_price=None if number % 17 == 0 else Decimal(number) / 4,
            timestamp=datetime(2026, 3, 1 + number % 3, number % 24),  # noqa: DTZ001 - as the column
            timezone=("America/Lima", "Europe/Rome")[number % 7 // 4],
        )
        for number in range(400)
    ]
    database = people.warehouse(people.rows(*rows))
    for column in ("category", "city", "country"):
        change = f"UPDATE public.sales_data SET {column} = NULL WHERE {column} = '{NULL}'"
        database.execute(change, user=people.ADMIN)
    return database


def _loaded(text):
    return NULL if text is None else text  # COPY would make '' of it


def ask(world, asked, user=ETHAN, *, max_rows=10_000, **conditions):
    person = Person(world, user, max_rows=max_rows)
    panels = asked.split(person.warehouse.fetch(asked.query(MOST, **conditions)))
    assert person.api.operations() == ["ExecuteStatement", "GetStatementResultV2"]
    return panels


def alone(world, user, panel, conditions=()):
    """A panel's rows as a statement of its own, written in another way."""
    values = {"most": "100"}
    terms = [_term(condition, values) for condition in conditions]
    columns = [
        *panel.by,
        *(MEASURES[m].sql for m in (MEASURES if panel.measures is None else panel.measures)),
    ]
    sql = f"SELECT {', '.join(columns)} FROM ({BASE.sql}) AS b WHERE {' AND '.join(['TRUE', *terms])}"
    sql += f" GROUP BY {', '.join(panel.by)}" if panel.by else ""
    rows = world.execute(sql, user=user, parameters=values).table
    return [tuple(row) for row in zip(*(column.to_pylist() for column in rows.columns), strict=True)]


def _term(condition, values):
    either = []
    for value in condition.values:
        name = f"v{len(values)}"
        if value is None:
            either.append(f"{condition.column} IS NULL")
        elif value == "":
            either.append(f"LENGTH({condition.column}) = 0")
        else:
            values[name] = str(value)
            either.append(
                f"{condition.column} {condition.operator} CAST(:{name} AS {BASE.columns[condition.column]})"
            )
    return f"({' OR '.join(either)})"


def in_order(rows, panel):
    """The rows as the panel's order says, and then by what it is by."""
    columns = [*panel.by, *(MEASURES if panel.measures is None else panel.measures)]
    for term in reversed([*panel.order, *panel.by]):
        place = columns.index(term.removeprefix("-"))
        known = [row for row in rows if row[place] is not None]
        known.sort(key=lambda row, place=place: row[place], reverse=term.startswith("-"))
        rows = known + [row for row in rows if row[place] is None]
    return rows[: panel.limit]


CONDITIONS = st.one_of(
    st.builds(one_of, st.just("category"), st.sets(st.sampled_from(CATEGORIES), min_size=1)),
    st.builds(one_of, st.just("city"), st.sets(st.sampled_from(CITIES), min_size=1)),
    st.builds(equals, st.just("country"), st.sampled_from(COUNTRIES)),
    st.builds(one_of, st.just("quantity"), st.sets(st.integers(0, 4), min_size=1)),
    st.builds(at_least, st.just("amount"), st.decimals(0, 300, places=2)),
    st.builds(at_most, st.just("quantity"), st.integers(0, 4)),
    st.builds(below, st.just("day"), st.dates(FIRST, date(2026, 3, 5))),
)


@st.composite
def panel(draw, name):
    by = draw(
        st.lists(st.sampled_from(["category", "city", "country", "quantity", "day"]), unique=True, max_size=4)
    )
    measures = draw(st.none() | st.lists(st.sampled_from([*MEASURES]), unique=True, min_size=1))
    named = draw(st.lists(st.sampled_from([*by, *(MEASURES if measures is None else measures)]), unique=True))
    order = [draw(st.sampled_from(("", "-"))) + each for each in named]
    return Panel(
        name,
        by=by,
        where=draw(st.lists(st.sampled_from(["one", "two"]) | CONDITIONS, max_size=2)),
        measures=measures,
        order=order,
        limit=draw(st.none() | st.integers(1, 5)) if order else None,
    )


QUESTIONS = st.integers(1, 6).flatmap(
    lambda count: st.tuples(*(panel(f"panel_{number}") for number in range(count)))
)


class TestTheSameAsEachPanelAlone:
    @settings(max_examples=60, deadline=None)
    @given(
        QUESTIONS,
        st.lists(CONDITIONS, max_size=1),
        st.fixed_dictionaries(
            {"one": st.lists(CONDITIONS, max_size=1), "two": st.lists(CONDITIONS, max_size=2)}
        ),
        st.sampled_from([ETHAN, FRANK, OTTO]),
    )
    def test_whatever_is_declared(self, world, panels, page, given_, user):
        named = {each for one in panels for each in one.where if isinstance(each, str)}
        given_ = {name: given_[name] for name in named}
        found = ask(world, question(ANYTHING, *panels, where=page), user, **given_)
        assert found.any("anything") is (user is not OTTO)
        assert found.incomplete == frozenset()
        for each in panels:
            parts = [[part] if isinstance(part, Condition) else given_[part] for part in each.where]
            expected = alone(world, user, each, [*page, *(one for part in parts for one in part)])
            rows = list(found.rows(each.name))
            if each.order:
                assert rows == in_order(expected, each)
            else:
                assert Counter(rows) == Counter(expected)

    def test_a_null_among_the_values_is_not_a_rolled_up_column(self, world):
        found = ask(
            world,
            question(Panel("total"), Panel("cities", by=("city",)), Panel("places", by=("city", "country"))),
        )
        ((_, _, orders),) = found.rows("total")
        for name in ("cities", "places"):
            assert None in found[name]["city"].to_pylist()
            assert sum(found[name]["orders"].to_pylist()) == orders == 400

    def test_more_panels_than_a_group_by_takes_sets(self, world):
        columns = ["category", "city", "country", "quantity", "day"]
        sets = [[c for place, c in enumerate(columns) if number >> place & 1] for number in range(32)]
        panels = [Panel(f"panel_{number}", by=by) for number, by in enumerate([*sets, *sets, *sets[:6]])]
        asked = question(*panels)
        assert [len(scan.panels) for _, scan in asked._scans({})] == [32, 32, 6]
        found = ask(world, asked)
        for each in panels:
            assert Counter(found.rows(each.name)) == Counter(alone(world, ETHAN, each))

    def test_no_rows_are_a_total_of_nothing_and_no_groups(self, world):
        found = ask(
            world,
            question(Panel("total", where=("none",)), Panel("cities", by=("city",), where=("none",))),
            none=[equals("category", "No such")],
        )
        assert list(found.rows("total")) in ([], [(None, None, 0)])
        assert not found.any("cities")


class TestTypes:
    def test_a_panel_has_its_own_columns_typed_whatever_the_other_panels_have(self, world):
        found = ask(
            world,
            question(
                ANYTHING,
                Panel("total", measures=("sales",), where=("some",)),
                Panel("days", by=("day",), measures=("orders",)),
                Panel("best", by=("country", "quantity"), order=("-sales",), limit=2),
            ),
            some=[equals("country", "PE")],
        )
        whole = pa.decimal128(38, 2)
        assert found["total"].schema.types == [whole]
        assert found["days"].schema == pa.schema([("day", pa.date32()), ("orders", pa.int64())])
        assert found["best"].column_names == ["country", "quantity", "sales", "units", "orders"]
        assert found["best"].schema.field("sales").type == whole
        assert found["best"].schema.field("quantity").type == pa.int32()
        assert found["anything"].num_rows == 1


class TestACap:
    PANELS = (
        Panel("total"),
        Panel("categories", by=("category",), order=("-units",)),
        ANYTHING,
        Panel("cities", by=("city", "country"), order=("-sales",)),
    )

    @pytest.mark.parametrize("rows", range(1, 30))
    def test_takes_the_end_of_the_last_panel_that_it_left(self, world, rows):
        whole = ask(world, question(*self.PANELS))
        cut = ask(world, question(*self.PANELS), max_rows=rows)
        order = ["anything", "total", "categories", "cities"]
        sizes = [whole[name].num_rows for name in order]
        assert sizes == [1, 1, 10, 15]
        if rows >= sum(sizes):
            assert cut.incomplete == frozenset()
        else:
            last = max(place for place in range(4) if sum(sizes[:place]) < rows)
            assert cut.incomplete == {*order[last:]}
        for name in set(order) - cut.incomplete:
            assert cut[name].equals(whole[name])
        assert list(cut.rows("cities")) == list(whole.rows("cities"))[: cut["cities"].num_rows]


PLACES = Section(
    Base(
        "seen",
        """
        SELECT city, country, timezone, population
        FROM public.sales_data
        WHERE quantity < CAST(:fewer AS INTEGER)
        """,
        columns={"city": "VARCHAR(100)", "country": "VARCHAR(10)", "timezone": "VARCHAR(50)"},
    ),
    {"orders": Measure("COUNT(*)", "BIGINT"), "people": Measure("SUM(population)", "BIGINT")},
    (
        Panel("zones", by=("timezone", "country"), order=("timezone", "-orders"), where=("zone",)),
        Panel("all_seen"),
        Panel("most_seen", by=("city",), order=("-people",), limit=2, where=("zone",)),
    ),
)
PLAIN = question(
    ANYTHING, Panel("total"), Panel("cities", by=("city", "country"), order=("-sales",)), where=("chosen",)
)
BESIDE = PLAIN.beside(PLACES)
NONE = {"zone": (), "chosen": ()}


class TestASectionBesideTheQuestion:
    """Panels over another base: each as it would be alone, and the question's own as without them."""

    @staticmethod
    def ask(world, user=ETHAN, max_rows=10_000, **conditions):
        person = Person(world, user, max_rows=max_rows)
        query = BESIDE.query({**MOST, "fewer": 3}, **{**NONE, **conditions})
        found = BESIDE.split(person.warehouse.fetch(query))
        assert person.api.operations() == ["ExecuteStatement", "GetStatementResultV2"]
        return found

    @staticmethod
    def alone(world, user, columns, rest=""):
        sql = f"SELECT {columns} FROM public.sales_data WHERE quantity < 3 {rest}"
        return [tuple(row.values()) for row in world.execute(sql, user=user).table.to_pylist()]

    @pytest.mark.parametrize("user", [ETHAN, FRANK, OTTO])
    def test_has_its_own_rows_columns_and_measures(self, world, user):
        found = self.ask(world, user)
        counted = "COUNT(*) AS n, SUM(population) AS p"
        zones = self.alone(
            world, user, f"timezone, country, {counted}", "GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2"
        )
        assert list(found.rows("zones")) == zones
        assert list(found.rows("all_seen")) == self.alone(world, user, counted)
        best = self.alone(world, user, f"city, {counted}", "GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 2")
        assert list(found.rows("most_seen")) == best

    def test_leaves_the_questions_own_panels_as_they_are(self, world):
        chosen = [one_of("category", ["Cycling", None])]
        found, plain = self.ask(world, chosen=chosen), ask(world, PLAIN, chosen=chosen)
        for name in ("anything", "total", "cities"):
            assert found[name].equals(plain[name])

    def test_has_conditions_of_its_own_and_none_of_the_pages(self, world):
        found = self.ask(world, zone=[equals("timezone", "Europe/Rome")], chosen=[equals("city", "Lima")])
        assert {zone for zone, *_ in found.rows("zones")} == {"Europe/Rome"}
        assert found["all_seen"].equals(self.ask(world)["all_seen"])

    @pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 11, 12, 20, 40])
    def test_is_told_before_what_a_cap_takes(self, world, rows):
        whole, cut = self.ask(world), self.ask(world, max_rows=rows)
        order = ["anything", "zones", "all_seen", "most_seen", "total", "cities"]
        sizes = [whole[name].num_rows for name in order]
        last = max(place for place in range(6) if sum(sizes[:place]) < rows)
        assert cut.incomplete == ({*order[last:]} if rows < sum(sizes) else set())
        for name in order[:last]:
            assert cut[name].equals(whole[name])

    def test_shares_the_columns_of_the_same_name_and_type(self):
        own, shared = ["panel", "timezone", "people"], ["city", "country", "sales", "units", "orders"]
        assert sorted(BESIDE._layout.names) == sorted(own + shared)

    def test_says_in_its_text_what_is_over_which_base(self):
        sql = BESIDE.query({**MOST, "fewer": 3}, zone=[], chosen=[equals("city", "Lima")]).sql
        assert re.findall(r"(\w+) AS \(\n", sql)[:3] == ["sold", "seen", "chosen_sold"]
        assert "-- panel 1 anything, 2 zones, 3 all_seen, 4 most_seen, 5 total, 6 cities" in sql

    @pytest.mark.parametrize(
        "beside",
        [
            lambda: PLAIN.beside(PLACES, PLACES),
            lambda: PLAIN.beside(replace(PLACES, panels=[Panel("total", measures=("people",))])),
            lambda: PLAIN.beside(Section(BASE, MEASURES, [Panel("another")])),
            lambda: PLAIN.beside(replace(PLACES, measures={**PLACES.measures, "sales": NUMBER})),
            lambda: PLAIN.beside(replace(PLACES, measures={**PLACES.measures, "city": NUMBER})),
            lambda: PLAIN.beside(replace(PLACES, base=replace(PLACES.base, columns=OTHER_TYPES))),
            lambda: BESIDE.query({**MOST, "fewer": 3}, zone=[], chosen=[equals("timezone", "x")]),
            lambda: BESIDE.query({**MOST, "fewer": 3}, zone=[equals("quantity", 1)], chosen=[]),
            lambda: BESIDE.query({**MOST, "fewer": 3}, chosen=[]),
        ],
    )
    def test_is_refused_when_it_means_nothing(self, beside):
        with pytest.raises(ValueError, match=r"\w"):
            beside()


NUMBER = Measure("1", "INTEGER")
OTHER_TYPES = {**PLACES.base.columns, "city": "VARCHAR(1)"}


class TestWhatAPersonChooses:
    @settings(max_examples=150, deadline=None)
    @given(
        st.lists(
            st.text(min_size=1).filter(lambda text: "\0" not in text), min_size=1, max_size=5, unique=True
        )
    )
    def test_never_becomes_sql(self, values):
        asked = question(
            Panel("total", where=("chosen",)),
            Panel("best", by=("city",), where=("chosen",), order=("city",), limit=3),
        )
        query = asked.query(MOST, chosen=[one_of("category", values), equals("city", values[0])])
        tame = [f"tame {number}" for number in range(len(values))]
        assert query.sql == asked.query(MOST, chosen=[one_of("category", tame), equals("city", tame[0])]).sql
        assert query.parameters["city_0"] == values[0]
        chosen = {query.parameters[f"category_{number}"] for number in range(len(values))}
        assert chosen == set(values)
        assert set(re.findall(r"(?<!:):(\w+)", query.sql)) == set(query.parameters)

    @pytest.mark.parametrize("value", HOSTILE)
    def test_is_a_value_whatever_it_says(self, world, value):
        found = ask(
            world,
            question(Panel("categories", by=("category",), where=("chosen",))),
            chosen=[equals("category", value)],
        )
        assert found["categories"]["category"].to_pylist() == [value]

    def test_in_any_order_is_the_same_query(self):
        asked = question(Panel("total", where=("chosen",)))
        one, other = (
            asked.query(MOST, chosen=[one_of("category", values)]) for values in (["b", "a", "b"], ["a", "b"])
        )
        assert one == other
        assert dict(one.parameters) == {"most": "100", "category_0": "a", "category_1": "b"}

    def test_panels_that_want_the_same_value_share_its_parameter(self):
        asked = question(Panel("total", where=("one",)), Panel("cities", by=("city",), where=("two",)))
        query = asked.query(MOST, one=[equals("category", "a")], two=[one_of("category", ["a", "b"])])
        assert dict(query.parameters) == {"most": "100", "category_0": "a", "category_1": "b"}

    def test_does_not_take_the_name_of_a_parameter_of_the_base(self):
        base = replace(BASE, sql="SELECT category FROM public.sales_data WHERE city = :category_0")
        asked = Question("Names", base, MEASURES, [Panel("total", where=("chosen",))])
        query = asked.query({"category_0": "Lima"}, chosen=[equals("category", "a")])
        assert dict(query.parameters) == {"category_0": "Lima", "category_1": "a"}

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (7, "7"),
            (True, "true"),
            (Decimal("1E+2"), "100"),
            (date(2026, 1, 2), "2026-01-02"),
            (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02 03:04:05+00:00"),
        ],
    )
    def test_travels_as_text(self, value, text):
        query = question(Panel("total")).query({"most": value})
        assert dict(query.parameters) == {"most": text}

    @pytest.mark.parametrize("value", ["", None, Decimal("NaN"), 1.5, b"x"])
    def test_is_refused_when_no_parameter_can_carry_it(self, value):
        with pytest.raises(ValueError, match="parameter"):
            question(Panel("total")).query({"most": value})

    def test_of_nothing_is_not_the_choice_of_all(self):
        with pytest.raises(ValueError, match="No value of 'category'"):
            one_of("category", [])


class TestTheText:
    def test_reads_as_if_written_by_hand(self):
        asked = question(
            Panel("total", where=("chosen",)),
            Panel("categories", by=("category",)),
            ANYTHING,
            Panel("worst", by=("category",), order=("sales",), limit=5, measures=("sales",)),
            Panel("cities", by=("city", "country"), where=("chosen",), order=("-sales",)),
            where=("days",),
        )
        query = asked.query(
            MOST,
            chosen=[one_of("category", ["a", "b", None])],
            days=[at_least("day", FIRST), below("day", date(2026, 4, 1))],
        )
        assert query.sql == EXPECTED
        assert dict(query.parameters) == {
            "most": "100",
            "day_0": "2026-03-01",
            "day_1": "2026-04-01",
            "category_0": "a",
            "category_1": "b",
        }

    def test_is_the_one_that_the_documentation_shows(self):
        text = Path("docs/architecture.md").read_text()
        declared, shown = (
            re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL)[1] for kind in ("python", "sql")
        )
        names = {**globals()}
        exec(declared, names)  # noqa: S102 - our own document
        assert names["query"].sql == shown

    def test_counts_panels_of_the_same_rows_in_one_pass(self):
        asked = question(Panel("total", where=("chosen",)), Panel("cities", by=("city",)))
        assert asked.query(MOST, chosen=[]).sql.count("FROM sold") == 1
        assert asked.query(MOST, chosen=[equals("city", "Lima")]).sql.count("FROM sold") == 2

    @given(st.sets(st.frozensets(st.integers(0, 60)), min_size=1, max_size=panel_sql.MOST_SETS))
    def test_tells_panels_apart_by_no_more_columns_than_an_integer_has_bits(self, sets):
        panels = {code: Panel(f"p{code}", by=[f"c{n}" for n in sorted(s)]) for code, s in enumerate(sets, 1)}
        scan = panel_sql.Scan((), (), panels)
        telling = panel_sql._telling(scan)
        assert len(telling) <= 31
        assert len({panel_sql._mask(each, telling) for each in panels.values()}) == len(panels)


EXPECTED = """\
WITH sold AS (
    SELECT category, city, country, quantity,
           CAST("timestamp" AS DATE) AS day,
           quantity * sales_price AS amount
    FROM public.sales_data
    WHERE quantity < CAST(:most AS INTEGER)
), chosen_sold AS (
    SELECT *
    FROM sold
    WHERE day >= CAST(:day_0 AS DATE)
      AND day < CAST(:day_1 AS DATE)
)
-- panel 1 anything, 2 total, 3 categories, 4 worst, 5 cities
SELECT CASE GROUPING(city) WHEN 1 THEN 2 WHEN 0 THEN 5 END AS panel,
       CAST(NULL AS VARCHAR(100)) AS category, city, country,
       SUM(amount) AS sales, SUM(quantity) AS units, COUNT(*) AS orders
FROM chosen_sold
WHERE (category IN (:category_0, :category_1) OR category IS NULL)
GROUP BY GROUPING SETS ((), (city, country))
UNION ALL
SELECT 3, category, NULL, NULL, SUM(amount), SUM(quantity), COUNT(*)
FROM chosen_sold
GROUP BY category
UNION ALL
SELECT 4, category, NULL, NULL, sales, NULL, NULL
FROM (
    SELECT category, SUM(amount) AS sales
    FROM chosen_sold
    GROUP BY category
    ORDER BY sales, category
    LIMIT 5
) AS worst
UNION ALL
SELECT 1, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT 1 AS one FROM public.sales_data LIMIT 1) AS anything
ORDER BY panel, sales DESC NULLS LAST, city, country, category
"""


WORDS = ["", "Sales", "a b", "a;", "a--", "9a", "é", "a\n", "user", "order", "a" * 64, '"a"']


class TestADeclaration:
    @pytest.mark.parametrize("name", WORDS)
    @pytest.mark.parametrize(
        "declare",
        [
            Panel,
            lambda name: AnyRow(name, "public.sales_data"),
            lambda name: Base(name, "SELECT 1", {}),
            lambda name: Base("base", "SELECT 1", {name: "INTEGER"}),
            lambda name: Question("Names", BASE, {name: MEASURES["sales"]}, [Panel("total")]),
        ],
    )
    def test_takes_names_that_need_no_quotes(self, declare, name):
        with pytest.raises(ValueError, match="cannot be a name"):
            declare(name)

    @pytest.mark.parametrize("relation", ["", "public.", "a.b.c.d", "sales; DROP", "Sales", "sales AS s"])
    def test_takes_names_of_tables(self, relation):
        with pytest.raises(ValueError, match="cannot name a table"):
            AnyRow("anything", relation)

    @pytest.mark.parametrize(
        "kind", ["", "integer", "INTEGER)", "DECIMAL(1,2,3)", "VARCHAR(1); DROP", "INT --"]
    )
    def test_takes_types(self, kind):
        for declare in (lambda: Measure("SUM(a)", kind), lambda: Base("base", "SELECT 1", {"a": kind})):
            with pytest.raises(ValueError, match="not a type"):
                declare()

    @pytest.mark.parametrize(
        ("panel", "says"),
        [
            (Panel("a", by=("no_such",)), "no_such"),
            (Panel("a", measures=("no_such",)), "no_such"),
            (Panel("a", order=("-city",)), "city"),
            (Panel("a", measures=("units",), order=("sales",)), "sales"),
            (Panel("a", measures=()), "no column"),
            (Panel("a", where=(equals("no_such", 1),)), "no_such"),
        ],
    )
    def test_names_what_is_there(self, panel, says):
        with pytest.raises(ValueError, match=says):
            question(panel)

    @pytest.mark.parametrize("limit", [0, -1, 1.0, True, "1", "1; DROP TABLE public.sales_data"])
    def test_limits_by_a_number(self, limit):
        with pytest.raises(ValueError, match="limit"):
            Panel("a", order=("sales",), limit=limit)

    @pytest.mark.parametrize(
        "declare",
        [
            lambda: Panel("a", by=("city", "city")),
            lambda: Panel("a", limit=1),
            lambda: Panel("a", by=("city",), order=("city", "-city")),
            question,
            lambda: question(ANYTHING),
            lambda: question(Panel("a"), Panel("a", by=("city",))),
            lambda: Question("Names", BASE, {"city": MEASURES["sales"]}, [Panel("a")]),
            lambda: question(Panel("a"), where=(equals("no_such", 1),)),
            lambda: question(Panel("a", where=("one",))).query(MOST),
            lambda: question(Panel("a")).query(MOST, one=[]),
            lambda: question(Panel("a", where=("one",))).query(MOST, one=[equals("no_such", 1)]),
        ],
    )
    def test_is_refused_when_it_means_nothing(self, declare):
        with pytest.raises(ValueError, match=r"\w"):
            declare()


class TestAnotherAnswer:
    ASKED = question(ANYTHING, Panel("total"), Panel("cities", by=("city",), order=("-sales",)))
    COLUMNS = ("panel", "city", *MEASURES)

    def answer(self, codes, names=COLUMNS, **changes):
        texts = pa.array(["Lima"] * len(codes))
        numbers = pa.array(range(len(codes)), pa.int64())
        columns = pa.table([pa.array(codes, pa.int32()), texts, numbers, numbers, numbers], names=names)
        return _table(columns, **changes)

    def test_is_split_if_it_is_the_right_one(self):
        panels = self.ASKED.split(self.answer([1, 2, 3, 3]))
        assert [panels[name].num_rows for name in ("anything", "total", "cities")] == [1, 1, 2]

    def test_is_split_without_copying(self):
        table = self.answer([1, 2, 3, 3])
        part, whole = self.ASKED.split(table)["cities"]["sales"].chunk(0), table.columns["sales"].chunk(0)
        assert (part.offset, part.buffers()[1].address) == (2, whole.buffers()[1].address)

    @pytest.mark.parametrize("codes", [[2, 1], [0, 1], [1, 4], [1, None], [None]])
    def test_in_another_order_is_no_answer(self, codes):
        with pytest.raises(QueryFailed) as caught:
            self.ASKED.split(self.answer(codes))
        assert (caught.value.code, caught.value.query_name) == ("RL-425", "Panels")

    def test_with_other_columns_is_no_answer(self):
        with pytest.raises(QueryFailed) as caught:
            self.ASKED.split(self.answer([1], names=("panel", "sales", "city", "units", "orders")))
        assert caught.value.code == "RL-425"

    def test_without_a_row_has_no_panel_whole_when_it_was_cut(self):
        assert self.ASKED.split(self.answer([], truncated=True)).incomplete == {"anything", "total", "cities"}
        assert self.ASKED.split(self.answer([])).incomplete == frozenset()


def _table(columns, *, truncated=False):
    return Table(
        columns=columns,
        truncated=truncated,
        statement_id="11111111-2222-3333-4444-555555555555",
        elapsed=0.1,
        timings=Timings(0.1, 0.0, 0.0),
        as_of=datetime.now(UTC),
    )
