-- What of all this is made here, so that `destroy` takes back that and nothing that was there before.
-- makes: schema | rowlight | |
CREATE SCHEMA IF NOT EXISTS rowlight;
-- makes: table | | rowlight.provisioned |
CREATE TABLE IF NOT EXISTS rowlight.provisioned (
    kind VARCHAR(32) NOT NULL,
    name VARCHAR(400) NOT NULL,
    relation VARCHAR(400) NOT NULL,
    grantee VARCHAR(400) NOT NULL,
    made_at TIMESTAMP NOT NULL
);
