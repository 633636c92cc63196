"""Saved views and alerts: each person's own, whatever anybody writes, with the figures that SQL has."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import QueryDenied
from app.redshift.panels import Panels
from app.views import VIEWS, cities, overview, personal
from app.views.choice import DIMENSIONS, Choice, Filters
from app.views.formats import ENGLISH, marks, money
from app.views.personal import Alert, Watch
from infra.local.people import PEOPLE
from infra.local.sample import to_parquet
from infra.local.warehouse import DbUser, Redshift
from tests.app.views import people
from tests.app.views.people import Person
from tests.provisioned import STATEMENTS

USERS = {each.name: DbUser(f"AWSIDC:{each.email}", frozenset(each.groups)) for each in PEOPLE}
READERS = ("Ethan Global", "Frank Amer", "Alex Emea", "Ming Apac")
TODAY = datetime.now(UTC).date()
PAGES = {view.path for view in VIEWS}
FRANKS = "AWSIDC:frank@example.com"
USUAL = Choice()
GERMANY = Choice().keeping("country", ["DE"])
WATCHES = [
    Watch({}, 7, "below", Decimal("15000.00")),
    Watch({"region": "EMEA"}, 30, "above", Decimal("0.01")),
    Watch({"country": "US", "category": "Cycling"}, 30, "below", Decimal("999999999.99")),
    Watch({"place": "Tokyo, JP"}, 30, "above", Decimal("1.00")),
    Watch({"product": "No such thing"}, 7, "below", Decimal("1.00")),
]


@pytest.fixture(scope="module")
def database():
    """A warehouse with the product's own tables, policies, roles and grants."""
    body = to_parquet(people.sample())
    found = Redshift(read_object=lambda *_: [("part-0.parquet", body)])
    for statement in STATEMENTS:
        found.execute(statement, user=people.ADMIN)
    return found


@pytest.fixture
def product(database):
    """The same with nothing kept in it."""
    for table in ("saved_views", "alerts"):
        database.execute(f"DELETE FROM rowlight.{table}", user=people.ADMIN)
    return database


@pytest.fixture
def ethan(product):
    return Person(product, USERS["Ethan Global"])


@pytest.fixture
def frank(product):
    return Person(product, USERS["Frank Amer"])


def ask(person, view=overview.VIEW, choice=USUAL):
    question, filters = personal.beside(view.question), choice.filters(TODAY)
    values = {**view.parameters(filters), **personal.parameters(TODAY)}
    return question.split(person.warehouse.fetch(question.query(values, **view.conditions(filters))))


def read(person, view=overview.VIEW):
    return personal.read(ask(person, view))


def views_of(person):
    return {view.name: view for view in read(person).views(PAGES, TODAY)[0]}


def run(person, *changes):
    for change in changes:
        person.warehouse.run(change)


def plant(product, user, table, /, **values):
    """Writes a row as SQL of somebody's own would."""
    values = {"owner": FRANKS, "saved_at": "2026-01-01 00:00:00"} | values
    columns = {name: value for name, value in values.items() if value is not None}
    literals = ("'" + str(value).replace("'", "''") + "'" for value in columns.values())
    product.execute(
        f"INSERT INTO rowlight.{table} ({', '.join(columns)}) VALUES ({', '.join(literals)})", user=user
    )


def plant_alert(product, /, **values):
    usual = {"days": 7, "direction": "below", "threshold": "5.00"}
    plant(product, USERS["Ming Apac"], "alerts", **usual | values)


class TestSavedViews:
    def test_are_there_after_they_are_saved_with_their_page_and_filters(self, frank):
        chosen = Choice("Last 30 days", least=Decimal(50)).keeping("category", ["Cycling", "Hiking"])
        run(frank, *personal.save_view("My week", "cities", chosen))
        run(frank, *personal.save_view("all of it", "overview", Choice()))
        found, more = read(frank).views(PAGES, TODAY)
        assert [view.name for view in found] == ["all of it", "My week"]
        assert (found[1].page, found[1].choice) == ("cities", chosen)
        assert not more

    def test_of_one_name_are_the_newest(self, frank, product):
        run(frank, *personal.save_view("Mine", "cities", Choice()))
        run(frank, *personal.save_view("Mine", "overview", GERMANY))
        assert views_of(frank)["Mine"].choice == GERMANY
        assert product.execute("SELECT 1 FROM rowlight.saved_views", user=people.ADMIN).table.num_rows == 1

    def test_of_one_name_are_the_newest_also_where_the_older_ones_did_not_go(self, frank):
        first, _ = personal.save_view("Mine", "cities", Choice())
        second, _ = personal.save_view("Mine", "overview", GERMANY)
        run(frank, first, second)
        assert views_of(frank)["Mine"].choice == GERMANY

    def test_go_one_by_one(self, frank):
        run(
            frank,
            *personal.save_view("One", "cities", Choice()),
            *personal.save_view("Two", "cities", Choice()),
        )
        run(frank, personal.delete_view("One"))
        assert [*views_of(frank)] == ["Two"]

    def test_go_all_at_once_and_nobody_elses(self, frank, ethan):
        for person in (frank, ethan):
            run(person, *personal.save_view("One", "cities", Choice()))
        run(frank, personal.DELETE_ALL_VIEWS)
        assert not views_of(frank)
        assert [*views_of(ethan)] == ["One"]

    def test_are_bounded_and_the_newest_stay(self, frank, product):
        for number in range(personal.MOST_VIEWS + 4):
            plant(
                product,
                USERS["Frank Amer"],
                "saved_views",
                name=f"View {number:02}",
                page="overview",
                address="?",
                saved_at=f"2026-01-01 00:00:{number:02}",
            )
        found, more = read(frank).views(PAGES, TODAY)
        assert len(found) == personal.MOST_VIEWS
        assert more
        assert "View 53" in {view.name for view in found}


class TestEachTheirOwn:
    def test_views_and_alerts(self, product):
        persons = {name: Person(product, USERS[name]) for name in READERS}
        for name, person in persons.items():
            run(person, *personal.save_view(f"Of {name}", "overview", Choice()))
            run(person, *personal.save_alert(Watch({}, 7, "above", Decimal(len(name)))))
        for name, person in persons.items():
            found = read(person)
            assert [view.name for view in found.views(PAGES, TODAY)[0]] == [f"Of {name}"]
            assert [alert.watch.threshold for alert in found.alerts] == [Decimal(len(name))]

    @pytest.mark.parametrize("thief", READERS[:2])
    def test_nobody_deletes_anybody_elses_not_even_who_ignores_row_level_security(self, product, thief):
        owner = Person(product, USERS[next(name for name in READERS if name != thief)])
        watch = Watch({"country": "DE"}, 7, "below", Decimal(5))
        run(owner, *personal.save_view("Mine", "overview", Choice()), *personal.save_alert(watch))
        other = Person(product, USERS[thief])
        run(other, personal.delete_view("Mine"), personal.delete_alert(watch))
        run(other, personal.DELETE_ALL_VIEWS, personal.DELETE_ALL_ALERTS)
        run(other, *personal.save_view("Mine", "overview", GERMANY), *personal.save_alert(watch))
        assert views_of(owner)["Mine"].choice == Choice()
        assert [alert.watch for alert in read(owner).alerts] == [watch]

    @pytest.mark.parametrize("name", ["Nora Newcomer", "Ada Admin"])
    def test_who_sees_no_sales_keeps_nothing(self, product, name):
        person = Person(product, USERS[name])
        for change in (*personal.save_view("Mine", "overview", Choice()), personal.DELETE_ALL_ALERTS):
            with pytest.raises(QueryDenied) as told:
                person.warehouse.run(change)
            assert told.value.code == "RL-410"
        with pytest.raises(QueryDenied):
            ask(person)

    def test_whoever_sql_says_it_is_that_is_written(self, frank, product):
        run(frank, *personal.save_view("AWSIDC:ethan@example.com", "overview", Choice()))
        rows = product.execute("SELECT owner FROM rowlight.saved_views", user=people.ADMIN).table
        assert rows.to_pylist() == [{"owner": FRANKS}]


class TestAlerts:
    @pytest.mark.parametrize(
        ("name", "view"), [*((name, overview.VIEW) for name in READERS), ("Frank Amer", cities.VIEW)]
    )
    def test_have_the_figure_that_sql_has_under_the_same_identity(self, product, name, view):
        person = Person(product, USERS[name])
        for watch in WATCHES:
            run(person, *personal.save_alert(watch))
        found = {str(alert.watch): alert for alert in read(person, view).alerts}
        assert len(found) == len(WATCHES)
        for watch in WATCHES:
            alert, expected = found[str(watch)], _sales(product, USERS[name], watch)
            assert alert.sales == expected
            below, limit = watch.direction == "below", watch.threshold
            assert alert.holds is (expected < limit if below else expected > limit)

    def test_leave_the_pages_own_panels_as_they_are(self, frank):
        for watch in WATCHES:
            run(frank, *personal.save_alert(watch))
        view, filters = overview.VIEW, GERMANY.filters(TODAY)
        plain = view.question.split(frank.warehouse.fetch(view.query(filters)))
        beside = ask(frank, view, GERMANY)
        for name, table in plain.tables.items():
            assert beside[name].equals(table), name

    def test_come_with_the_pages_own_statement(self, frank):
        for number in range(3):
            run(frank, *personal.save_view(f"View {number}", "overview", Choice()))
        frank.api.calls.clear()
        assert len(views_of(frank)) == 3
        assert frank.api.operations() == ["ExecuteStatement", "GetStatementResultV2"]

    def test_are_asked_for_by_the_same_text_whoever_asks(self, frank, ethan):
        run(frank, *personal.save_alert(WATCHES[0]))
        for person in (frank, ethan):
            person.api.calls.clear()
            ask(person)
        assert frank.asked[0]["Sql"] == ethan.asked[0]["Sql"]
        assert frank.asked[0]["Parameters"] == ethan.asked[0]["Parameters"]

    def test_are_seen_at_the_next_look_and_not_after_the_memory_is_old(self, frank):
        assert not read(frank).alerts
        run(frank, *personal.save_alert(WATCHES[0]))
        assert [alert.watch for alert in read(frank).alerts] == [WATCHES[0]]
        run(frank, personal.delete_alert(WATCHES[0]))
        assert not read(frank).alerts

    def test_that_differ_in_the_amount_alone_replace_each_other(self, frank):
        watch = Watch({"country": "DE"}, 7, "below", Decimal(5))
        others = [
            Watch({"country": "DE"}, 30, "below", Decimal(5)),
            Watch({"country": "DE"}, 7, "above", Decimal(5)),
            Watch({}, 7, "below", Decimal(5)),
        ]
        dearer = Watch({"country": "DE"}, 7, "below", Decimal(6))
        for each in (watch, *others, dearer):
            run(frank, *personal.save_alert(each))
        found = [alert.watch for alert in read(frank).alerts]
        assert sorted(found, key=str) == sorted([*others, dearer], key=str)
        assert dearer.replaces(watch)
        assert not any(watch.replaces(other) for other in others)

    def test_are_counted_where_they_hold_and_those_come_first(self, frank):
        for watch in WATCHES:
            run(frank, *personal.save_alert(watch))
        found = read(frank)
        holds = [alert.holds for alert in found.alerts]
        assert holds == sorted(holds, reverse=True)
        assert found.holding == sum(holds)

    def test_end_with_yesterday(self):
        assert personal.parameters(TODAY)["watched_day_after"] == TODAY


def _sales(product, user, watch):
    """The same figure, counted by a statement of its own."""
    columns = {
        "region": "region_code",
        "category": "category",
        "country": "country",
        "product": "product_name",
    }
    terms = [f"{columns[name]} = '{value}'" for name, value in watch.scope.items() if name != "place"]
    if "place" in watch.scope:
        city, country = watch.scope["place"].split(", ")
        terms.append(f"city = '{city}' AND country = '{country}'")
    first = TODAY - timedelta(days=watch.days)
    days = f"\"timestamp\" >= '{first}' AND \"timestamp\" < '{TODAY}'"
    statement = (
        f"SELECT SUM(quantity * sales_price) FROM public.sales_data WHERE {' AND '.join([days, *terms])}"
    )
    ((total,),) = (row.values() for row in product.execute(statement, user=user).table.to_pylist())
    return Decimal(0) if total is None else total


class TestWhatOthersWrite:
    """Row-level security does not hold for INSERT: anybody can put a row into another's list."""

    @pytest.mark.parametrize(
        "row",
        [
            {"page": "//example.com"},
            {"page": "overview/../auth/sign-out"},
            {"page": "javascript:alert(1)"},
            {"page": ""},
            {"address": "https://example.com/?"},
            {"address": ""},
            {"address": "?" + "&".join(["country=DE"] * 150) + "&a=b" * 60},
            {"name": ""},
            {"name": " "},
            {"name": "x" * 101},
            {"name": "a\nb"},
            {"name": "a\u202eb"},
        ],
        ids=str,
    )
    def test_is_no_view_unless_this_app_could_have_written_it(self, frank, product, row):
        usual = {"name": "Planted", "page": "overview", "address": "?period=7d"}
        plant(product, USERS["Ming Apac"], "saved_views", **usual | row)
        found, more = read(frank).views(PAGES, TODAY)
        if len(row.get("address", "")) > 1000:
            assert found[0].choice == Choice().keeping("country", ["DE"])
        else:
            assert not found
            assert more

    def test_leads_nowhere_but_to_our_own_pages(self, frank, product):
        address = (
            "?period=7d&next=https://example.com&shared=1&country=DE&country=%00&least=1e9&x=" + "y" * 500
        )
        plant(product, USERS["Ming Apac"], "saved_views", name="<b>*x*</b>", page="cities", address=address)
        view = views_of(frank)["<b>*x*</b>"]
        assert personal.link(view.page, view.choice) == "/cities?period=7d&country=DE"

    @pytest.mark.parametrize(
        "row",
        [
            {"days": 0},
            {"days": 100_000},
            {"days": -2_000_000_000},
            {"direction": "up"},
            {"direction": ""},
            {"threshold": "0.00"},
            {"threshold": "-1.00"},
            {"threshold": "9999999999999999.99"},
            {"country": ""},
            {"product": "a\nb"},
        ],
        ids=str,
    )
    def test_is_no_alert_unless_this_app_could_have_written_it(self, frank, product, row):
        plant_alert(product, **row)
        found = read(frank)
        assert not found.alerts
        assert found.more_alerts

    def test_is_bounded(self, frank, product):
        for number in range(personal.MOST_ALERTS + 4):
            plant_alert(product, category=f"Category {number}")
        found = read(frank)
        assert len(found.alerts) == personal.MOST_ALERTS
        assert found.more_alerts

    def test_is_deleted_like_what_is_ones_own(self, frank, product):
        plant_alert(product, category="'; DROP TABLE rowlight.alerts; --", place="O'Hara, PE")
        (alert,) = read(frank).alerts
        run(frank, personal.delete_alert(alert.watch))
        assert not read(frank).alerts
        plant_alert(product, days=3)
        run(frank, personal.DELETE_ALL_ALERTS)
        assert not read(frank).more_alerts

    @pytest.mark.parametrize(
        "name", ["'; DROP TABLE rowlight.saved_views; --", ":page", "<script>", "日本 👩‍🚀"]
    )
    def test_names_are_values(self, frank, name):
        run(frank, *personal.save_view(name, "overview", Choice()))
        assert [*views_of(frank)] == [name]
        run(frank, personal.delete_view(name))
        assert not views_of(frank)


TEXTS = st.none() | st.text(max_size=120) | st.sampled_from(["overview", "?period=7d", "DE", "below"])
ALERTS = st.tuples(
    *[TEXTS] * len(DIMENSIONS),
    st.none() | st.integers(-(2**31), 2**31 - 1) | st.sampled_from(personal.DAYS),
    TEXTS | st.sampled_from(personal.DIRECTIONS),
    st.none() | st.decimals(-(10**15), 10**15, places=2),
    st.none() | st.decimals(-(10**15), 10**15, places=2),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4), st.lists(ALERTS, max_size=4))
def test_whatever_is_in_the_tables_is_read_as_what_this_app_could_have_written_or_not_at_all(views, alerts):
    names = ("my_name", "my_page", "my_address")
    columns = (*(f"my_{name}" for name in DIMENSIONS), "my_days", "my_direction", "my_threshold", "my_sales")
    kinds = [pa.string()] * 5 + [pa.int32(), pa.string(), pa.decimal128(18, 2), pa.decimal128(38, 2)]
    panels = Panels(
        {
            "my_views": pa.table(
                [pa.array([v[n] for v in views], pa.string()) for n in range(3)], names=names
            ),
            "my_alerts": pa.table(
                [pa.array([a[n] for a in alerts], kind) for n, kind in enumerate(kinds)], names=columns
            ),
        },
        frozenset(),
    )
    found = personal.read(panels)
    for alert in found.alerts:
        watch = alert.watch
        assert watch.days in personal.DAYS
        assert watch.direction in personal.DIRECTIONS
        assert 0 < watch.threshold < 10**12
        assert personal.scope_of(Filters(TODAY, TODAY, {k: (v,) for k, v in watch.scope.items()})) == (
            dict(watch.scope),
            (),
        )
        personal.delete_alert(watch)
        assert personal.said(alert, ENGLISH)
    for view in found.views(PAGES, TODAY)[0]:
        assert personal.is_name(view.name)
        assert personal.link(view.page, view.choice).startswith(f"/{view.page}")
        personal.delete_view(view.name)


class TestWords:
    @pytest.mark.parametrize(
        ("watch", "sales", "said"),
        [
            (
                Watch({"country": "DE"}, 7, "below", Decimal(15000)),
                "12345.60",
                "Germany, last 7 days: $12.3k, below $15k",
            ),
            (
                Watch({}, 30, "below", Decimal(15000)),
                "17000",
                "All sales, last 30 days: $17.0k, not below $15k",
            ),
            (
                Watch({"category": "Cycling", "country": "US"}, 7, "above", Decimal("15000.50")),
                "15000.49",
                "United States · Cycling, last 7 days: $15,000.49, not above $15,000.50",
            ),
            (Watch({"country": "ZZ9"}, 7, "below", Decimal(5)), "0", "ZZ9, last 7 days: $0.00, below $5.00"),
        ],
    )
    def test_say_what_is_and_what_was_asked(self, watch, sales, said):
        assert personal.said(Alert(watch, Decimal(sales)), ENGLISH) == said

    def test_several_values_of_a_filter_are_no_scope(self):
        chosen = Choice().keeping("country", ["DE", "FR"]).keeping("category", ["Cycling"])
        assert personal.scope_of(chosen.filters(TODAY)) == ({"category": "Cycling"}, ("country",))

    def test_a_choice_that_no_address_can_say_is_not_whole(self):
        many = Choice().keeping("product", [f"Product {number:090}" for number in range(30)])
        assert not personal.is_whole(many)
        assert personal.is_whole(GERMANY)
        assert personal.is_whole(Choice())

    def test_a_link_for_others_says_so(self):
        assert personal.link("", GERMANY, shared=True) == "/?country=DE&shared=1"
        assert personal.link("cities", Choice()) == "/cities"


class TestAmounts:
    @pytest.mark.parametrize(
        ("text", "locale", "amount"),
        [
            ("15000", "en-US", "15000.00"),
            ("15,000.50", "en-US", "15000.50"),
            (" $ 15k ", "en-US", "15000.00"),
            ("1.5M", "en-US", "1500000.00"),
            ("15.000", "de-DE", "15000.00"),
            ("15.000,50 $", "de-DE", "15000.50"),
            ("1,5m", "de-DE", "1500000.00"),
            ("15\u202f000,5", "fr-FR", "15000.50"),
            ("15 000", "fr-FR", "15000.00"),
            ("1,50,000", "en-IN", "150000.00"),
        ],
    )
    def test_as_the_reader_writes_them(self, text, locale, amount):
        assert personal.amount(text, marks(locale)) == Decimal(amount)

    @pytest.mark.parametrize(
        "text",
        ["", "0", "-5", "x", "1.5.0", "15,00", "1e9", "NaN", "9" * 13, "٣", "1_000", "5 k k", "$", "1.505"],
    )
    def test_or_none(self, text):
        assert personal.amount(text, ENGLISH) is None

    @settings(max_examples=60)
    @given(
        st.decimals("0.01", "999999999.99", places=2),
        st.sampled_from(["en-US", "de-DE", "fr-FR", "en-IN", "de-CH", "sv-SE", "pt-BR", "ar-EG", "ja-JP"]),
        st.sampled_from(["USD", "EUR", "CHF", "SEK"]),
    )
    def test_what_we_write_we_read(self, value, locale, currency):
        read_by = marks(locale, currency)

        assert personal.amount(money(value, read_by), read_by) == value

    @settings(max_examples=60)
    @given(st.text(max_size=60), st.sampled_from(["en-US", "de-CH", "fr-FR"]))
    def test_any_text_is_an_amount_or_none(self, text, locale):
        found = personal.amount(text, marks(locale))
        assert found is None or 0 < found < 10**12
