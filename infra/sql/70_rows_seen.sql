-- For the administrators' page: how many rows a policy lets through, and never a row. It has the columns that
-- policies read and a count, so that a policy's own condition can be counted by who has no SELECT on the table.
-- makes: view | | rowlight.rows_of_sales_data |
CREATE OR REPLACE VIEW rowlight.rows_of_sales_data AS
SELECT timezone, region_code, country, category, COUNT(*) AS row_count
FROM public.sales_data
GROUP BY timezone, region_code, country, category;

-- A table's policies hold for whoever reads a view of it, so that without IGNORE RLS every count would be 0. It
-- grants nothing by itself; but who is also in a group that has SELECT then sees every row.
-- for each group that administers:
-- makes: system grant | IGNORE RLS | | {role}
GRANT IGNORE RLS TO ROLE "{role}";
-- for each group that administers:
-- makes: schema grant | USAGE | rowlight | {role}
GRANT USAGE ON SCHEMA rowlight TO ROLE "{role}";
-- for each group that administers:
-- makes: grant | SELECT | rowlight.rows_of_sales_data | {role}
GRANT SELECT ON rowlight.rows_of_sales_data TO ROLE "{role}";
