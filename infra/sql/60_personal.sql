-- What people keep for themselves in the app, where PERSONAL_TABLES is on: saved views, and alerts.
-- makes: table | | rowlight.saved_views |
CREATE TABLE IF NOT EXISTS rowlight.saved_views (
    owner VARCHAR(128) NOT NULL,
    name VARCHAR(400) NOT NULL,
    page VARCHAR(64) NOT NULL,
    address VARCHAR(2048) NOT NULL,
    saved_at TIMESTAMP NOT NULL
);
-- A figure to watch: the sales of the last so many days for which each column that is not NULL has that value.
-- makes: table | | rowlight.alerts |
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
-- makes: policy | rowlight_own_rows | |
CREATE RLS POLICY rowlight_own_rows WITH (owner VARCHAR(128)) USING (owner = current_user);
-- makes: policy | rowlight_own_rows | |
-- unless: SELECT polqual FROM svv_rls_policy WHERE polname = 'rowlight_own_rows'
-- means: owner = current_user
ALTER RLS POLICY rowlight_own_rows USING (owner = current_user);
-- for each group that reads:
-- makes: attachment | rowlight_own_rows | rowlight.saved_views | {role}
ATTACH RLS POLICY rowlight_own_rows ON rowlight.saved_views TO ROLE "{role}";
-- for each group that reads:
-- makes: attachment | rowlight_own_rows | rowlight.alerts | {role}
ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "{role}";
-- makes: row-level security | | rowlight.saved_views |
ALTER TABLE rowlight.saved_views ROW LEVEL SECURITY ON;
-- makes: row-level security | | rowlight.alerts |
ALTER TABLE rowlight.alerts ROW LEVEL SECURITY ON;

-- Row-level security does not hold for INSERT: whoever may write can write in anybody's name. The app writes
-- current_user alone, and takes what it reads here for anybody's text.
-- for each group that reads:
-- makes: schema grant | USAGE | rowlight | {role}
GRANT USAGE ON SCHEMA rowlight TO ROLE "{role}";
-- for each group that reads:
-- makes: grant | SELECT, INSERT, DELETE | rowlight.saved_views | {role}
GRANT SELECT, INSERT, DELETE ON rowlight.saved_views TO ROLE "{role}";
-- for each group that reads:
-- makes: grant | SELECT, INSERT, DELETE | rowlight.alerts | {role}
GRANT SELECT, INSERT, DELETE ON rowlight.alerts TO ROLE "{role}";
