-- Row-level security: who has one of these policies sees the rows for which its condition holds.
-- for each policy:
-- makes: policy | {policy} | |
CREATE RLS POLICY {policy} WITH ({columns}) USING ({condition});

-- A policy that was there already may have had another condition.
-- for each policy:
-- makes: policy | {policy} | |
-- unless: SELECT polqual FROM svv_rls_policy WHERE polname = '{policy}'
-- means: {condition}
ALTER RLS POLICY {policy} USING ({condition});

-- for each policy of a group:
-- makes: attachment | {policy} | {table} | {role}
ATTACH RLS POLICY {policy} ON {table} TO ROLE "{role}";

-- OR: somebody in two regions sees the rows of both. Under AND, Redshift's default, a row would have to be in
-- both regions at once, and they would see nothing.
-- for each table:
-- unless: SELECT 1 FROM svv_rls_relation
--   WHERE relschema = '{schema}' AND relname = '{relation}' AND is_rls_on AND TRIM(rls_conjunction_type) = 'or'
-- makes: row-level security | | {table} |
ALTER TABLE {table} ROW LEVEL SECURITY ON CONJUNCTION TYPE OR;
