"""Warehouses that show Frank the same and hide different things from him, and one that never held any.

Whatever Frank asks, those that hide must say the same, and never a planted word; where an answer is certain,
it is that of the warehouse that never held more. What the first hides also raises: a condition that reached
it would fail there, and only there. The second hides many harmless rows.
"""

import functools
import json

from infra.local.warehouse import DbUser, Redshift, SqlError

ADMIN = DbUser("admin", superuser=True)
FRANK = DbUser("AWSIDC:frank@example.com", frozenset({"amer-sales"}))
OTHER = DbUser("AWSIDC:olga@example.com", frozenset({"exec-global"}))

# Words and numbers that stand only where Frank may not look; some of them in the names of things.
PLANTED = (
    *("Zanzibar", "Zagreb", "hush", "whisper", "Quetzal", "424242", "987654", "77777", "4532993817514842"),
    *("5243112427642649", "quetzal@secret", "xylophone"),
)
INTERNAL = ("t10", "CTE", "DECIMAL(", "LINE 1", "read_", "duckdb", "DuckDB", "rowid", "::", "/work", "/tmp")  # noqa: S108

# id, region, city, amount, balance, price, day, code, note, doc, pattern, zone
_SEEN = [
    (1, "AMER", "Lima", 1, 4, "1.50", "2024-01-31", "10", "first note", '{"a": 1}', "[a-z]+", "UTC"),
    (2, "AMER", "Lima", 2, 9, "2.25", "2024-02-29", "20", "second note", '{"a": 2}', "[0-9]+", "UTC"),
    (3, "AMER", "Cusco", 7, 16, "9.75", "2024-03-31", "30", "third note", '{"a": 3}', "note", "UTC"),
    (4, "AMER", "Quito", 7, 1, "0.25", "2024-12-31", "40", "fourth note", '{"a": 4}', "t", "UTC"),
    (5, "AMER", None, 3, 25, "3.00", None, None, "", None, None, None),
]
_UNSEEN = [
    (101, "ASIA", "Zanzibar", 5, -1, "999.99", "not-a-day", "hush", "whisper", "{not json", "(", "Mars"),
    (102, "ASIA", "Zagreb", 424242, 0, "987654.32", "2024-02-30", "x7", "Quetzal", "[", "[", "Nowhere"),
    (103, "EURO", "Zanzibar", -77777, -9, "77777.00", "31/31/31", "", "hush", "{", "*", ""),
    (104, "EURO", "Lima", 2147483647, 10000, "42.42", "9999-99-99", "1e999", "xylophone", "'", ")", "UTC+99"),
]
ORDERS = """
CREATE TABLE orders (
    id INT, region VARCHAR(10), city VARCHAR(20), amount INT, balance INT, price DECIMAL(10,2),
    day VARCHAR(10), code VARCHAR(10), note VARCHAR(40), doc VARCHAR(20), pattern VARCHAR(10),
    zone VARCHAR(10)
)
"""
# id, name, card, salary, email; Frank sees the second row of values of each
_PEOPLE = [
    ((1, "Ann", "4532993817514842", 424242, "quetzal@secret.example"), ("XXXX4842", 0, None)),
    ((2, "Ben", "5243112427642649", 987654, "hush@secret.example"), ("XXXX2649", 0, None)),
    ((3, "Cid", "6011720771830000", 77777, "whisper@secret.example"), ("XXXX0000", 0, None)),
    ((4, "Dee", None, None, None), (None, None, None)),
]
_COMMON = """
CREATE TABLE regions (name VARCHAR(10), label VARCHAR(20));
INSERT INTO regions VALUES ('AMER', 'Americas'), ('ASIA', 'Asia'), ('EURO', 'Europe');
CREATE TABLE mine (id INT, word VARCHAR(100));
CREATE TABLE people (id INT, name VARCHAR(20), card VARCHAR(16), salary INT, email VARCHAR(40));
CREATE TABLE staff (id INT, name VARCHAR(20), wage INT, memo VARCHAR(20));
CREATE TABLE secrets (word VARCHAR(20), number INT);
CREATE SCHEMA vault;
CREATE TABLE vault.papers (word VARCHAR(20));
CREATE TABLE ledger (id INT, amount INT, word VARCHAR(20));
CREATE VIEW cheap AS SELECT id, amount, word FROM ledger WHERE amount < 10;
CREATE TABLE log (line VARCHAR(100) NOT NULL);
CREATE ROLE "AWSIDC:amer-sales";
CREATE ROLE "AWSIDC:exec-global";
CREATE ROLE auditor;
CREATE VIEW orders_view AS SELECT * FROM orders;
CREATE VIEW lima AS SELECT id, region, amount, note FROM orders WHERE city = 'Lima';
CREATE VIEW orders_late AS SELECT * FROM public.orders WITH NO SCHEMA BINDING;
CREATE VIEW people_view AS SELECT id, name, card, salary, email FROM people;
CREATE VIEW cards AS SELECT card AS c, count(*) AS n FROM people GROUP BY card;
CREATE VIEW secret_view AS SELECT * FROM secrets;
CREATE VIEW secret_count AS SELECT count(*) AS n FROM secrets WHERE number > 0;
CREATE VIEW vault.paper_view AS SELECT * FROM vault.papers;
CREATE MATERIALIZED VIEW region_names AS SELECT name, label FROM regions;
CREATE MATERIALIZED VIEW secret_words AS SELECT word FROM secrets;
GRANT SELECT ON orders, regions, people, orders_view, lima, orders_late, people_view, cards, secret_count,
    region_names, cheap TO ROLE "AWSIDC:amer-sales";
GRANT SELECT, INSERT, UPDATE, DELETE ON mine TO ROLE "AWSIDC:amer-sales";
GRANT INSERT ON log TO ROLE "AWSIDC:amer-sales";
GRANT SELECT (id, name) ON staff TO ROLE "AWSIDC:amer-sales";
GRANT UPDATE, INSERT, DELETE ON orders, people TO ROLE "AWSIDC:amer-sales";
GRANT SELECT ON vault.papers TO ROLE "AWSIDC:amer-sales";
GRANT SELECT ON vault.paper_view TO ROLE "AWSIDC:amer-sales"
"""
# Documents: what Frank may see, and what is hidden.
_FILES = """
CREATE TABLE files (id INT, region VARCHAR(10), body SUPER);
INSERT INTO files SELECT 1, 'AMER', json_parse('{"word": "one", "n": 1, "items": [{"a": 1}, {"a": 2}]}');
INSERT INTO files SELECT 2, 'AMER', json_parse('{"word": "two", "n": 2, "items": []}');
GRANT SELECT ON files TO ROLE "AWSIDC:amer-sales"
"""
_HIDDEN_FILES = """
INSERT INTO files
    SELECT 101, 'ASIA', json_parse('{{"word": "{0}", "n": "x{0}", "items": [{{"a": "{0}"}}, 5]}}');
INSERT INTO files SELECT 102, 'EURO', json_parse('["{0}"]');
CREATE RLS POLICY own_files WITH (region VARCHAR(10)) USING (region = 'AMER');
ATTACH RLS POLICY own_files ON files TO ROLE "AWSIDC:amer-sales";
ALTER TABLE files ROW LEVEL SECURITY ON
"""
# Hidden rows that raise nothing, in numbers.
_MANY = {
    "orders": """
        INSERT INTO orders
        SELECT a.id + b.id, 'EURO', 'Oslo', 1, 1, 1, '2024-01-01', '1', 'plain', '{}', 'a', 'UTC'
        FROM orders a, orders b, orders c, orders d WHERE b.city IS NOT NULL
    """,
    "ledger": "INSERT INTO ledger SELECT 9, 10, '30' FROM orders",
}
# What bounds Frank.
_BOUNDS = """
CREATE RLS POLICY own_region WITH (region VARCHAR(10)) USING (region = 'AMER');
ATTACH RLS POLICY own_region ON orders TO ROLE "AWSIDC:amer-sales";
ALTER TABLE orders ROW LEVEL SECURITY ON;
GRANT IGNORE RLS TO ROLE "AWSIDC:exec-global";
CREATE MASKING POLICY last_four WITH (card VARCHAR(16)) USING (('XXXX' || right(card, 4))::VARCHAR(16));
CREATE MASKING POLICY nought WITH (salary INT) USING (CASE WHEN salary IS NULL THEN NULL ELSE 0 END);
CREATE MASKING POLICY nothing WITH (email VARCHAR(40)) USING (NULL::VARCHAR(40));
ATTACH MASKING POLICY last_four ON people(card) TO ROLE "AWSIDC:amer-sales" PRIORITY 5;
ATTACH MASKING POLICY nought ON people(salary) TO ROLE "AWSIDC:amer-sales" PRIORITY 5;
ATTACH MASKING POLICY nothing ON people(email) TO ROLE "AWSIDC:amer-sales" PRIORITY 5
"""


def values(rows):
    """The rows as VALUES of Redshift's SQL."""

    def literal(value):
        if value is None:
            return "NULL"
        return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"

    return ", ".join(f"({', '.join(map(literal, row))})" for row in rows)


def script(redshift, text, user=ADMIN):
    for statement in text.split(";"):
        if statement.strip():
            redshift.execute(statement, user=user)


def build(kind):
    """The warehouse that hides what is planted, that hides something else, or that is bare of all that."""
    redshift = Redshift()
    redshift.execute(ORDERS, user=ADMIN)
    script(redshift, _COMMON)
    fill(redshift, kind, *_rows(kind))
    redshift.execute("REFRESH MATERIALIZED VIEW secret_words", user=ADMIN)
    script(redshift, _FILES)
    if kind != "bare":
        script(redshift, _BOUNDS)
        script(redshift, _HIDDEN_FILES.format({"planted": "hush", "other": "plain"}[kind]))
    for user in (FRANK, OTHER):
        redshift.execute("SELECT 1", user=user)
    return redshift


def fill(redshift, kind, *tables):
    """Gives the tables the rows that they have at first."""
    for table in tables:
        rows = _rows(kind)[table]
        redshift.execute(f"TRUNCATE {table}", user=ADMIN)
        if rows:
            redshift.execute(f"INSERT INTO {table} VALUES {values(rows)}", user=ADMIN)
        if table in _MANY and kind == "other":
            redshift.execute(_MANY[table], user=ADMIN)


def _rows(kind):
    secret, number = {"planted": ("hush", 424242), "other": ("plain", 5), "bare": ("gone", 1)}[kind]
    true = {"planted": lambda p: p[0], "bare": lambda p: (*p[0][:2], *p[1]), "other": _otherwise}[kind]
    return {
        "orders": _SEEN + (_UNSEEN if kind == "planted" else []),
        "people": [true(person) for person in _PEOPLE],
        "mine": [(1, "Lima"), (2, "Zug")],
        "log": [],
        "staff": [(1, "Ann", number, secret), (2, "Ben", number + 1, secret)],
        "secrets": [(secret, number)],
        "vault.papers": [(secret,)],
        # The view over it hides its dear rows from whoever may read the view alone.
        "ledger": [(1, 1, "10"), (2, 2, "20")]
        + ([(3, 77777, "hush"), (4, 424242, "")] if kind == "planted" else []),
    }


def _otherwise(person):
    """Other true values that the masks make the same of."""
    (number, name, card, salary, _), (_, masked, _) = person[0], person[1]
    return number, name, card and "9" + card[1:], salary and 3, "plain@example.com" if masked == 0 else None


@functools.cache
def shared(kind):
    """A warehouse for statements that change nothing."""
    return build(kind)


def outcome(redshift, sql, *, user=FRANK, parameters=None, session=None):
    """What the user is told: rows and their columns, a count, or an error."""
    try:
        result = redshift.execute(sql, user=user, parameters=parameters, session=session)
    except SqlError as error:
        return "error", error.sqlstate, error.message
    if not result.has_result_set:
        return "changed", result.affected_rows
    columns = [(column.name, column.type_name, column.scale) for column in result.columns]
    return "rows", columns, json.dumps(result.table.to_pydict(), default=str)


def told(said, sql):
    """The planted words, and what is nobody's to know, that were said though the statement did not."""
    text = json.dumps(said, default=str)
    internal = INTERNAL if said[0] == "error" else ()
    return [word for word in (*PLANTED, *internal) if word in text and word not in sql]


def agreed(sql, *, warehouses=None, **more):
    """What Frank is told, whatever is hidden from him; it betrays nothing of that."""
    first, second = warehouses or (shared("planted"), shared("other"))
    said = outcome(first, sql, **more)
    assert not told(said, sql), said
    assert outcome(second, sql, **more) == said
    return said


def assert_answered(sql, **more):
    """Frank gets an answer, and it is that of the warehouse without what is hidden."""
    said = outcome(shared("planted"), sql, **more)
    assert said[0] == "rows", said
    assert not told(said, sql), said
    assert outcome(shared("bare"), sql, **more) == said


def assert_refused(sql, sqlstate, **more):
    """Frank is refused by the code, in words that betray nothing."""
    said = outcome(shared("planted"), sql, **more)
    assert said[:2] == ("error", sqlstate), said
    assert not told(said, sql), said
    assert shared("planted")._duckdb.storage not in said[2]
