"""Date and time functions."""

# ruff: noqa: DTZ001 - Redshift's TIMESTAMP has no zone

from datetime import UTC, date, datetime

from tests.infra.local.warehouse.sql.coverage.case import Fault, Group, differs, refused, runs

_PARTS = "r_Dateparts_for_datetime_functions"
_NO_TIME = "TIME and TIMETZ"

GROUP = Group(
    "Date and time functions",
    "Date_functions_header",
    (
        refused("`+` (date and time)", "date '2000-01-01' + time '20:00:00'", _NO_TIME),
        runs("ADD_MONTHS", "add_months('2008-03-31', 1)", datetime(2008, 4, 30), page="r_ADD_MONTHS"),
        runs("ADD_MONTHS", "add_months('2008-04-30', 1)", datetime(2008, 5, 31), page="r_ADD_MONTHS"),
        runs("ADD_MONTHS", "add_months(timestamp '2008-04-29 10:00:00', -2)", datetime(2008, 2, 29, 10)),
        runs(
            "AT TIME ZONE",
            "timestamp '2001-02-16 20:38:40' AT TIME ZONE 'MST'",
            datetime(2001, 2, 17, 3, 38, 40, tzinfo=UTC),
            page="r_AT_TIME_ZONE",
        ),
        runs(
            "AT TIME ZONE",
            "timestamp with time zone '2001-02-16 20:38:40-05' AT TIME ZONE 'MST'",
            datetime(2001, 2, 16, 18, 38, 40),
            page="r_AT_TIME_ZONE",
        ),
        runs(
            "CONVERT_TIMEZONE",
            "convert_timezone('PST', timestamp '2008-08-24 09:36:12')",
            datetime(2008, 8, 24, 1, 36, 12),
            page="CONVERT_TIMEZONE",
        ),
        runs(
            "CONVERT_TIMEZONE",
            "convert_timezone('US/Pacific', timestamp '2008-08-24 09:36:12')",
            datetime(2008, 8, 24, 2, 36, 12),
            page="CONVERT_TIMEZONE",
        ),
        runs(
            "CONVERT_TIMEZONE",
            "convert_timezone('EST', 'PST', '20080305 12:25:29')",
            datetime(2008, 3, 5, 9, 25, 29),
            page="CONVERT_TIMEZONE",
        ),
        runs(
            "CONVERT_TIMEZONE",
            "convert_timezone('America/New_York', '2013-02-01 08:00:00')",
            datetime(2013, 2, 1, 3),
            page="CONVERT_TIMEZONE",
        ),
        runs(
            "CONVERT_TIMEZONE",
            "convert_timezone('America/New_York', '2013-06-01 08:00:00')",
            datetime(2013, 6, 1, 4),
            page="CONVERT_TIMEZONE",
        ),
        runs(
            "CONVERT_TIMEZONE",
            "SELECT convert_timezone(zone, timestamp '2013-06-01 08:00:00') FROM zones ORDER BY zone",
            [(datetime(2013, 6, 1, 17),), (datetime(2013, 6, 1, 10),)],
        ),
        refused(
            "CONVERT_TIMEZONE",
            "convert_timezone('GMT', 'NEWZONE +2', '2014-05-17 12:00:00')",
            "offsets and POSIX zones; abbreviations other than those of the United States",
        ),
        refused("CONVERT_TIMEZONE", "convert_timezone('CEST', '2014-05-17 12:00:00')"),
        runs("CURRENT_DATE", "current_date = trunc(sysdate)", True),
        runs(
            "DATE_CMP",
            "SELECT caldate, date_cmp(caldate, '2008-01-04') FROM calendar ORDER BY 1",
            [(date(2008, 1, 3), -1), (date(2008, 1, 4), 0), (date(2008, 1, 5), 1)],
            page="r_DATE_CMP",
        ),
        runs(
            "DATE_CMP_TIMESTAMP",
            "date_cmp_timestamp('2008-06-18', timestamp '2008-01-24 06:43:29')",
            1,
            page="r_DATE_CMP_TIMESTAMP",
        ),
        runs(
            "DATE_CMP_TIMESTAMP",
            "date_cmp_timestamp('2008-06-18', timestamp '2008-11-01 07:35:33')",
            -1,
            page="r_DATE_CMP_TIMESTAMP",
        ),
        runs(
            "DATE_CMP_TIMESTAMPTZ",
            "date_cmp_timestamptz('2008-06-18', timestamptz '2008-06-17 20:00-05')",
            -1,
        ),
        runs("DATEADD", "dateadd(month, 18, '2008-02-28')", datetime(2009, 8, 28), page="r_DATEADD_function"),
        runs(
            "DATEADD", "dateadd(m, 30, '2008-02-28')", datetime(2008, 2, 28, 0, 30), page="r_DATEADD_function"
        ),
        runs("DATEADD", "dateadd(month, 1, '2008-04-30')", datetime(2008, 5, 30), page="r_DATEADD_function"),
        runs("DATEADD", "dateadd(month, 12, '2016-02-29')", datetime(2017, 2, 28), page="r_DATEADD_function"),
        runs("DATEADD", "dateadd(year, 1, '2016-02-29')", datetime(2017, 3, 1), page="r_DATEADD_function"),
        runs(
            "DATEADD", "dateadd(day, 30, date '2008-11-01')", datetime(2008, 12, 1), page="r_DATEADD_function"
        ),
        runs("DATEADD", "dateadd(decade, -1, '2016-02-29')", datetime(2006, 3, 1)),
        runs("DATEADD", "dateadd(ms, 5, '2016-02-29')", datetime(2016, 2, 29, 0, 0, 0, 5000)),
        refused("DATEADD", "dateadd(hour, 8, time '13:24:55')", _NO_TIME),
        runs("DATEDIFF", "datediff(week, '2009-01-01', '2009-12-31')", 52, page="r_DATEDIFF_function"),
        runs(
            "DATEDIFF", "datediff(hour, '2023-01-01', '2023-01-03 05:04:03')", 53, page="r_DATEDIFF_function"
        ),
        runs(
            "DATEDIFF", "datediff(day, date '2009-01-01', date '2009-03-23')", 81, page="r_DATEDIFF_function"
        ),
        runs(
            "DATEDIFF", "datediff(day, date '2023-01-04', date '2024-05-04')", 486, page="r_DATEDIFF_function"
        ),
        runs("DATEDIFF", "datediff(qtr, '1998-07-01', date '2008-06-05')", 39),
        runs("DATEDIFF", "datediff(year, '2008-12-31', '2009-01-01')", 1, page="r_DATEDIFF_function"),
        refused(
            "DATEDIFF",
            "datediff(week, date '2024-01-06', date '2024-01-07')",
            "weeks, where the answer depends on the day a week begins with; centuries and millennia",
        ),
        refused("DATEDIFF", "datediff(hour, time '20:00:00', time '21:00:00')", _NO_TIME),
        runs(
            "DATE_PART",
            "date_part(minute, timestamp '20230104 04:05:06.789')",
            5.0,
            page="r_DATE_PART_function",
        ),
        runs(
            "DATE_PART",
            "date_part(week, timestamp '20220502 04:05:06.789')",
            18.0,
            page="r_DATE_PART_function",
        ),
        runs(
            "DATE_PART", "date_part(day, timestamp '20220502 04:05:06.789')", 2.0, page="r_DATE_PART_function"
        ),
        runs(
            "DATE_PART",
            "date_part(dayofweek, timestamp '20220502 04:05:06.789')",
            1.0,
            page="r_DATE_PART_function",
        ),
        runs(
            "DATE_PART",
            "date_part(century, timestamp '20220502 04:05:06.789')",
            21.0,
            page="r_DATE_PART_function",
        ),
        runs(
            "DATE_PART",
            "date_part(millennium, timestamp '20220502 04:05:06.789')",
            3.0,
            page="r_DATE_PART_function",
        ),
        runs(
            "DATE_PART",
            "date_part(microsecond, timestamp '20220502 04:05:06.789')",
            789000.0,
            page="r_DATE_PART_function",
        ),
        runs("DATE_PART", "date_part(month, date '20220502')", 5.0, page="r_DATE_PART_function"),
        runs("DATE_PART", "date_part(w, timestamp '2008-06-17 09:44:54')", 25.0, page="r_DATE_PART_function"),
        runs(
            "DATE_PART", "date_part(dow, timestamp '2008-01-05 14:00:00')", 6.0, page="r_DATE_PART_function"
        ),
        runs("DATE_PART", "date_part(sec, timestamp '2009-09-21 11:10:03.189717')", 3.189717, page=_PARTS),
        runs("DATE_PART", "date_part(epoch, timestamp '2008-01-01 20:00:00')", 1199217600.0, page=_PARTS),
        refused("DATE_PART", "date_part(ms, timestamp '2009-09-21 11:10:03.189717')", "milliseconds"),
        runs("DATE_PART_YEAR", "date_part_year(date '20220502')", 2022, page="r_DATE_PART_YEAR"),
        *(
            runs(
                "DATE_TRUNC",
                f"date_trunc('{part}', timestamp '20200430 04:05:06.789')",
                moment,
                page="r_DATE_TRUNC",
            )
            for part, moment in {
                "second": datetime(2020, 4, 30, 4, 5, 6),
                "minute": datetime(2020, 4, 30, 4, 5),
                "hour": datetime(2020, 4, 30, 4),
                "day": datetime(2020, 4, 30),
                "month": datetime(2020, 4, 1),
                "quarter": datetime(2020, 4, 1),
                "year": datetime(2020, 1, 1),
                "millennium": datetime(2001, 1, 1),
            }.items()
        ),
        runs(
            "DATE_TRUNC",
            "date_trunc('week', timestamp '20220430 04:05:06.789')",
            datetime(2022, 4, 25),
            page="r_DATE_TRUNC",
        ),
        runs("DATE_TRUNC", "date_trunc('century', date '2000-12-31')", datetime(1901, 1, 1)),
        runs("EXTRACT", "extract(minute FROM timestamp '2009-09-09 12:08:43')", 8, page="r_EXTRACT_function"),
        runs(
            "EXTRACT", "extract(ms FROM timestamp '2009-09-09 12:08:43.101')", 101, page="r_EXTRACT_function"
        ),
        runs("EXTRACT", "extract(sec FROM timestamp '2009-09-21 11:10:03.189717')", 3, page=_PARTS),
        runs("EXTRACT", "extract(century FROM timestamp '2000-12-16 12:21:13')", 20, page=_PARTS),
        runs("EXTRACT", "extract(century FROM timestamp '2001-12-16 12:21:13')", 21, page=_PARTS),
        runs("EXTRACT", "extract(decade FROM timestamp '1999-02-16 20:38:40')", 200, page=_PARTS),
        runs("EXTRACT", "extract(decade FROM timestamp '2000-02-16 20:38:40')", 201, page=_PARTS),
        runs("EXTRACT", "extract(decade FROM timestamp '2010-02-16 20:38:40')", 202, page=_PARTS),
        runs("EXTRACT", "extract(mil FROM timestamp '2000-12-16 12:21:13')", 2, page=_PARTS),
        runs("EXTRACT", "extract(mil FROM timestamp '2001-12-16 12:21:13')", 3, page=_PARTS),
        runs("EXTRACT", "extract(year FROM timestamptz '1997-12-01 07:37:16-08')", 1997.0),
        refused("EXTRACT", "extract(us FROM timestamp '2009-09-09 12:08:43.101')", "microseconds; zones"),
        refused("EXTRACT", "extract(minute FROM time '12:08:43')", _NO_TIME),
        runs("GETDATE", "datediff(minute, getdate(), sysdate)", 0),
        runs("INTERVAL_CMP", "interval_cmp('3 days', '1 year')", -1, page="r_INTERVAL_CMP"),
        runs("INTERVAL_CMP", "interval_cmp('7 days', '1 week')", 0, page="r_INTERVAL_CMP"),
        runs("LAST_DAY", "last_day(timestamp '2014-01-09 10:00:00')", date(2014, 1, 31)),
        runs(
            "MONTHS_BETWEEN",
            "months_between('1969-01-18', '1969-03-18')",
            -2.0,
            page="r_MONTHS_BETWEEN_function",
        ),
        runs(
            "MONTHS_BETWEEN",
            "months_between('2014-08-31', '2014-09-30')",
            -1.0,
            page="r_MONTHS_BETWEEN_function",
        ),
        *(
            runs(
                "MONTHS_BETWEEN",
                f"round(months_between(timestamp '{late}', timestamp '{early}'), 2)",
                months,
                page="r_MONTHS_BETWEEN_function",
            )
            for late, early, months in (
                ("2008-12-25 15:00:00", "2008-01-21 19:30:00", 11.12),
                ("2008-12-01 19:30:00", "2008-01-03 15:00:00", 10.94),
                ("2008-12-07 14:00:00", "2008-01-16 19:30:00", 10.7),
                ("2008-12-15 15:00:00", "2008-01-21 19:00:00", 10.8),
                ("2008-12-19 19:00:00", "2008-01-08 19:30:00", 11.35),
            )
        ),
        runs("NEXT_DAY", "next_day('2014-08-20', 'Tuesday')", date(2014, 8, 26), page="r_NEXT_DAY"),
        runs("NEXT_DAY", "next_day(date '2008-07-06', 'Monday')", date(2008, 7, 7), page="r_NEXT_DAY"),
        runs("NEXT_DAY", "next_day(date '2008-07-07', 'mon')", date(2008, 7, 14)),
        runs("SYSDATE", "sysdate - sysdate = interval '0 days'", True),
        refused("TIMEOFDAY", "timeofday()"),
        runs(
            "TIMESTAMP_CMP",
            "timestamp_cmp(timestamp '2008-01-24 06:43:29', timestamp '2008-02-18 02:36:48')",
            -1,
            page="r_TIMESTAMP_CMP",
        ),
        runs(
            "TIMESTAMP_CMP_DATE",
            "timestamp_cmp_date(timestamp '2008-11-01 07:35:33', '2008-06-18')",
            1,
            page="r_TIMESTAMP_CMP_DATE",
        ),
        runs(
            "TIMESTAMP_CMP_TIMESTAMPTZ",
            "timestamp_cmp_timestamptz(timestamp '2008-01-24 06:43:29', timestamptz '2008-01-24"
            " 06:43:29+00')",
            0,
        ),
        runs(
            "TIMESTAMPTZ_CMP",
            "timestamptz_cmp(timestamptz '2008-01-24 06:00+00', timestamptz '2008-01-24 06:00-05')",
            -1,
        ),
        runs(
            "TIMESTAMPTZ_CMP_DATE", "timestamptz_cmp_date(timestamptz '2008-06-18 00:00+00', '2008-06-18')", 0
        ),
        runs(
            "TIMESTAMPTZ_CMP_TIMESTAMP",
            "timestamptz_cmp_timestamp(timestamptz '2008-01-24 06:43:29+00', timestamp '2008-01-25"
            " 06:18:22')",
            -1,
        ),
        runs(
            "TIMEZONE",
            "timezone('Europe/Paris', timestamp '2024-07-01 12:00:00')",
            datetime(2024, 7, 1, 10, tzinfo=UTC),
        ),
        runs(
            "TO_TIMESTAMP",
            "to_timestamp(timestamp '2021-04-05 19:27:53.281812', 'YYYY-MM-DD HH24:MI:SS')",
            datetime(2021, 4, 5, 19, 27, 53, tzinfo=UTC),
            page="r_TO_TIMESTAMP",
        ),
        runs(
            "TO_TIMESTAMP",
            "to_timestamp('2017', 'YYYY')",
            datetime(2017, 1, 1, tzinfo=UTC),
            page="r_TO_TIMESTAMP",
        ),
        runs(
            "TO_TIMESTAMP",
            "to_timestamp('2011-12-18 24:38:15', 'YYYY-MM-DD HH24:MI:SS')",
            datetime(2011, 12, 19, 0, 38, 15, tzinfo=UTC),
            page="r_TO_TIMESTAMP",
        ),
        runs(
            "TO_TIMESTAMP",
            "to_timestamp('2011-12-18 24:38:15', 'YYYY-MM-DD HH24:MI:SS', TRUE)",
            Fault("22008"),
            page="r_TO_TIMESTAMP",
        ),
        differs(
            "TO_TIMESTAMP",
            "to_timestamp('2011 12 18', 'YYYY-MM-DD')",
            Fault("22007"),
            "the text must have the format's separators",
        ),
        runs(
            "TRUNC", "trunc(timestamp '2011-07-21 10:32:38.248109')", date(2011, 7, 21), page="r_TRUNC_date"
        ),
        runs(
            "INTERVAL literals",
            "date '12-31-2008' + interval '1 second'",
            datetime(2008, 12, 31, 0, 0, 1),
            page="r_interval_literals",
        ),
        runs(
            "INTERVAL literals",
            "date '12-31-2008' + interval '3 hours, 35 minutes'",
            datetime(2008, 12, 31, 3, 35),
            page="r_interval_literals",
        ),
        runs(
            "INTERVAL literals",
            "date '12-31-2008' + interval '52 weeks'",
            datetime(2009, 12, 30),
            page="r_interval_literals",
        ),
        runs(
            "INTERVAL literals",
            "date '12-31-2008' + interval '1w, 1h, 1m, 1s'",
            datetime(2009, 1, 7, 1, 1, 1),
            page="r_interval_literals",
        ),
        runs(
            "INTERVAL literals",
            "date '12-31-2008' + interval '0.5 days'",
            datetime(2008, 12, 31, 12),
            page="r_interval_literals",
        ),
        runs(
            "INTERVAL literals",
            "date '2023-02-15' - interval '4 months'",
            datetime(2022, 10, 15),
            page="r_interval_literals",
        ),
        runs(
            "INTERVAL literals",
            "date '2023-03-31' - interval '4 months'",
            datetime(2022, 11, 30),
            page="r_interval_literals",
        ),
        refused("INTERVAL literals", "current_date + interval '0.5 months'", "fractions of a month or more"),
        refused("AGE, ISFINITE, NOW (deprecated)", "now()"),
        refused("CURRENT_TIME, LOCALTIME, LOCALTIMESTAMP (deprecated)", "current_time"),
        refused("CURRENT_TIME, LOCALTIME, LOCALTIMESTAMP (deprecated)", "localtime"),
    ),
    setup="""
        CREATE TABLE calendar (caldate DATE);
        INSERT INTO calendar VALUES ('2008-01-03'), ('2008-01-04'), ('2008-01-05');
        CREATE TABLE zones (zone VARCHAR(30));
        INSERT INTO zones VALUES ('Europe/Paris'), ('Asia/Tokyo')
    """,
)
