"""The article's SQL, as it stands, and what each person then sees."""

from decimal import Decimal

import pytest

from infra.local.warehouse import DbUser, Redshift, SqlError
from tests.infra.local.warehouse.conftest import (
    ADMIN,
    ARTICLE,
    GRANTS,
    PEOPLE,
    PREFIXES,
    reader,
    run,
    sales_csv,
    sales_rows,
)


def expected(prefix):
    rows = list(sales_rows(prefix))
    return len(rows), sum(int(row[3]) * Decimal(row[4]) for row in rows)


def test_the_articles_statements_run_one_by_one():
    redshift = Redshift(read_object=reader(sales_csv()))
    affected = [redshift.execute(statement, user=ADMIN).affected_rows for statement in ARTICLE]
    assert affected[:2] == [0, 240]
    assert set(affected[2:]) == {0}


def test_the_articles_statements_run_as_one_batch():
    redshift = Redshift(read_object=reader(sales_csv()))
    results = redshift.execute_batch([*ARTICLE, *GRANTS.split(";")], user=ADMIN)
    assert results[1].affected_rows == 240
    rows = redshift.execute("SELECT DISTINCT timezone FROM sales_data", user=PEOPLE["ming"]).table
    assert rows.to_pylist() == [{"timezone": "Asia/Tokyo"}]


@pytest.mark.parametrize("name", PREFIXES)
def test_each_person_sees_their_region_and_nothing_else(shared, name):
    result = shared.execute(
        "SELECT count(*), sum(quantity * sales_price) AS sales, current_user FROM public.sales_data",
        user=PEOPLE[name],
    )
    count, sales = expected(PREFIXES[name])
    assert result.table.to_pylist() == [
        {"count": count, "sales": sales, "current_user": f"AWSIDC:{name}@example.com"}
    ]


@pytest.mark.parametrize("name", ["nora", "ada"])
def test_a_grant_is_needed_besides_a_policy(shared, name):
    with pytest.raises(SqlError, match="permission denied for relation sales_data") as caught:
        shared.execute("SELECT * FROM sales_data", user=PEOPLE[name])
    assert caught.value.sqlstate == "42501"


def test_nobody_sees_a_row_to_which_no_policy_of_theirs_applies(redshift):
    run(redshift, "GRANT SELECT ON sales_data TO PUBLIC")
    result = redshift.execute("SELECT count(*) FROM sales_data", user=PEOPLE["nora"])
    assert result.table.to_pylist() == [{"count": 0}]


@pytest.mark.parametrize(
    ("conjunction", "count"), [("", 0), ("CONJUNCTION TYPE AND", 0), ("CONJUNCTION TYPE OR", 144)]
)
def test_two_policies_combine_as_the_table_says(redshift, conjunction, count):
    run(redshift, f"ALTER TABLE sales_data ROW LEVEL SECURITY ON {conjunction}")
    user = DbUser("AWSIDC:both@example.com", frozenset({"amer-sales", "apac-sales"}))
    assert redshift.execute("SELECT count(*) FROM sales_data", user=user).table.to_pylist() == [
        {"count": count}
    ]


def test_two_people_at_once_see_each_their_own(shared, people):
    import threading

    found = {}

    def ask(name):
        found[name] = [
            shared.execute("SELECT DISTINCT left(timezone, 4) AS z FROM sales_data", user=people[name])
            .table.column("z")
            .to_pylist()
            for _ in range(25)
        ]

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("frank", "alex", "ming")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"frank": [["Amer"]] * 25, "alex": [["Euro"]] * 25, "ming": [["Asia"]] * 25}


def test_metadata_describes_stored_columns_and_expressions(shared):
    result = shared.execute(
        "SELECT City, sales_price, max(quantity), sum(sales_price) FROM sales_data GROUP BY 1, 2",
        user=PEOPLE["frank"],
    )
    described = [(c.name, c.type_name, c.precision, c.scale, c.table_name) for c in result.columns]
    assert described == [
        ("city", "varchar", 100, 0, "sales_data"),
        ("sales_price", "numeric", 10, 2, "sales_data"),
        ("max", "int4", 10, 0, ""),
        ("sum", "numeric", 38, 2, ""),
    ]
    assert result.has_result_set
