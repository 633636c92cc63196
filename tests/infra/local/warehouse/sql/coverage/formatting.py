"""Data type formatting functions."""

# ruff: noqa: DTZ001 - Redshift's TIMESTAMP has no zone

from datetime import date, datetime
from decimal import Decimal

from tests.infra.local.warehouse.sql.coverage.case import Fault, Group, differs, refused, runs

_EVENING = "timestamp '2009-12-31 23:15:59'"
_MOMENT = "timestamp '2015-04-10 18:45:09.325143'"

GROUP = Group(
    "Data type formatting functions",
    "r_Data_type_formatting",
    (
        runs("CAST, `::`, CONVERT", "cast(162.00 AS integer)", 162, page="r_CAST_function"),
        runs(
            "CAST, `::`, CONVERT",
            "cast('2008-02-18 02:36:48' AS date)",
            date(2008, 2, 18),
            page="r_CAST_function",
        ),
        runs("CAST, `::`, CONVERT", "cast(2008 AS char(4))", "2008", page="r_CAST_function"),
        runs(
            "CAST, `::`, CONVERT", "cast(109.652 AS decimal(4,1))", Decimal("109.7"), page="r_CAST_function"
        ),
        runs("CAST, `::`, CONVERT", "123.456::decimal(2,1)", Fault("22003"), page="r_CAST_function"),
        runs("CAST, `::`, CONVERT", "12345678::smallint", Fault("22003"), page="r_CAST_function"),
        runs("CAST, `::`, CONVERT", "CONVERT(char(4), 2008)", "2008", page="r_CONVERT_function"),
        runs("CAST, `::`, CONVERT", "CONVERT(smallint, 12345678)", Fault("22003"), page="r_CONVERT_function"),
        runs("CAST, `::`, CONVERT", "cast('Fourscore and seven' AS varchar(5))", "Fours", page="r_SUBSTRING"),
        runs("CAST, `::`, CONVERT", "'12-31-2008'::date", date(2008, 12, 31)),
        runs(
            "TO_CHAR of dates",
            f"to_char({_EVENING}, 'MONTH-DY-DD-YYYY HH12:MIPM')",
            "DECEMBER -THU-31-2009 11:15PM",
            page="r_TO_CHAR",
        ),
        runs("TO_CHAR of dates", f"to_char({_EVENING}, 'DDD')", "365", page="r_TO_CHAR"),
        runs("TO_CHAR of dates", "to_char(timestamp '2022-05-16 23:15:59', 'ID')", "1", page="r_TO_CHAR"),
        runs("TO_CHAR of dates", "to_char(date '2009-12-31', 'MONTH')", "DECEMBER "),
        runs(
            "TO_CHAR of dates",
            "to_char(timestamp '2008-01-25 14:30:00', 'MON-DD-YYYY HH12:MIPM')",
            "JAN-25-2008 02:30PM",
            page="r_TO_CHAR",
        ),
        runs("TO_CHAR of dates", f"to_char({_EVENING}, 'HH24:MI:SS')", "23:15:59", page="r_TO_CHAR"),
        runs("TO_CHAR of dates", "to_char(timestamp '2008-02-18 02:36:48', 'cc')", "21", page="r_TO_CHAR"),
        runs(
            "TO_CHAR of dates",
            "to_char(timestamp '2008-01-01 14:30:00', 'HH12:MI:SS TZ')",
            "02:30:00 UTC",
            page="r_TO_CHAR",
        ),
        runs("TO_CHAR of dates", f"to_char({_MOMENT}, 'HH24:MI:SS.MS')", "18:45:09.325", page="r_TO_CHAR"),
        runs("TO_CHAR of dates", f"to_char({_MOMENT}, 'HH24:MI:SS:US')", "18:45:09:325143", page="r_TO_CHAR"),
        runs(
            "TO_CHAR of dates",
            f"to_char({_EVENING}, 'Y,YYY IYYY Q D DY Dy dy Day|month|W WW IW a.m. FMMonth FMDD')",
            "2,009 2009 4 5 THU Thu thu Thursday |december |5 53 53 p.m. December 31",
        ),
        refused(
            "TO_CHAR of dates",
            "to_char(current_date, 'RM')",
            "formats RM, J, BC, AD, TH; formats that are not literals",
        ),
        runs("TO_CHAR of numbers", "to_char(-125.8, '999D99S')", "125.80-", page="r_TO_CHAR"),
        runs("TO_CHAR of numbers", "to_char(-125.88, '$S999D99')", "$-125.88", page="r_TO_CHAR"),
        runs("TO_CHAR of numbers", "to_char(-125.88, '$999D99PR')", "$<125.88>", page="r_TO_CHAR"),
        runs("TO_CHAR of numbers", "to_char(618.80, 'l99999D99')", "$   618.80", page="r_TO_CHAR"),
        runs("TO_CHAR of numbers", "to_char(55.25, 'l99999D99')", "$    55.25", page="r_TO_CHAR"),
        runs("TO_CHAR of numbers", "to_char(1234567.891, 'FM9,999,990.00')", "1,234,567.89"),
        runs("TO_CHAR of numbers", "to_char(0.5::float, '990.9')", "   0.5"),
        runs("TO_CHAR of numbers", "to_char(1234, '999')", " ###"),
        refused(
            "TO_CHAR of numbers",
            "to_char(125, 'RN')",
            "formats RN, EEEE, TH, SG, PL, V, FM with PR; separators other than each three digits",
        ),
        refused("TO_CHAR of numbers", "to_char(125, '9.9EEEE')"),
        runs(
            "TO_DATE", "to_date('02 Oct 2001', 'DD Mon YYYY')", date(2001, 10, 2), page="r_TO_DATE_function"
        ),
        runs(
            "TO_DATE", "to_date('20010631', 'YYYYMMDD', FALSE)", date(2001, 7, 1), page="r_TO_DATE_function"
        ),
        runs("TO_DATE", "to_date('20010631', 'YYYYMMDD', TRUE)", Fault("22008"), page="r_TO_DATE_function"),
        runs("TO_DATE", "to_date('5/3/24', 'MM/DD/YY')", date(2024, 5, 3)),
        differs(
            "TO_DATE",
            "to_date('2001.10.02', 'YYYY-MM-DD')",
            Fault("22007"),
            "the text must have the format's separators",
        ),
        refused("TO_DATE", "to_date('2001-275', 'YYYY-DDD')", "parts other than year, month, day and time"),
        runs("TO_NUMBER", "to_number('12,454.8-', '99G999D9S')", Decimal("-12454.8"), page="r_TO_NUMBER"),
        runs("TO_NUMBER", "to_number('$ 12,454.88', 'L 99G999D99')", Decimal("12454.88"), page="r_TO_NUMBER"),
        runs("TO_NUMBER", "to_number('12.345', '99D999')", Decimal("12.345"), page="r_TO_NUMBER"),
        runs("TO_NUMBER", "to_number('twelve', '99')", Fault("22P02"), page="r_TO_NUMBER"),
        refused("TO_NUMBER", "to_number('<12>', '99PR')", "formats that TO_CHAR of numbers refuses; PR"),
        runs("Dates in text", "dateadd(day, 1, '8/2/2003')", datetime(2003, 8, 3)),
        runs("Dates in text", "date '20220502' = '5/2/2022'", True),
        runs("Dates in text", "SELECT word::date FROM dated", [(date(2003, 8, 2),)]),
        differs(
            "Dates in text",
            "'2 May 2022'::date",
            Fault("22P02"),
            "no other form than YYYY-MM-DD, YYYYMMDD, MM/DD/YYYY and MM-DD-YYYY is read",
        ),
        refused("TEXT_TO_INT_ALT, TEXT_TO_NUMERIC_ALT", "text_to_int_alt('123-')"),
        refused("TEXT_TO_INT_ALT, TEXT_TO_NUMERIC_ALT", "text_to_numeric_alt('123-')"),
    ),
    setup="CREATE TABLE dated (word VARCHAR(10)); INSERT INTO dated VALUES ('8/2/2003')",
)
