"""COPY: formats, options, NULL and '', and loads that fail whole."""

# ruff: noqa: DTZ001 - Redshift's TIMESTAMP has no zone

import gzip
import io
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.local.warehouse import Redshift, SqlError
from tests.infra.local.warehouse.conftest import ADMIN, run

TABLE = "CREATE TABLE t (i INT, d DECIMAL(10,2), s VARCHAR(5), w TIMESTAMP, b BOOLEAN, y DATE NOT NULL)"
LINE = "1,2.50,abc,2024-01-02 03:04:05,t,2024-01-02\n"
ROW = (1, Decimal("2.50"), "abc", datetime(2024, 1, 2, 3, 4, 5), True, date(2024, 1, 2))
FAILED = "Load into table 't' failed. Check 'sys_load_error_detail' system table for details."


def loaded(body, options="CSV", source="s3://bucket/key", create=TABLE, target="t"):
    asked = []
    objects = body if isinstance(body, dict) else {"key": body}

    def read_object(bucket, prefix, *_):
        asked.append((bucket, prefix))
        return [
            (k, v if isinstance(v, bytes) else v.encode()) for k, v in objects.items() if k.startswith(prefix)
        ]

    redshift = Redshift(read_object=read_object)
    run(redshift, create)
    try:
        result = redshift.execute(f"COPY {target} FROM '{source}' IAM_ROLE default {options}", user=ADMIN)
    finally:
        rows = redshift.execute("SELECT * FROM t", user=ADMIN).table
    assert asked == [("bucket", source.removeprefix("s3://bucket/"))]
    assert result.affected_rows == rows.num_rows
    return [tuple(row.values()) for row in rows.to_pylist()]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (LINE, "CSV"),
        (LINE, "FORMAT CSV"),
        (LINE, "FORMAT AS CSV"),
        ("header\n" + LINE, "CSV IGNOREHEADER 1"),
        ("header\n" + LINE, "CSV IGNOREHEADER AS 1 TIMEFORMAT AS 'auto' REGION 'us-east-1' COMPUPDATE OFF"),
        (LINE.replace(",", "|"), "CSV DELIMITER '|'"),
        (LINE.replace("abc", "'abc'"), "CSV QUOTE AS ''''"),
        (LINE.replace("abc", '"abc"'), "CSV"),
        (LINE.replace("2024-01-02 03:04:05", "2024-01-02T03:04:05"), "CSV TIMEFORMAT 'auto'"),
        (
            LINE.replace("2024-01-02 03:04:05", "01/02/2024 03:04:05"),
            "CSV TIMEFORMAT 'MM/DD/YYYY HH24:MI:SS'",
        ),
    ],
)
def test_csv(text, options):
    assert loaded(text, options) == [ROW]


def test_gzip():
    assert loaded(gzip.compress(LINE.encode()), "CSV GZIP") == [ROW]


def test_every_object_under_the_prefix_is_loaded():
    assert loaded({"key/1": LINE, "key/2": LINE, "other": "x"}) == [ROW, ROW]


def test_null_is_not_the_empty_text():
    rows = loaded(
        "i,d,s,w,b,y\n,,,,,2024-01-02\n,,\\N,,,2024-01-02\n,,none,,,2024-01-02\n", "CSV IGNOREHEADER 1"
    )
    assert [row[:5] for row in rows] == [
        (None, None, "", None, None),
        (None, None, None, None, None),
        (None, None, "none", None, None),
    ]
    assert loaded(",,,,,2024-01-02\n", "CSV EMPTYASNULL")[0][2] is None
    assert loaded(",,none,,,2024-01-02\n", "CSV NULL AS 'none'")[0][2] is None


def test_a_quoted_value_may_hold_commas_quotes_and_line_ends():
    assert loaded('1,2.50,"a,""\n",2024-01-02 03:04:05,t,2024-01-02\n')[0][2] == 'a,"\n'


def test_columns_can_be_named_and_the_others_are_null():
    assert loaded("2024-01-02,7\n", target="t (y, i)") == [(7, None, None, None, None, date(2024, 1, 2))]


@pytest.mark.parametrize("options", ["PARQUET", "FORMAT AS PARQUET", "FORMAT PARQUET"])
def test_parquet(options):
    columns = [[1], [Decimal("2.5")], ["abc"], [datetime(2024, 1, 2, 3, 4, 5)], [True], [date(2024, 1, 2)]]
    body = io.BytesIO()
    pq.write_table(pa.table(columns, names=["I", "price", "s", "w", "b", "y"]), body)
    assert loaded(body.getvalue(), options) == [ROW]


@pytest.mark.parametrize(
    "line",
    [
        "x,2.50,abc,2024-01-02 03:04:05,t,2024-01-02\n",
        "1,x,abc,2024-01-02 03:04:05,t,2024-01-02\n",
        "1,2.50,abcdef,2024-01-02 03:04:05,t,2024-01-02\n",
        "1,2.50,ééé,2024-01-02 03:04:05,t,2024-01-02\n",
        "1,2.50,abc,yesterday,t,2024-01-02\n",
        "1,2.50,abc,2024-01-02 03:04:05,maybe,2024-01-02\n",
        "1,2.50,abc,2024-01-02 03:04:05,t,\n",
        "1,2.50\n",
        "99999999999,2.50,abc,2024-01-02 03:04:05,t,2024-01-02\n",
        b"\xff\xfe,2.50,abc,2024-01-02 03:04:05,t,2024-01-02\n",
    ],
)
def test_one_wrong_line_and_nothing_is_loaded(line):
    line = line if isinstance(line, bytes) else line.encode()
    redshift = Redshift(read_object=lambda _, key, *__: [(key, LINE.encode() * 5 + line)])
    run(redshift, TABLE)
    with pytest.raises(SqlError) as caught:
        redshift.execute("COPY t FROM 's3://bucket/key' IAM_ROLE default CSV", user=ADMIN)
    assert caught.value.message == f"ERROR: {FAILED}"
    assert redshift.execute("SELECT count(*) FROM t", user=ADMIN).table.to_pylist() == [{"count": 0}]


def test_broken_parquet_and_broken_gzip_fail_the_load():
    for options in ("PARQUET", "CSV GZIP"):
        with pytest.raises(SqlError, match="Load into table 't' failed"):
            loaded("not what it says", options)


def test_a_prefix_without_objects_does_not_exist():
    with pytest.raises(SqlError, match="The specified S3 prefix 'nothing/here' does not exist"):
        loaded(LINE, source="s3://bucket/nothing/here")


@pytest.mark.parametrize(
    ("statement", "sqlstate"),
    [
        ("COPY t FROM 's3://bucket/key' CSV", "42601"),
        ("COPY t FROM 's3://bucket/key' IAM_ROLE 'me' CSV", "42601"),
        ("COPY t FROM 's3://bucket/key' IAM_ROLE default", "0A000"),
        ("COPY t FROM 's3://bucket/key' IAM_ROLE default JSON 'auto'", "0A000"),
        ("COPY t FROM 's3://bucket/key' IAM_ROLE default CSV MAXERROR 5", "0A000"),
        ("COPY t FROM 's3://bucket/key' IAM_ROLE default CSV MANIFEST", "0A000"),
        ("COPY t FROM 's3://bucket/key' ACCESS_KEY_ID 'x' SECRET_ACCESS_KEY 'y' CSV", "0A000"),
        ("COPY t FROM '/etc/passwd' IAM_ROLE default CSV", "0A000"),
        ("COPY t FROM 'file:///etc/passwd' IAM_ROLE default CSV", "0A000"),
        ("COPY nothing FROM 's3://bucket/key' IAM_ROLE default CSV", "42P01"),
        ("COPY t (nothing) FROM 's3://bucket/key' IAM_ROLE default CSV", "42703"),
        ("COPY t TO 's3://bucket/key' IAM_ROLE default CSV", "42601"),
    ],
)
def test_other_sources_formats_and_options_are_refused(statement, sqlstate):
    redshift = Redshift(read_object=lambda _, key, *__: [(key, LINE.encode())])
    run(redshift, TABLE)
    with pytest.raises(SqlError) as caught:
        redshift.execute(statement, user=ADMIN)
    assert caught.value.sqlstate == sqlstate


def test_without_a_reader_there_is_no_bucket():
    redshift = Redshift()
    run(redshift, TABLE)
    with pytest.raises(SqlError, match="S3ServiceException"):
        redshift.execute("COPY t FROM 's3://bucket/key' IAM_ROLE default CSV", user=ADMIN)


def test_text_becomes_documents_in_a_super_column():
    create = "CREATE TABLE t (i INT, d SUPER)"
    body = '1,"{""a"": [1.50, null]}"\n2,\n3,"""x"""\n'
    assert loaded(body, create=create) == [(1, '{"a":[1.5,null]}'), (2, None), (3, '"x"')]
    for broken in ('1,"{"\n', "1,x\n", '1,"{""a"":1,""a"":2}"\n', '1,"[1,]"\n'):
        with pytest.raises(SqlError) as caught:
            loaded(broken, create=create)
        assert caught.value.message == f"ERROR: {FAILED}"
    with pytest.raises(SqlError) as caught:
        loaded("1,0.12345678901234567\n", create=create)
    assert caught.value.sqlstate == "0A000"
