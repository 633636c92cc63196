-- Loaded before anybody is granted anything, and once: COPY appends.
-- for each table to be loaded:
-- unless: SELECT 1 FROM {table} LIMIT 1
COPY {table}
FROM '{location}'
IAM_ROLE {copy_role}
{format};
