"""The worked examples of dynamic data masking in Redshift's documentation, with the answers that it gives.

Its functions in Python are written as expressions of SQL with the same results.
"""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

import pytest

from tests.infra.local.warehouse.access.documented import Documented

CARDS = "SELECT credit_card FROM credit_cards ORDER BY customer_id, credit_card"
TRUE = [
    *("4532993817514842", "4716002041425888", "5243112427642649", "6011378662059710"),
    *("6011720771834675", "373611968625635"),
]
# REDACT_CREDIT_CARD keeps the first six digits and the last four
PARTLY = [f"{card[:6]}XXXXX{card[-4:]}" for card in TRUE]
REDACTED = "left({0}, 6) || 'XXXXX' || right({0}, 4)"

# t_ddm, "End-to-end example"
CREATE = f"""
CREATE TABLE credit_cards (
  customer_id INT,
  credit_card TEXT
);
INSERT INTO credit_cards
VALUES
  (100, '4532993817514842'),
  (100, '4716002041425888'),
  (102, '5243112427642649'),
  (102, '6011720771834675'),
  (102, '6011378662059710'),
  (103, '373611968625635')
;
GRANT SELECT ON credit_cards TO PUBLIC;
CREATE USER regular_user WITH PASSWORD '1234Test!';
CREATE USER analytics_user WITH PASSWORD '1234Test!';
CREATE ROLE analytics_role;
GRANT ROLE analytics_role TO analytics_user;
CREATE MASKING POLICY mask_credit_card_full
WITH (credit_card VARCHAR(256))
USING ('000000XXXX0000'::TEXT);
CREATE MASKING POLICY mask_credit_card_partial
WITH (credit_card VARCHAR(256))
USING ({REDACTED.format("credit_card")});
"""
ATTACH = """
ATTACH MASKING POLICY mask_credit_card_full
ON credit_cards(credit_card)
TO PUBLIC;
ATTACH MASKING POLICY mask_credit_card_partial
ON credit_cards(credit_card)
TO ROLE analytics_role
PRIORITY 10;
"""


@pytest.fixture
def example():
    found = Documented()
    found.run(CREATE)
    return found


def seen_by(example, name, sql=CARDS):
    """What the user sees, as values when it is one column."""
    example.run(f"SET SESSION AUTHORIZATION {name}")
    rows = example.rows(sql)
    example.run("RESET SESSION AUTHORIZATION")
    return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows


def test_the_example_from_its_first_statement_to_its_last(example):
    """t_ddm, end to end."""
    assert seen_by(example, "regular_user") == TRUE
    example.run(ATTACH)
    attached = "SELECT policy_name, grantee, priority FROM svv_attached_masking_policy ORDER BY priority"
    assert example.rows(attached) == [
        ("mask_credit_card_full", "public", 0),
        ("mask_credit_card_partial", "analytics_role", 10),
    ]
    assert seen_by(example, "regular_user") == ["000000XXXX0000"] * 6
    assert sorted(seen_by(example, "analytics_user")) == sorted(PARTLY)

    example.run("ALTER MASKING POLICY mask_credit_card_full\nUSING ('00000000000000'::TEXT)")
    # The superuser too, whom the example lets look next, is one of PUBLIC.
    assert [card for (card,) in example.rows(CARDS)] == ["00000000000000"] * 6
    assert seen_by(example, "regular_user") == ["00000000000000"] * 6

    for policy in ("full", "partial"):
        assert example.refused(f"DROP MASKING POLICY mask_credit_card_{policy}")[0] == "2BP01"
    example.run("DETACH MASKING POLICY mask_credit_card_full \nON credit_cards(credit_card) \nFROM PUBLIC")
    assert seen_by(example, "regular_user") == TRUE
    example.run(
        "DETACH MASKING POLICY mask_credit_card_partial \nON credit_cards(credit_card) \n"
        "FROM ROLE analytics_role;\n"
        "DROP MASKING POLICY mask_credit_card_full;\n"
        "DROP MASKING POLICY mask_credit_card_partial"
    )
    assert seen_by(example, "analytics_user") == TRUE
    assert example.rows("SELECT count(*) FROM svv_masking_policy") == [(0,)]


def test_a_cell_is_masked_by_another_columns_value(example):
    """t_ddm-conditional: a card in a fraud is shown in part, every other card is not shown."""
    example.run(f"""
        DROP TABLE credit_cards;
        CREATE ROLE analyst;
        CREATE TABLE credit_cards (id INT, is_fraud BOOLEAN, credit_card_number VARCHAR(16));
        INSERT INTO credit_cards VALUES (100, true, '4532993817514842'), (102, false, '5243112427642649');
        GRANT SELECT ON credit_cards TO PUBLIC;
        GRANT ROLE analyst TO regular_user;
        CREATE MASKING POLICY card_number_conditional_mask
            WITH (fraudulent BOOLEAN, pan varchar(16))
            USING (CASE WHEN fraudulent THEN {REDACTED.format("pan")}
                        ELSE Null
                   END);
        ATTACH MASKING POLICY card_number_conditional_mask ON credit_cards (credit_card_number)
         USING (is_fraud, credit_card_number)
         TO ROLE analyst PRIORITY 100
    """)
    numbers = "SELECT credit_card_number FROM credit_cards ORDER BY id"
    assert seen_by(example, "regular_user", numbers) == ["453299XXXXX4842", None]
    assert seen_by(example, "analytics_user", numbers) == ["4532993817514842", "5243112427642649"]
    # The condition is no column of the question, and its own column need not be granted.
    example.run("REVOKE SELECT ON credit_cards FROM PUBLIC")
    example.run("GRANT SELECT (id, credit_card_number) ON credit_cards TO ROLE analyst")
    assert seen_by(example, "regular_user", numbers) == ["453299XXXXX4842", None]


HIERARCHY = """
DROP TABLE credit_cards;
CREATE TABLE credit_cards (address VARCHAR(20), credit_card VARCHAR(20), ssn VARCHAR(20));
INSERT INTO credit_cards VALUES ('Elm Street 1', '4532993817514842', '123-45-6789');
GRANT SELECT ON credit_cards TO PUBLIC;
CREATE ROLE auditor_role;
CREATE MASKING POLICY partial_hash WITH (a VARCHAR(20), b VARCHAR(20))
    USING (('part ' || left(a, 3))::VARCHAR(20), ('part ' || left(b, 3))::VARCHAR(20));
CREATE MASKING POLICY full_hash WITH (a VARCHAR(20), b VARCHAR(20))
    USING ('full'::VARCHAR(20), 'full'::VARCHAR(20));
ATTACH MASKING POLICY partial_hash
ON credit_cards(address, credit_card)
TO ROLE analytics_role
PRIORITY 20;
ATTACH MASKING POLICY full_hash
ON credit_cards(credit_card, ssn)
TO ROLE auditor_role
PRIORITY 30;
"""
COLUMNS = "SELECT address, credit_card, ssn FROM credit_cards"


def test_each_column_has_the_mask_of_highest_priority(example):
    """t_ddm-hierarchy: address under one role's policy, credit card and SSN under the other's."""
    example.run(HIERARCHY)
    assert seen_by(example, "analytics_user", COLUMNS) == [("part Elm", "part 453", "123-45-6789")]
    example.run("GRANT ROLE auditor_role TO analytics_user")
    assert seen_by(example, "analytics_user", COLUMNS) == [("part Elm", "full", "full")]
    example.run("REVOKE ROLE analytics_role FROM analytics_user")
    assert seen_by(example, "analytics_user", COLUMNS) == [("Elm Street 1", "full", "full")]
    assert seen_by(example, "regular_user", COLUMNS) == [("Elm Street 1", "4532993817514842", "123-45-6789")]


def test_priorities_differ_on_a_column_and_default_to_nought(example):
    """t_ddm-hierarchy and r_ATTACH_MASKING_POLICY: no two policies of one priority, none twice for one grantee."""
    example.run(ATTACH)
    for sql in (
        "ATTACH MASKING POLICY mask_credit_card_partial ON credit_cards(credit_card) TO regular_user",
        "ATTACH MASKING POLICY mask_credit_card_partial ON credit_cards(credit_card) TO regular_user PRIORITY 0",
        "ATTACH MASKING POLICY mask_credit_card_full ON credit_cards(credit_card) TO regular_user PRIORITY 10",
        "ATTACH MASKING POLICY mask_credit_card_full ON credit_cards(credit_card) TO ROLE analytics_role PRIORITY 99",
        "ATTACH MASKING POLICY mask_credit_card_partial ON credit_cards(credit_card) TO PUBLIC PRIORITY 7",
    ):
        assert example.refused(sql)[0] == "42710", sql
    # The same policy, columns and priority may be attached again, to somebody else.
    example.run(
        "ATTACH MASKING POLICY mask_credit_card_partial ON credit_cards(credit_card) TO regular_user PRIORITY 10"
    )
    assert sorted(seen_by(example, "regular_user")) == sorted(PARTLY)


def test_a_users_policy_and_a_roles_the_higher_applies(example):
    """r_ATTACH_MASKING_POLICY: "You can attach a policy to a user and another policy to the user's role"."""
    example.run(ATTACH)
    full = "ATTACH MASKING POLICY mask_credit_card_full ON credit_cards(credit_card) TO analytics_user PRIORITY {}"
    example.run("DETACH MASKING POLICY mask_credit_card_full ON credit_cards(credit_card) FROM PUBLIC")
    example.run(full.format(5))
    assert sorted(seen_by(example, "analytics_user")) == sorted(PARTLY)
    example.run(
        "DETACH MASKING POLICY mask_credit_card_full ON credit_cards(credit_card) FROM analytics_user"
    )
    example.run(full.format(15))
    assert seen_by(example, "analytics_user") == ["000000XXXX0000"] * 6


def test_a_hash_joins_without_the_values(example):
    """r_ddm-procedures: hash_credit, created, altered, attached at priority 30, detached and dropped."""
    example.run(
        "CREATE ROLE science_role;\nGRANT ROLE science_role TO regular_user;\n"
        "CREATE MASKING POLICY hash_credit WITH (credit_card varchar(256)) "
        "USING (sha2(credit_card || 'testSalt', 256));\n"
        "ALTER MASKING POLICY hash_credit USING (sha2(credit_card || 'otherTestSalt', 256));\n"
        "ATTACH MASKING POLICY mask_credit_card_full ON credit_cards (credit_card) TO PUBLIC PRIORITY 20;\n"
        "ATTACH MASKING POLICY hash_credit \nON credit_cards (credit_card) \nTO ROLE science_role \nPRIORITY 30"
    )
    assert seen_by(example, "analytics_user") == ["000000XXXX0000"] * 6
    hashes = seen_by(example, "regular_user")
    assert len({*hashes}) == 6
    assert all(len(value) == 64 for value in hashes)
    joined = "SELECT count(*) FROM credit_cards a JOIN credit_cards b ON a.credit_card = b.credit_card"
    assert seen_by(example, "regular_user", joined) == [6]
    example.run(
        "DETACH MASKING POLICY hash_credit \nON credit_cards(credit_card) \nFROM ROLE science_role;\n"
        "DROP MASKING POLICY hash_credit"
    )
    assert seen_by(example, "regular_user") == ["000000XXXX0000"] * 6


def test_a_mask_looks_up_what_it_was_granted(example):
    """t_ddm-considerations: lookup_mask_credit_card, and GRANT SELECT … TO MASKING POLICY."""
    example.run(f"""
        CREATE TABLE credit_cards_lookup (credit_card_lookup TEXT);
        INSERT INTO credit_cards_lookup VALUES ('4532993817514842');
        CREATE MASKING POLICY lookup_mask_credit_card WITH (credit_card TEXT) USING (
          CASE
            WHEN
              credit_card IN (SELECT credit_card_lookup FROM credit_cards_lookup)
            THEN '000000XXXX0000'
            ELSE {REDACTED.format("credit_card")}
            END
          );
        GRANT SELECT ON TABLE credit_cards_lookup TO MASKING POLICY lookup_mask_credit_card;
        ATTACH MASKING POLICY lookup_mask_credit_card ON credit_cards(credit_card) TO PUBLIC
    """)
    masked = sorted(["000000XXXX0000", *PARTLY[1:]])
    assert sorted(seen_by(example, "regular_user")) == masked
    example.run("REVOKE SELECT ON TABLE credit_cards_lookup FROM MASKING POLICY lookup_mask_credit_card")
    example.run("SET SESSION AUTHORIZATION regular_user")
    assert example.refused(CARDS)[0] == "42501"


def test_masks_come_before_conditions_and_after_row_level_security(example):
    """t_ddm-considerations: predicates see the mask; RLS is applied before it, on the true values."""
    example.run(ATTACH)
    found = "SELECT count(*) FROM credit_cards WHERE credit_card = '{}'"
    assert seen_by(example, "regular_user", found.format("4532993817514842")) == [0]
    assert seen_by(example, "regular_user", found.format("000000XXXX0000")) == [6]
    example.run(
        "CREATE RLS POLICY visa WITH (credit_card TEXT) USING (credit_card LIKE '4%');\n"
        "ATTACH RLS POLICY visa ON credit_cards TO PUBLIC;\n"
        "ALTER TABLE credit_cards ROW LEVEL SECURITY ON"
    )
    assert seen_by(example, "regular_user") == ["000000XXXX0000"] * 2
    assert seen_by(example, "analytics_user") == PARTLY[:2]


def test_a_view_shows_each_their_own_mask(example):
    """t_ddm-considerations: "users see results based on their own masking policies", not its creator's."""
    example.run(ATTACH)
    example.run("CREATE VIEW cards AS SELECT credit_card FROM credit_cards;\nGRANT SELECT ON cards TO PUBLIC")
    through = "SELECT credit_card FROM cards ORDER BY 1"
    assert seen_by(example, "regular_user", through) == ["000000XXXX0000"] * 6
    assert seen_by(example, "analytics_user", through) == sorted(PARTLY)


def test_a_mask_gives_what_its_column_can_hold(example):
    """t_ddm-considerations: "You can't attach a masking policy that would produce an output incompatible …"."""
    example.run("""
        CREATE TABLE narrow (a VARCHAR(10), b SMALLINT, c FLOAT8, d DATE);
        CREATE MASKING POLICY twelve WITH (x VARCHAR(10)) USING ('twelve chars'::VARCHAR(12));
        CREATE MASKING POLICY wide WITH (x BIGINT) USING (x);
        CREATE MASKING POLICY exact WITH (x DECIMAL(10,2)) USING (x);
        CREATE MASKING POLICY nothing WITH (x DATE) USING (NULL::DATE)
    """)
    for sql, sqlstate in (
        ("ATTACH MASKING POLICY twelve ON narrow(a) TO PUBLIC", "42804"),
        ("ATTACH MASKING POLICY nothing ON narrow(a) TO PUBLIC", "42804"),
        ("ATTACH MASKING POLICY nothing ON narrow(nothing) TO PUBLIC", "42703"),
        ("ATTACH MASKING POLICY nothing ON narrow(d, a) TO PUBLIC", "42P10"),
    ):
        assert example.refused(sql)[0] == sqlstate, sql
    example.run(
        "ATTACH MASKING POLICY wide ON narrow(b) TO PUBLIC;\nATTACH MASKING POLICY exact ON narrow(c) TO PUBLIC"
    )


def test_what_masks_cannot_be_attached_to(example):
    """t_ddm-considerations: system tables, temporary ones; and, for who attaches, r_ATTACH_MASKING_POLICY."""
    example.run("CREATE TEMP TABLE t (credit_card VARCHAR(256))")
    example.run("CREATE MASKING POLICY hidden WITH (polname VARCHAR(128)) USING ('x'::VARCHAR(128))")
    for relation in ("t(credit_card)", "svv_rls_policy(polname)", "pg_catalog.svv_rls_policy(polname)"):
        policy = "hidden" if "svv" in relation else "mask_credit_card_full"
        said = example.refused(f"ATTACH MASKING POLICY {policy} ON {relation} TO PUBLIC")
        assert said[0] in ("0A000", "42P01", "3F000", "42501"), relation
    for path in ("credit_card.number", "credit_card[0]"):
        said = example.refused(
            f"ATTACH MASKING POLICY mask_credit_card_full ON credit_cards({path}) TO PUBLIC"
        )
        assert said[0] == "0A000"  # t_ddm-super, which the stand-in has not
    both = "ATTACH MASKING POLICY mask_credit_card_full ON credit_cards(credit_card) TO regular_user, PUBLIC"
    assert example.refused(both)[0] in ("0A000", "42601")
    example.run("SET SESSION AUTHORIZATION regular_user")
    for sql in (
        "CREATE MASKING POLICY own WITH (a INT) USING (a)",
        "ALTER MASKING POLICY mask_credit_card_full USING (credit_card)",
        "ATTACH MASKING POLICY mask_credit_card_full ON credit_cards(credit_card) TO PUBLIC",
        "DETACH MASKING POLICY mask_credit_card_full ON credit_cards(credit_card) FROM PUBLIC",
        "DROP MASKING POLICY mask_credit_card_full",
    ):
        assert example.refused(sql)[0] == "42501", sql


def test_the_security_administrator_runs_the_example(example):
    """t_ddm: "You must be a superuser or have the sys:secadmin role to run this example." """
    example.run("CREATE USER bob WITH PASSWORD '1234Test!';\nGRANT ROLE sys:secadmin TO bob")
    example.run("SET SESSION AUTHORIZATION bob")
    example.run(ATTACH)
    example.run("ALTER MASKING POLICY mask_credit_card_full USING ('none'::TEXT)")
    example.run("RESET SESSION AUTHORIZATION")
    assert seen_by(example, "regular_user") == ["none"] * 6
    assert seen_by(example, "bob") == ["none"] * 6
