"""INSERT, UPDATE and DELETE: no hidden row is changed, and neither a count nor an error tells of one."""

import pytest

from infra.local.warehouse import SqlError
from tests.infra.local.warehouse.access.hostile.world import ADMIN, FRANK, told

DENIED, UNSUPPORTED, SYNTAX, NO_COLUMN, NULL = "42501", "0A000", "42601", "42703", "23502"
CHANGES = "changed"

STATEMENTS = [
    # all rows, as far as he sees them
    ("DELETE FROM orders", CHANGES),
    ("DELETE FROM orders WHERE true", CHANGES),
    ("DELETE FROM orders WHERE region <> 'AMER'", CHANGES),
    ("DELETE FROM orders WHERE region = 'ASIA' OR id = 101", CHANGES),
    ("DELETE FROM orders WHERE NOT (region = 'AMER')", CHANGES),
    ("DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE region = 'EURO')", CHANGES),
    ("DELETE FROM orders WHERE id = (SELECT max(id) FROM orders)", CHANGES),
    ("DELETE FROM orders WHERE EXISTS (SELECT 1 FROM orders o WHERE o.city = 'Zanzibar')", CHANGES),
    ("DELETE FROM orders WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.region = 'ASIA')", CHANGES),
    ("DELETE FROM orders WHERE 1 / (amount - 5) IS NOT NULL", CHANGES),
    ("DELETE FROM orders WHERE code::INT > 0", CHANGES),
    ("DELETE FROM orders WHERE day::DATE > '2000-01-01'", CHANGES),
    ("DELETE FROM orders WHERE amount * 1000000 > 0", CHANGES),
    ("DELETE FROM orders WHERE sqrt(balance) >= 0", CHANGES),
    ("DELETE FROM orders WHERE CASE WHEN city = 'Zanzibar' THEN 1 / 0 ELSE 1 END = 1", CHANGES),
    ("DELETE FROM orders WHERE note ~ pattern", CHANGES),
    ("UPDATE orders SET note = 'mine'", CHANGES),
    ("UPDATE orders SET note = 'mine' WHERE region LIKE '%'", CHANGES),
    ("UPDATE orders SET note = 'mine' WHERE region = 'ASIA'", CHANGES),
    ("UPDATE orders SET note = 'mine' WHERE id > 100", CHANGES),
    ("UPDATE orders SET region = 'ASIA'", CHANGES),
    ("UPDATE orders SET region = NULL", CHANGES),
    ("UPDATE orders SET amount = 1 / (amount - 5)", CHANGES),
    ("UPDATE orders SET amount = amount * 1000000", CHANGES),
    ("UPDATE orders SET amount = code::INT", CHANGES),
    ("UPDATE orders SET amount = -amount * 2 WHERE id > 0", CHANGES),
    ("UPDATE orders SET price = price * 10000000", CHANGES),
    ("UPDATE orders SET note = day::DATE::VARCHAR", CHANGES),
    ("UPDATE orders SET note = note || note || note", CHANGES),
    ("UPDATE orders SET note = repeat(note, 3), city = upper(city)", CHANGES),
    ("UPDATE orders SET note = (SELECT max(city) FROM orders)", CHANGES),
    ("UPDATE orders SET note = (SELECT max(note) FROM orders WHERE region = 'ASIA')", CHANGES),
    ("UPDATE orders SET amount = (SELECT count(*) FROM orders)", CHANGES),
    ("UPDATE orders SET id = id + 100", CHANGES),
    ("INSERT INTO orders SELECT * FROM orders", CHANGES),
    (
        "INSERT INTO orders SELECT * FROM orders WHERE region <> 'AMER' OR 1 / (amount - 5) IS NOT NULL",
        CHANGES,
    ),
    ("INSERT INTO orders (id, region) VALUES (101, 'ASIA')", CHANGES),
    ("INSERT INTO mine SELECT id, city FROM orders", CHANGES),
    ("INSERT INTO mine SELECT amount, note FROM orders_view WHERE code::INT > 0", CHANGES),
    ("INSERT INTO mine SELECT id, note FROM lima", CHANGES),
    ("INSERT INTO mine SELECT id, word FROM cheap WHERE word::INT > 0", CHANGES),
    ("INSERT INTO mine SELECT count(*), max(city) FROM orders_late", CHANGES),
    ("INSERT INTO mine SELECT n, 'secrets' FROM secret_count", CHANGES),
    ("INSERT INTO mine (word) SELECT listagg(city, ',') WITHIN GROUP (ORDER BY id) FROM orders", CHANGES),
    ("INSERT INTO mine SELECT id, name FROM staff", CHANGES),
    ("INSERT INTO log SELECT note FROM orders WHERE note IS NOT NULL", CHANGES),
    ("UPDATE mine SET word = (SELECT max(city) FROM orders WHERE orders.id > mine.id)", CHANGES),
    ("UPDATE mine SET id = (SELECT count(*) FROM orders WHERE city = word)", CHANGES),
    ("DELETE FROM mine WHERE id IN (SELECT amount FROM orders WHERE 1 / (amount - 5) < 1)", CHANGES),
    ("DELETE FROM mine WHERE word IN (SELECT city FROM orders_view)", CHANGES),
    # constraints and lengths on hidden rows
    ("INSERT INTO log SELECT word FROM mine WHERE NULL", CHANGES),
    ("INSERT INTO log SELECT max(city) FROM orders WHERE region = 'ASIA'", NULL),
    ("INSERT INTO log VALUES (NULL)", NULL),
    ("INSERT INTO mine SELECT id, repeat(note, 20) FROM orders", "22001"),
    # what he may not read, or not write
    ("INSERT INTO mine SELECT number, word FROM secrets", DENIED),
    ("INSERT INTO mine SELECT 1, word FROM vault.papers", DENIED),
    ("INSERT INTO mine SELECT id, memo FROM staff", DENIED),
    ("INSERT INTO mine SELECT 1, line FROM log", DENIED),
    ("INSERT INTO mine SELECT 1, word FROM secret_view", DENIED),
    ("INSERT INTO secrets VALUES ('x', 1)", DENIED),
    ("INSERT INTO secrets SELECT * FROM secrets", DENIED),
    ("INSERT INTO vault.papers VALUES ('x')", DENIED),
    ("INSERT INTO staff VALUES (1, 'x', 1, 'x')", DENIED),
    ("INSERT INTO regions SELECT * FROM regions", DENIED),
    ("UPDATE mine SET word = (SELECT max(word) FROM secrets)", DENIED),
    ("UPDATE mine SET word = 'x' WHERE EXISTS (SELECT 1 FROM secrets)", DENIED),
    ("UPDATE mine SET word = 'x' WHERE id IN (SELECT wage FROM staff)", DENIED),
    ("UPDATE secrets SET word = 'x'", DENIED),
    ("UPDATE staff SET name = memo", DENIED),
    ("UPDATE staff SET wage = 1", DENIED),
    ("UPDATE regions SET label = 'x'", DENIED),
    ("UPDATE log SET line = 'x'", DENIED),
    ("DELETE FROM mine WHERE id IN (SELECT number FROM secrets)", DENIED),
    ("DELETE FROM secrets", DENIED),
    ("DELETE FROM secrets WHERE number = 424242", DENIED),
    ("DELETE FROM log", DENIED),
    ("DELETE FROM staff WHERE wage > 1", DENIED),
    ("DELETE FROM vault.papers", DENIED),
    ("DELETE FROM secret_words", DENIED),
    # forms that would reach rows by another way
    ("UPDATE orders SET rowid = 1", NO_COLUMN),
    ("DELETE FROM orders WHERE rowid = 6", NO_COLUMN),
    ("DELETE FROM orders WHERE orders.rowid > 0", NO_COLUMN),
    ("DELETE FROM orders RETURNING *", UNSUPPORTED),
    ("UPDATE orders SET note = 'x' RETURNING note", UNSUPPORTED),
    ("INSERT INTO mine VALUES (1, 'x') RETURNING *", UNSUPPORTED),
    ("INSERT INTO mine VALUES (1, 'x') ON CONFLICT DO NOTHING", UNSUPPORTED),
    ("INSERT OR REPLACE INTO mine VALUES (1, 'x')", UNSUPPORTED),
    ("INSERT OVERWRITE INTO mine VALUES (1, 'x')", UNSUPPORTED),
    ("INSERT INTO mine BY NAME SELECT 1 AS id", UNSUPPORTED),
    ("INSERT INTO mine VALUES ((SELECT max(number) FROM secrets), 'x')", UNSUPPORTED),
    ("INSERT INTO orders_view (id, region) VALUES (9, 'ASIA')", DENIED),
    ("DELETE FROM orders_view", DENIED),
    ("UPDATE orders_view SET note = 'x'", DENIED),
    ("UPDATE people_view SET name = card", DENIED),
    ("DELETE FROM region_names", DENIED),
    ("DELETE FROM (SELECT * FROM orders)", UNSUPPORTED),
    ("DELETE FROM t1", "42P01"),
    ("MERGE INTO mine USING secrets ON mine.id = secrets.number WHEN MATCHED THEN DELETE", UNSUPPORTED),
    ("TRUNCATE orders", DENIED),
    ("TRUNCATE TABLE secrets", DENIED),
    ("DELETE FROM mine; DELETE FROM secrets", SYNTAX),
]
_OWN = ("orders", "people", "mine")


@pytest.mark.parametrize(("sql", "expected"), STATEMENTS)
def test_a_change_reaches_and_tells_of_what_he_sees_alone(pair, sql, expected):
    hidden = "SELECT * FROM orders WHERE region <> 'AMER' AND id > 100 ORDER BY id"
    (before,) = pair[0].ask(hidden, user=ADMIN)
    first, second = (
        warehouse.ask(sql, *(f"SELECT * FROM {table} ORDER BY 1, 2" for table in _OWN)) for warehouse in pair
    )
    assert first == second
    assert not told(first[0], sql)
    assert expected in first[0][:2], first[0]
    if not any(part in sql for part in ("id + 100", "101, 'ASIA'")):
        assert pair[0].ask(hidden, user=ADMIN) == [before]


def test_a_row_that_was_moved_out_of_sight_is_out_of_reach(pair):
    said = pair[0].ask(
        "UPDATE orders SET region = 'ASIA' WHERE id = 1",
        "UPDATE orders SET region = 'AMER' WHERE id = 1",
        "DELETE FROM orders WHERE id = 1",
    )
    assert said == [(CHANGES, 1), (CHANGES, 0), (CHANGES, 0)]


@pytest.mark.parametrize("last", ["SELECT * FROM secrets", "SELECT 1 / 0", "DROP TABLE orders", "nonsense"])
def test_a_batch_that_fails_has_changed_nothing_and_tells_nothing(pair, last):
    redshift, session = pair[0].redshift, pair[0].session
    before = pair[0].ask("SELECT * FROM orders ORDER BY id", user=ADMIN)
    with pytest.raises(SqlError) as caught:
        redshift.execute_batch(["DELETE FROM orders", last], user=FRANK, session=session)
    assert not told(("error", caught.value.sqlstate, caught.value.message), last)
    assert pair[0].ask("SELECT * FROM orders ORDER BY id", user=ADMIN) == before
