"""The worked examples of roles in Redshift's documentation, with its answers."""

import pytest

from tests.infra.local.warehouse.access.documented import Documented

DENIED = "42501"

ROLES = """
CREATE USER user1 PASSWORD DISABLE;
CREATE USER user2 PASSWORD DISABLE;
CREATE ROLE sample_role1;
CREATE ROLE sample_role2;
CREATE ROLE sample_role3;
CREATE TABLE readable (a INT);
GRANT SELECT ON readable TO ROLE sample_role1;
"""
CIRCLE = "ERROR: cannot grant this role, a circular dependency was detected between these roles"


@pytest.fixture
def example():
    return Documented()


def test_a_role_is_granted_on_with_the_admin_option(example):
    """r_GRANT-examples: user1 grants sample_role1 to user2."""
    example.run(ROLES)
    example.run("GRANT ROLE sample_role1 TO user1")
    assert example.as_user("user1", "GRANT ROLE sample_role1 TO user2")[0] == DENIED
    example.run("GRANT ROLE sample_role1 TO user1 WITH ADMIN OPTION")
    assert example.as_user("user1", "GRANT ROLE sample_role1 TO user2") == 0
    assert example.as_user("user2", "SELECT * FROM readable") == []
    # r_REVOKE-examples
    example.run("REVOKE ADMIN OPTION FOR ROLE sample_role1 FROM user1")
    assert example.as_user("user1", "GRANT ROLE sample_role1 TO user2")[0] == DENIED
    assert example.as_user("user1", "SELECT * FROM readable") == []
    example.run("REVOKE ROLE sample_role1 FROM user1")
    assert example.as_user("user1", "SELECT * FROM readable")[0] == DENIED


def test_roles_have_roles_but_no_circle(example):
    """r_GRANT-examples, t_role_hierarchy: a user of the third role has what the first one has."""
    example.run(ROLES)
    example.run("GRANT ROLE sample_role1 TO ROLE sample_role2;\nGRANT ROLE sample_role2 TO ROLE sample_role3")
    for role in ("sample_role3", "sample_role2"):
        to = "sample_role2" if role == "sample_role3" else "sample_role1"
        assert example.refused(f"GRANT ROLE {role} TO ROLE {to}") == ("0LP01", CIRCLE)
    assert example.refused("GRANT ROLE sample_role3 TO ROLE sample_role1") == ("0LP01", CIRCLE)
    example.run("GRANT ROLE sample_role3 TO user1")
    assert example.as_user("user1", "SELECT * FROM readable") == []
    example.run("REVOKE ROLE sample_role1 FROM ROLE sample_role2")
    assert example.as_user("user1", "SELECT * FROM readable")[0] == DENIED


def test_several_roles_at_once(example):
    """r_REVOKE-examples: sample_role1 and sample_role2, from a user and from a role."""
    example.run(ROLES)
    for whom in ("user1", "ROLE sample_role3"):
        example.run(f"GRANT ROLE sample_role1, ROLE sample_role2 TO {whom}")
        example.run(f"REVOKE ROLE sample_role1, ROLE sample_role2 FROM {whom}")
    assert example.as_user("user1", "SELECT * FROM readable")[0] == DENIED


def test_a_role_that_is_granted_is_dropped_by_force(example):
    """r_DROP_ROLE: RESTRICT is the default; its two errors, and FORCE."""
    example.run(ROLES)
    example.run("GRANT ROLE sample_role1 TO user1")
    said = example.refused("DROP ROLE sample_role1")
    assert said[1] == "ERROR: cannot drop this role since it has been granted on a user"
    example.run("DROP ROLE sample_role1 FORCE")
    example.run("CREATE ROLE sample_role1;\nGRANT ROLE sample_role1 TO ROLE sample_role2")
    said = example.refused("DROP ROLE sample_role2")
    assert said[1] == "ERROR: cannot drop this role since it depends on another role"
    example.run("DROP ROLE sample_role2 FORCE")


def test_system_privileges_are_roles_alone(example):
    """r_GRANT-examples, r_REVOKE-examples: CREATE USER; CREATE SCHEMA and DROP SCHEMA; sys:dba."""
    example.run(ROLES)
    example.run("GRANT CREATE USER TO ROLE sample_role1;\nGRANT ROLE sample_role1 TO user1")
    assert example.as_user("user1", "CREATE USER user3 PASSWORD DISABLE") == 0
    assert example.as_user("user1", "CREATE USER user4 PASSWORD DISABLE CREATEUSER")[0] == DENIED
    assert example.as_user("user2", "CREATE USER user5 PASSWORD DISABLE")[0] == DENIED
    example.run("GRANT CREATE SCHEMA, DROP SCHEMA TO ROLE sample_role1")
    assert example.as_user("user1", "CREATE SCHEMA s") == 0
    assert example.as_user("user1", "DROP SCHEMA s") == 0
    example.run("REVOKE CREATE SCHEMA, DROP SCHEMA FROM ROLE sample_role1")
    assert example.as_user("user1", "CREATE SCHEMA s")[0] == DENIED
    assert example.refused("GRANT CREATE USER TO user1")[0] == "0LP01"
    example.run("GRANT ROLE sys:dba TO user2")
    assert example.as_user("user2", "CREATE SCHEMA s") == 0
    assert example.as_user("user2", "TRUNCATE readable") == 0
    assert example.as_user("user2", "SELECT * FROM readable")[0] == DENIED
    example.run("REVOKE ROLE sys:DBA FROM user2")
    assert example.as_user("user2", "TRUNCATE readable")[0] == DENIED


def test_names_that_no_role_can_have(example):
    """r_role-usage-notes: no user's name, no reserved word, no prefix `sys:`."""
    example.run("CREATE USER alice PASSWORD DISABLE")
    for name in ("alice", "public", '"sys:own"'):
        assert example.refused(f"CREATE ROLE {name}")[0] in ("42710", "42939"), name
