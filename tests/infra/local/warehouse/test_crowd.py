"""Fifty people at once, while policies and rows change: every answer is its asker's own."""

from concurrent.futures import ThreadPoolExecutor

from infra.local.warehouse import DbUser, Redshift

ADMIN = DbUser("admin", superuser=True)
REGIONS = ("amer", "emea", "apac")
PEOPLE = 50
QUESTIONS = (
    "SELECT region, count(*) AS n, min(token) AS t FROM orders GROUP BY region",
    "WITH o AS (SELECT * FROM orders) SELECT region, count(*) AS n, min(token) AS t FROM o GROUP BY 1",
    "SELECT region, count(*) AS n, min(token) AS t FROM seen GROUP BY region",
    "SELECT a.region, count(*) AS n, min(a.token) AS t FROM orders a JOIN orders b ON a.id = b.id GROUP BY 1",
)


def prepared():
    redshift = Redshift()
    for sql in (
        "CREATE TABLE orders (id INT, region VARCHAR(4), token VARCHAR(8))",
        "INSERT INTO orders VALUES " + ", ".join(f"({n}, '{REGIONS[n % 3]}', 'open{n}')" for n in range(30)),
        "CREATE VIEW seen AS SELECT * FROM orders",
        "CREATE MASKING POLICY hidden WITH (token VARCHAR(8)) USING ('masked'::VARCHAR(8))",
        "ALTER TABLE orders ROW LEVEL SECURITY ON",
        *(
            statement
            for region in REGIONS
            for statement in (
                f'CREATE ROLE "AWSIDC:{region}"',
                f'GRANT SELECT ON orders, seen TO ROLE "AWSIDC:{region}"',
                f"CREATE RLS POLICY {region} WITH (region VARCHAR(4)) USING (region = '{region}')",
                f'ATTACH RLS POLICY {region} ON orders TO ROLE "AWSIDC:{region}"',
                f'ATTACH MASKING POLICY hidden ON orders (token) TO ROLE "AWSIDC:{region}"',
            )
        ),
    ):
        redshift.execute(sql, user=ADMIN)
    return redshift


def test_every_answer_is_the_askers_own_whatever_changes_meanwhile():
    redshift = prepared()
    people = [DbUser(f"AWSIDC:{n}@example.com", groups=frozenset({REGIONS[n % 3]})) for n in range(PEOPLE)]

    def ask(number):
        person = people[number % PEOPLE]
        rows = redshift.execute(QUESTIONS[number % len(QUESTIONS)], user=person).table.to_pylist()
        return set(person.groups), rows

    def change(number):
        if number % 2:
            row = f"({100 + number}, '{REGIONS[number % 3]}', 'open')"
            redshift.execute(f"INSERT INTO orders VALUES {row}", user=ADMIN)
        else:
            redshift.execute_batch(
                [
                    'DETACH RLS POLICY amer ON orders FROM ROLE "AWSIDC:amer"',
                    'ATTACH RLS POLICY amer ON orders TO ROLE "AWSIDC:amer"',
                ],
                user=ADMIN,
            )

    with ThreadPoolExecutor(PEOPLE) as pool:
        answers = [pool.submit(ask, number) for number in range(4 * PEOPLE)]
        changes = [pool.submit(change, number) for number in range(20)]
        for each in changes:
            each.result()
        found = [each.result() for each in answers]
    for groups, rows in found:
        (row,) = rows
        assert {row["region"]} == groups
        assert row["t"] == "masked"
        assert row["n"] >= 10
