"""What Explore shows of any answer: rows to the last digit, bounded charts, names as SQL has them."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.redshift.read_only import read_only
from app.redshift.table import Table, Timings
from app.views.explore import desk, history, names, plot, rows
from app.views.formats import ENGLISH
from app.views.palette import LIGHT

MOMENT = datetime(2024, 2, 29, 23, 59, 1, tzinfo=UTC)
PLAIN = MOMENT.replace(tzinfo=None)
ANY_NAME = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


class TestRows:
    def test_numbers_keep_every_digit(self):
        columns = pa.table(
            {
                "short": pa.array([Decimal("1234567890123.25"), None], pa.decimal128(38, 2)),
                "long": pa.array([Decimal("12345678901234567890.12"), Decimal("0.10")], pa.decimal128(38, 2)),
                "safe": pa.array([2**53 - 1, None], pa.int64()),
                "large": pa.array([2**53 + 1, 1], pa.int64()),
                "float": pa.array([1.5, None], pa.float64()),
            }
        )
        found = rows.shown(columns)
        assert found.places == {"short": 2}
        assert found.rows.to_pylist() == [
            {
                "short": 1234567890123.25,
                "long": "12345678901234567890.12",
                "safe": 2**53 - 1,
                "large": "9007199254740993",
                "float": 1.5,
            },
            {"short": None, "long": "0.10", "safe": None, "large": "1", "float": None},
        ]

    @pytest.mark.parametrize("odd", [1e20, float("inf"), float("nan")])
    def test_numbers_that_a_grid_cannot_write_are_text(self, odd):
        found = rows.shown(pa.table({"n": pa.array([odd, 0.5, None])})).rows["n"].to_pylist()
        assert found == [str(odd), "0.5", None] or found == ["1e+20", "0.5", None]

    def test_a_number_of_four_bytes_is_the_number_that_was_written(self):
        columns = pa.table({"n": pa.array([0.1, 2 / 3], pa.float32())})
        assert rows.shown(columns).rows["n"].to_pylist() == [0.1, 0.6666667]

    def test_moments_are_written_as_the_warehouse_has_them(self):
        columns = pa.table(
            {
                "day": pa.array([date(2024, 2, 29)]),
                "at": pa.array([PLAIN], pa.timestamp("us")),
                "exact": pa.array([PLAIN.replace(microsecond=20)], pa.timestamp("us")),
                "zoned": pa.array([MOMENT], pa.timestamp("us", tz="UTC")),
            }
        )
        assert rows.shown(columns).rows.to_pylist() == [
            {
                "day": "2024-02-29",
                "at": "2024-02-29 23:59:01",
                "exact": "2024-02-29 23:59:01.000020",
                "zoned": "2024-02-29 23:59:01Z",
            }
        ]

    @given(st.lists(ANY_NAME, max_size=9))
    def test_columns_whose_names_repeat_are_told_apart(self, given_names):
        found = rows.unique(given_names)
        assert len(set(found)) == len(given_names)
        assert all(found)

    def test_columns_of_one_name_are_both_there(self):
        columns = pa.Table.from_arrays([pa.array([1]), pa.array(["a"])], names=["x", "x"])
        assert rows.shown(columns).rows.to_pydict() == {"x": [1], "x (2)": ["a"]}

    def test_a_grid_gets_so_many_rows_and_bytes(self):
        many = pa.table({"n": pa.array(range(rows.MOST_ROWS + 5))})
        assert rows.shown(many).rows.num_rows == rows.MOST_ROWS
        wide = pa.table({"text": ["x" * 50_000] * 1_000})
        found = rows.shown(wide).rows
        assert 0 < found.num_rows < 200
        assert found.nbytes <= rows.MOST_BYTES

    def test_a_tab_holds_on_to_so_much_and_says_that_there_was_more(self):
        columns = pa.table({"text": ["x" * 50_000] * 1_000})
        table = Table(columns, False, "id", 1.0, Timings(1, 0, 0), MOMENT)
        found = rows.kept(table)
        assert found.truncated
        assert 0 < found.columns.get_total_buffer_size() <= rows.MOST_KEPT_MB << 20
        small = rows.kept(found)
        assert small is found

    def test_no_rows_are_no_rows(self):
        assert rows.shown(pa.table({"n": pa.array([], pa.decimal128(10, 2))})).rows.num_rows == 0


def spec(columns, across, up, kind):
    return plot.spec(columns, across, up, kind, colours=LIGHT, marks=ENGLISH)


class TestPlot:
    def test_time_is_a_line_words_are_bars_and_numbers_are_points(self):
        numbers = pa.array([1, 2])
        for first, kind in (
            (pa.array([date(2024, 1, 1), date(2024, 1, 2)]), "Line"),
            (pa.array(["a", "b"]), "Bars"),
            (pa.array([3, 4]), "Points"),
        ):
            columns = pa.table({"first": first, "second": numbers})
            assert plot.usual(columns, plot.axes(columns)) == ("first", "second", kind)

    def test_days_stand_at_their_own_midnight_in_every_time_zone(self):
        columns = pa.table({"day": pa.array([date(1970, 1, 2)]), "n": [1]})
        made = spec(columns, "day", "n", "Line")
        assert made["data"]["values"][0]["x"] == 86_400_000
        assert made["encoding"]["x"]["scale"] == {"type": "utc"}

    @pytest.mark.parametrize(("kind", "most"), [("Bars", 100), ("Line", 2_000), ("Points", 2_000)])
    def test_points_are_bounded(self, kind, most):
        columns = pa.table({"a": range(5_000), "b": range(5_000)})
        assert len(spec(columns, "a", "b", kind)["data"]["values"]) == most

    def test_what_has_no_place_is_left_out(self):
        columns = pa.table(
            {
                "x": pa.array([1.0, None, float("nan"), 4.0, 5.0]),
                "y": pa.array([1.0, 2.0, 3.0, float("inf"), 5.0]),
            }
        )
        assert [each["x"] for each in spec(columns, "x", "y", "Points")["data"]["values"]] == [1.0, 5.0]

    @given(ANY_NAME, ANY_NAME, st.sampled_from(plot.KINDS))
    def test_any_names_are_titles_and_never_fields(self, first, second, kind):
        columns = pa.Table.from_arrays(
            [pa.array(["a.b[0]"]), pa.array([Decimal("1.50")])], names=[first, second]
        )
        axes = plot.axes(columns)
        made = spec(columns, axes.across[0], axes.up[0], kind)
        assert json.loads(json.dumps(made)) == made
        fields = {channel["field"] for channel in made["encoding"].values() if isinstance(channel, dict)}
        assert fields == {"x", "y"}
        assert made["data"]["values"] == [{"x": "a.b[0]", "y": 1.5, "told": "a.b[0]", "exact": "1.50"}]

    @pytest.mark.parametrize("name", ["image", "title"])
    def test_a_name_makes_no_picture_and_no_heading_of_a_tooltip(self, name):
        made = spec(pa.table({name: ["https://example.com/?"], "n": [1]}), name, "n", "Bars")
        lines = [line["title"] for line in made["encoding"]["tooltip"]]
        assert [line.strip() for line in lines] == [name, "n"]
        assert name not in lines


class TestNames:
    def test_a_table_is_found_by_letters_of_either_size(self):
        sold = names.Relation("Crm", "Leads", view=False, columns=(names.Column('"City"', "varchar"),))
        assert desk.matches(sold, "leads")
        assert desk.matches(sold, "CITY")
        assert not desk.matches(sold, "town")

    @pytest.mark.parametrize(
        ("name", "written"),
        [
            ("city", "city"),
            ("City", '"City"'),
            ("two words", '"two words"'),
            ("timestamp", '"timestamp"'),
            ("update", '"update"'),
            ('a"b', '"a""b"'),
            ("1st", '"1st"'),
            ("größe", '"größe"'),
        ],
    )
    def test_a_name_is_written_as_sql_reads_it(self, name, written):
        assert names.quoted(name) == written

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=12))
    def test_any_name_that_is_put_into_a_query_can_be_run(self, name):
        if "\\" not in name:
            assert read_only(f"SELECT {names.quoted(name)} FROM {names.quoted(name)}")

    def test_tables_come_by_schema_with_types(self):
        row = {
            "table_schema": "s",
            "table_name": "t",
            "table_type": "VIEW",
            "ordinal_position": 1,
            "column_name": "c",
            "data_type": "numeric",
            "character_maximum_length": None,
            "numeric_precision": 38,
            "numeric_scale": 0,
        }
        other = {**row, "table_name": "u", "table_type": "BASE TABLE", "data_type": "character varying"}
        found = names.catalogue(answer([row, {**other, "character_maximum_length": 9}]))
        assert found.whole
        assert [(each.written, each.view, each.columns[0].kind) for each in found.relations] == [
            ("s.t", True, "decimal(38,0)"),
            ("s.u", False, "varchar(9)"),
        ]

    @pytest.mark.parametrize(
        ("columns", "truncated", "listed", "whole"),
        [
            (names.MOST, False, names.MOST, True),
            (names.MOST + 1, False, names.MOST, False),
            (7, True, 7, False),  # MAX_ROWS may be lower
        ],
    )
    def test_a_list_that_does_not_have_every_column_is_known_to_be_so(
        self, columns, truncated, listed, whole
    ):
        row = dict.fromkeys(("character_maximum_length", "numeric_precision", "numeric_scale"))
        row |= {"table_schema": "s", "table_name": "t", "table_type": "VIEW", "data_type": "date"}
        rows = [{**row, "column_name": f"c{number}"} for number in range(columns)]
        found = names.catalogue(answer(rows, truncated=truncated))
        assert found.whole is whole
        assert len(found.relations[0].columns) == listed

    def test_one_more_is_asked_for_than_is_listed(self):
        assert names.CATALOGUE.sql.endswith(f"LIMIT {names.MOST + 1}")


def answer(rows, *, truncated=False):
    """The warehouse's answer to the question for tables."""
    columns, timings = pa.Table.from_pylist(rows), Timings(0, 0, 0)
    return Table(columns, truncated, "a-statement", 0.0, timings, MOMENT)


def past(*texts):
    return history.statements(
        pa.Table.from_pylist(
            [
                {
                    "query_id": place,
                    "start_time": PLAIN - timedelta(minutes=place),
                    "status": "success",
                    "returned_rows": 3,
                    "elapsed_time": 1_500_000,
                    "query_text": text,
                }
                for place, text in enumerate(texts)
            ]
        )
    )


class TestHistory:
    def test_what_can_be_run_again_is_listed(self):
        found = past(
            "SELECT 1",
            "DELETE FROM t",
            "SELECT :day",
            "SELECT $1",
            "EXPLAIN SELECT 2",
            history.HISTORY.sql,
            "",
        )
        assert [each.sql for each in found] == ["SELECT 1", "EXPLAIN SELECT 2"]
        assert (found[0].status, found[0].rows, found[0].seconds) == ("Done", 3, 1.5)

    def test_a_text_that_the_warehouse_has_cut_is_not(self):
        assert not past("SELECT 1 -- " + "x" * 4_000)

    def test_lines_are_lines_again(self):
        assert past("SELECT 1\\n  FROM t")[0].sql == "SELECT 1\n  FROM t"

    def test_a_label_is_one_line_as_far_as_it_fits(self):
        (found,) = past("SELECT\n\t1,\n" + "2, " * 200 + "3")
        assert found.label.startswith("SELECT 1, 2, ")
        assert len(found.label) == 90
