"""RLD-43x to RLD-45x: what the warehouse's own catalogue says."""

from infra.provision.doctor.fault import Fault

NO_TABLE = Fault(
    code="RLD-430",
    title="A table that the app asks is not there",
    why="Each page's query names it.",
    cure="`python -m infra.provision apply` (infra/sql/ makes {table})",
    shows=("RL-420",),
)
ROLE_MISNAMED = Fault(
    code="RLD-431",
    title="A group's role has another spelling than the group",
    why="Redshift gives the role whose name is namespace:group to the letter, upper and lower case included;"
    " one that is nearly so is nobody's.",
    cure='As the warehouse\'s admin: `ALTER ROLE "{found}" RENAME TO "{wanted}";`, which keeps its grants'
    " and policies.",
    shows=("RL-410", "RL-412"),
)
NO_ROLE = Fault(
    code="RLD-432",
    title="A group has no role in the warehouse",
    why="Redshift gives roles that exist; it makes none for a group.",
    cure='`python -m infra.provision apply`, or as the warehouse\'s admin: `CREATE ROLE "{wanted}";`, then'
    " its grants and its policy.",
    shows=("RL-410",),
)
RLS_OFF = Fault(
    code="RLD-433",
    title="Row-level security is off",
    why="Whoever may read the table sees every row of it, whatever policies are attached.",
    cure="As the warehouse's admin: `ALTER TABLE {table} ROW LEVEL SECURITY ON CONJUNCTION TYPE OR;`",
    fixable=True,
)
JOINED_BY_AND = Fault(
    code="RLD-434",
    title="Several policies must hold at once",
    why="Under the conjunction AND, Redshift's default, somebody in two groups sees the rows that are in"
    " both, which are mostly none.",
    cure="As the warehouse's admin: `ALTER TABLE {table} ROW LEVEL SECURITY ON CONJUNCTION TYPE OR;`",
    severity="warning",
    shows=("RL-412",),
)
NO_POLICY = Fault(
    code="RLD-435",
    title="A role may read the table, and no policy lets a row through",
    why="With row-level security on, who has no policy sees no row.",
    cure='As the warehouse\'s admin: `ATTACH RLS POLICY {policy} ON {table} TO ROLE "{role}";`'
    " (`SELECT polname, polqual FROM svv_rls_policy;` lists them); whom all rows are meant for needs"
    " IGNORE RLS in its place.",
    shows=("RL-412",),
)
NO_SELECT = Fault(
    code="RLD-436",
    title="A role may not read the table",
    why="Row-level security takes rows away and grants nothing.",
    cure='As the warehouse\'s admin: `GRANT SELECT ON {table} TO ROLE "{role}";`',
    shows=("RL-410",),
)
NO_USAGE = Fault(
    code="RLD-437",
    title="A role may read the table, and may not use its schema",
    why="Both are needed: USAGE of the schema, and SELECT.",
    cure='As the warehouse\'s admin: `GRANT USAGE ON SCHEMA {schema} TO ROLE "{role}";`',
    shows=("RL-410",),
)
NO_EXPLAIN = Fault(
    code="RLD-438",
    title="A role has no EXPLAIN RLS",
    why="The app then says that row-level security is on, and not by which condition.",
    cure='As the warehouse\'s admin: `GRANT EXPLAIN RLS TO ROLE "{role}";`',
    severity="warning",
    fixable=True,
)
SEES_ALL_ROWS = Fault(
    code="RLD-439",
    title="A role sees every row, and rowlight.toml does not say so",
    why="IGNORE RLS lifts all policies of all tables that the role may read.",
    cure='As the warehouse\'s admin: `REVOKE IGNORE RLS FROM ROLE "{role}";`, or say all_rows = true for the'
    " group {group} in rowlight.toml.",
)
NO_PERSONAL_TABLE = Fault(
    code="RLD-440",
    title="PERSONAL_TABLES is on, and the tables are not there",
    why="Saved views and alerts are kept in the warehouse.",
    cure="`python -m infra.provision apply` (infra/sql/60_personal.sql), or PERSONAL_TABLES=off",
    shows=("RL-420",),
)
PERSONAL_NOT_GRANTED = Fault(
    code="RLD-441",
    title="A role may not keep views and alerts",
    why="The app reads, adds and takes away a person's own rows in these tables.",
    cure='As the warehouse\'s admin: `GRANT USAGE ON SCHEMA rowlight TO ROLE "{role}"; GRANT SELECT, INSERT,'
    ' DELETE ON {table} TO ROLE "{role}";`',
    severity="warning",
    shows=("RL-410",),
)
PERSONAL_OPEN = Fault(
    code="RLD-442",
    title="Saved views or alerts are not kept apart",
    why="Without row-level security, each person reads what the others saved.",
    cure="As the warehouse's admin: `ALTER TABLE {table} ROW LEVEL SECURITY ON;`",
    fixable=True,
)
