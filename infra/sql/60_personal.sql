-- What people keep for themselves in the app, where PERSONAL_TABLES is on: saved views, and alerts.
CREATE SCHEMA IF NOT EXISTS rowlight;
CREATE TABLE IF NOT EXISTS rowlight.saved_views (
    owner VARCHAR(128) NOT NULL,
    name VARCHAR(400) NOT NULL,
    page VARCHAR(64) NOT NULL,
    address VARCHAR(2048) NOT NULL,
    saved_at TIMESTAMP NOT NULL
);
-- A figure to watch: the sales of the last so many days for which each column that is not NULL has that value.
CREATE TABLE IF NOT EXISTS rowlight.alerts (
    owner VARCHAR(128) NOT NULL,
    region VARCHAR(10),
    country VARCHAR(10),
    category VARCHAR(100),
    product VARCHAR(255),
    place VARCHAR(112),
    days INTEGER NOT NULL,
    direction VARCHAR(5) NOT NULL,
    threshold DECIMAL(18,2) NOT NULL,
    saved_at TIMESTAMP NOT NULL
);

-- Each sees, and takes away, their own rows alone. Attached to each role: SVV_RLS_ATTACHED_POLICY is documented
-- for users and roles, and does not say how it lists PUBLIC.
-- unless: SELECT 1 FROM svv_rls_policy WHERE polname = 'rowlight_own_rows'
CREATE RLS POLICY rowlight_own_rows WITH (owner VARCHAR(128)) USING (owner = current_user);
ALTER RLS POLICY rowlight_own_rows USING (owner = current_user);
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'rowlight' AND relname = 'saved_views'
--   AND polname = 'rowlight_own_rows' AND grantee = '{namespace}:amer-sales'
ATTACH RLS POLICY rowlight_own_rows ON rowlight.saved_views TO ROLE "{namespace}:amer-sales";
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'rowlight' AND relname = 'saved_views'
--   AND polname = 'rowlight_own_rows' AND grantee = '{namespace}:emea-sales'
ATTACH RLS POLICY rowlight_own_rows ON rowlight.saved_views TO ROLE "{namespace}:emea-sales";
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'rowlight' AND relname = 'saved_views'
--   AND polname = 'rowlight_own_rows' AND grantee = '{namespace}:apac-sales'
ATTACH RLS POLICY rowlight_own_rows ON rowlight.saved_views TO ROLE "{namespace}:apac-sales";
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'rowlight' AND relname = 'saved_views'
--   AND polname = 'rowlight_own_rows' AND grantee = '{namespace}:exec-global'
ATTACH RLS POLICY rowlight_own_rows ON rowlight.saved_views TO ROLE "{namespace}:exec-global";
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'rowlight' AND relname = 'alerts'
--   AND polname = 'rowlight_own_rows' AND grantee = '{namespace}:amer-sales'
ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "{namespace}:amer-sales";
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'rowlight' AND relname = 'alerts'
--   AND polname = 'rowlight_own_rows' AND grantee = '{namespace}:emea-sales'
ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "{namespace}:emea-sales";
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'rowlight' AND relname = 'alerts'
--   AND polname = 'rowlight_own_rows' AND grantee = '{namespace}:apac-sales'
ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "{namespace}:apac-sales";
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'rowlight' AND relname = 'alerts'
--   AND polname = 'rowlight_own_rows' AND grantee = '{namespace}:exec-global'
ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "{namespace}:exec-global";
ALTER TABLE rowlight.saved_views ROW LEVEL SECURITY ON;
ALTER TABLE rowlight.alerts ROW LEVEL SECURITY ON;

-- Row-level security does not hold for INSERT: whoever may write can write in anybody's name. The app writes
-- current_user alone, and takes what it reads here for anybody's text.
GRANT USAGE ON SCHEMA rowlight TO
    ROLE "{namespace}:amer-sales",
    ROLE "{namespace}:emea-sales",
    ROLE "{namespace}:apac-sales",
    ROLE "{namespace}:exec-global";
GRANT SELECT, INSERT, DELETE ON rowlight.saved_views, rowlight.alerts TO
    ROLE "{namespace}:amer-sales",
    ROLE "{namespace}:emea-sales",
    ROLE "{namespace}:apac-sales",
    ROLE "{namespace}:exec-global";
