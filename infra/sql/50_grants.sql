-- Row-level security takes rows away and grants nothing: each role still needs USAGE and SELECT. These come last,
-- when row-level security is on, so that nobody ever sees more than their rows.
-- for each schema that a group reads:
-- makes: schema grant | USAGE | {schema} | {role}
GRANT USAGE ON SCHEMA {schema} TO ROLE "{role}";
-- for each table that a group reads:
-- makes: grant | SELECT | {table} | {role}
GRANT SELECT ON {table} TO ROLE "{role}";
-- for each group that sees all rows:
-- makes: system grant | IGNORE RLS | | {role}
GRANT IGNORE RLS TO ROLE "{role}";

-- A plan then tells people the condition of the policies that hold for them, which the app says in words; it never
-- tells rows. Without it the app says that row-level security is on, and not by which condition.
-- for each group that reads:
-- makes: system grant | EXPLAIN RLS | | {role}
GRANT EXPLAIN RLS TO ROLE "{role}";

-- The administrators see how the warehouse is used, and no row of sales.
-- for each group that administers:
-- makes: system grant | ACCESS SYSTEM TABLE | | {role}
GRANT ACCESS SYSTEM TABLE TO ROLE "{role}";
