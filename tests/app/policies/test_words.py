"""A policy's condition is said in words, or given as SQL; never wrongly."""

import pytest

from app.policies.words import NO_POLICY, in_words, masked_in_words, together_in_words

SAID = {
    "timezone LIKE 'America%'": "rows whose timezone begins with “America”",
    "((timezone)::text ~~ 'America%'::text)": "rows whose timezone begins with “America”",
    """"t"."c" LIKE CAST('%public%' AS TEXT)""": "rows whose c contains “public”",
    """(("rls_table"."catgroup") = ('Concerts'::text))""": "rows whose catgroup is “Concerts”",
    "x LIKE '%end'": "rows whose x ends with “end”",
    "x LIKE 'whole'": "rows whose x is “whole”",
    "x ILIKE '%us%'": "rows whose x contains “us” in either case",
    "timezone NOT LIKE 'America%'": "rows whose timezone is something that does not begin with “America”",
    "owner = current_user": "rows whose owner is the current user",
    """((owner)::text = ("current_user"())::text)""": "rows whose owner is the current user",
    "current_user = owner": "rows for which the current user is owner",
    "price > 10 AND country IN ('US', 'CA')": (
        "rows whose price is more than 10 and whose country is one of “US”, “CA”"
    ),
    "country NOT IN ('US', 'CA')": "rows whose country is something that is none of “US”, “CA”",
    "a1 = 1 OR b = 2 AND NOT (c < 3 OR d LIKE '%x')": (
        "rows for which a1 is 1 or (b is 2 and c is at least 3 and d is something that does not end with “x”)"
    ),
    "(a1 = 1 OR b = 2) AND c = 3": "rows for which (a1 is 1 or b is 2) and c is 3",
    "price BETWEEN 1 AND 5.5": "rows whose price is from 1 up to and including 5.5",
    "price NOT BETWEEN 1 AND 5": "rows whose price is less than 1 or whose price is more than 5",
    "x IS NULL OR y IS NOT NULL": "rows whose x has no value or whose y has a value",
    "active AND NOT deleted": "rows whose active is true and whose deleted is false",
    "day >= '2024-01-01'::date": "rows whose day is at least 2024-01-01",
    "catgroup = current_setting('app.category', FALSE)": (
        "rows whose catgroup is the session's setting “app.category”"
    ),
    "((name)::text < 'b'::text)": "rows for which name as text is less than “b”",
    "((a1)::text = (b)::text)": "rows whose a1 is b",
    "lower(country) = 'us'": "rows for which lower(country) is “us”",
    "EXISTS (SELECT 1 FROM public.regions r WHERE r.manager = current_user AND r.region = region_code)": (
        "rows for which there is a row in public.regions as r for which"
        " (r.manager is the current user and r.region is region_code)"
    ),
    "region IN (SELECT region FROM mine WHERE manager = current_user)": (
        "rows whose region is among the values of region in mine for which (manager is the current user)"
    ),
    "name = 'O''Brien'": "rows whose name is “O'Brien”",
    "TRUE": "all rows",
    "FALSE": "no rows",
    "1 = 0": "no rows",
    "NULL": "no rows",
    "x = 1 OR 1 = 1": "all rows",
}


@pytest.mark.parametrize(("condition", "words"), SAID.items())
def test_a_condition_in_words(condition: str, words: str) -> None:
    assert in_words(condition) == words


AS_SQL = {
    "timezone ~ '^America'": "rows for which (timezone ~ '^America') holds",
    "timezone SIMILAR TO 'a|b'": "rows for which (timezone SIMILAR TO 'a|b') holds",
    "name LIKE 'a_c%'": "rows for which (name LIKE 'a_c%') holds",
    "name LIKE '%'": "rows for which (name LIKE '%') holds",
    "x = NULL": "rows for which (x = NULL) holds",
    "x NOT IN (1, NULL)": "rows for which (x NOT IN (1, NULL)) holds",
    "x NOT IN (SELECT y FROM z)": "rows for which (x NOT IN (SELECT y FROM z)) holds",
    "x = ANY (y)": "rows for which x = ANY (y) holds",
    "a < b < c": "rows for which a < b < c holds",
    "a || b <> c": "rows for which a || b <> c holds",
    r"x LIKE 'a\\%'": r"rows for which x LIKE 'a\\%' holds",
    "x = 'a' -- or more": "rows for which x = 'a' -- or more holds",
    "x = $0": "rows for which x = $0 holds",
    "(x = 1": "rows for which (x = 1 holds",
    "": "rows for which  holds",
}


@pytest.mark.parametrize(("condition", "words"), AS_SQL.items())
def test_what_words_do_not_say_is_given_as_sql(condition: str, words: str) -> None:
    assert in_words(condition) == words


def test_what_cannot_be_seen_in_a_text_is_shown_by_its_number() -> None:
    assert in_words("x = '”\u202e'") == r"rows whose x is “\u201d\u202e”"


def test_numbers_beyond_all_measure_are_said_as_they_stand() -> None:
    assert in_words("1e9999999999999999999 < 2") == "rows for which 1e9999999999999999999 is less than 2"
    assert in_words(f"zone = 'x'::varchar({'9' * 5_000})").endswith("9)")


def test_a_name_cannot_pass_for_a_sentence() -> None:
    assert in_words('"x is “1” or y" = 2').startswith('rows whose "x is ')
    assert in_words("holds = 1") == 'rows whose "holds" is 1'


def test_policies_are_joined_as_the_table_says() -> None:
    both = ["x = 1 OR y = 2", "z = 3"]
    assert together_in_words(both, "AND") == "rows for which (x is 1 or y is 2) and z is 3"
    assert together_in_words(both, "OR") == "rows whose x is 1 or whose y is 2 or whose z is 3"
    assert together_in_words(["x ~ 'a'"], "AND") == in_words("x ~ 'a'")
    assert together_in_words(["x = ANY (y)", "z"], "OR") == "rows for which (x = ANY (y)) OR (z) holds"


def test_no_policy_lets_no_row_through() -> None:
    assert together_in_words([], "OR") == NO_POLICY == "no policy applies to this role: no rows"


MASKED = {
    "'XXXX-XXXX'::text": "always “XXXX-XXXX”",
    "CAST('XX' AS VARCHAR(10))": "always “XX”",
    "NULL": "nothing (NULL)",
    "0": "always 0",
    "card": "card as it is",
    "sha2(card, 256)": "a hash (sha2) of card",
    "right(card, 4)": "the last 4 characters of card",
    "'X' || right(card, 4)": "the value of ('X' || right(card, 4))",
    "CASE WHEN x THEN y ELSE 'X' END": "the value of CASE WHEN x THEN y ELSE 'X' END",
    """[{"expr":"'X'"},{"expr":"NULL"}]""": "always “X”, nothing (NULL)",
    "[not json": "the value of [not json",
}


@pytest.mark.parametrize(("expression", "words"), MASKED.items())
def test_a_mask_in_words(expression: str, words: str) -> None:
    assert masked_in_words(expression) == words
