CREATE SCHEMA IF NOT EXISTS rowlight;
CREATE TABLE IF NOT EXISTS rowlight.provisioned (
    kind VARCHAR(32) NOT NULL,
    name VARCHAR(400) NOT NULL,
    relation VARCHAR(400) NOT NULL,
    grantee VARCHAR(400) NOT NULL,
    made_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS public.sales_data (
    sku VARCHAR(50),
    product_name VARCHAR(255),
    category VARCHAR(100),
    quantity INT,
    sales_price DECIMAL(10,2),
    timestamp TIMESTAMP,
    city VARCHAR(100),
    region_code VARCHAR(10),
    country VARCHAR(10),
    latitude DECIMAL(10,6),
    longitude DECIMAL(10,6),
    population INT,
    elevation INT,
    timezone VARCHAR(50)
);
COPY public.sales_data
FROM 's3://sales-data/sales_data/'
IAM_ROLE default
FORMAT AS PARQUET;
CREATE ROLE "AWSIDC:amer-sales";
CREATE ROLE "AWSIDC:emea-sales";
CREATE ROLE "AWSIDC:apac-sales";
CREATE ROLE "AWSIDC:exec-global";
CREATE ROLE "AWSIDC:analytics-admins";
CREATE RLS POLICY amer_region_filter WITH (timezone VARCHAR(50)) USING (timezone LIKE 'America%');
CREATE RLS POLICY eu_region_filter WITH (timezone VARCHAR(50)) USING (timezone LIKE 'Europe%');
CREATE RLS POLICY apac_region_filter WITH (timezone VARCHAR(50)) USING (timezone LIKE 'Asia%');
ALTER RLS POLICY amer_region_filter USING (timezone LIKE 'America%');
ALTER RLS POLICY eu_region_filter USING (timezone LIKE 'Europe%');
ALTER RLS POLICY apac_region_filter USING (timezone LIKE 'Asia%');
ATTACH RLS POLICY amer_region_filter ON public.sales_data TO ROLE "AWSIDC:amer-sales";
ATTACH RLS POLICY eu_region_filter ON public.sales_data TO ROLE "AWSIDC:emea-sales";
ATTACH RLS POLICY apac_region_filter ON public.sales_data TO ROLE "AWSIDC:apac-sales";
ALTER TABLE public.sales_data ROW LEVEL SECURITY ON CONJUNCTION TYPE OR;
GRANT USAGE ON SCHEMA public TO ROLE "AWSIDC:amer-sales";
GRANT USAGE ON SCHEMA public TO ROLE "AWSIDC:emea-sales";
GRANT USAGE ON SCHEMA public TO ROLE "AWSIDC:apac-sales";
GRANT USAGE ON SCHEMA public TO ROLE "AWSIDC:exec-global";
GRANT SELECT ON public.sales_data TO ROLE "AWSIDC:amer-sales";
GRANT SELECT ON public.sales_data TO ROLE "AWSIDC:emea-sales";
GRANT SELECT ON public.sales_data TO ROLE "AWSIDC:apac-sales";
GRANT SELECT ON public.sales_data TO ROLE "AWSIDC:exec-global";
GRANT IGNORE RLS TO ROLE "AWSIDC:exec-global";
GRANT EXPLAIN RLS TO ROLE "AWSIDC:amer-sales";
GRANT EXPLAIN RLS TO ROLE "AWSIDC:emea-sales";
GRANT EXPLAIN RLS TO ROLE "AWSIDC:apac-sales";
GRANT EXPLAIN RLS TO ROLE "AWSIDC:exec-global";
GRANT ACCESS SYSTEM TABLE TO ROLE "AWSIDC:analytics-admins";
CREATE TABLE IF NOT EXISTS rowlight.saved_views (
    owner VARCHAR(128) NOT NULL,
    name VARCHAR(400) NOT NULL,
    page VARCHAR(64) NOT NULL,
    address VARCHAR(2048) NOT NULL,
    saved_at TIMESTAMP NOT NULL
);
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
CREATE RLS POLICY rowlight_own_rows WITH (owner VARCHAR(128)) USING (owner = current_user);
ALTER RLS POLICY rowlight_own_rows USING (owner = current_user);
ATTACH RLS POLICY rowlight_own_rows ON rowlight.saved_views TO ROLE "AWSIDC:amer-sales";
ATTACH RLS POLICY rowlight_own_rows ON rowlight.saved_views TO ROLE "AWSIDC:emea-sales";
ATTACH RLS POLICY rowlight_own_rows ON rowlight.saved_views TO ROLE "AWSIDC:apac-sales";
ATTACH RLS POLICY rowlight_own_rows ON rowlight.saved_views TO ROLE "AWSIDC:exec-global";
ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "AWSIDC:amer-sales";
ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "AWSIDC:emea-sales";
ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "AWSIDC:apac-sales";
ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "AWSIDC:exec-global";
ALTER TABLE rowlight.saved_views ROW LEVEL SECURITY ON;
ALTER TABLE rowlight.alerts ROW LEVEL SECURITY ON;
GRANT USAGE ON SCHEMA rowlight TO ROLE "AWSIDC:amer-sales";
GRANT USAGE ON SCHEMA rowlight TO ROLE "AWSIDC:emea-sales";
GRANT USAGE ON SCHEMA rowlight TO ROLE "AWSIDC:apac-sales";
GRANT USAGE ON SCHEMA rowlight TO ROLE "AWSIDC:exec-global";
GRANT SELECT, INSERT, DELETE ON rowlight.saved_views TO ROLE "AWSIDC:amer-sales";
GRANT SELECT, INSERT, DELETE ON rowlight.saved_views TO ROLE "AWSIDC:emea-sales";
GRANT SELECT, INSERT, DELETE ON rowlight.saved_views TO ROLE "AWSIDC:apac-sales";
GRANT SELECT, INSERT, DELETE ON rowlight.saved_views TO ROLE "AWSIDC:exec-global";
GRANT SELECT, INSERT, DELETE ON rowlight.alerts TO ROLE "AWSIDC:amer-sales";
GRANT SELECT, INSERT, DELETE ON rowlight.alerts TO ROLE "AWSIDC:emea-sales";
GRANT SELECT, INSERT, DELETE ON rowlight.alerts TO ROLE "AWSIDC:apac-sales";
GRANT SELECT, INSERT, DELETE ON rowlight.alerts TO ROLE "AWSIDC:exec-global";
CREATE OR REPLACE VIEW rowlight.rows_of_sales_data AS
SELECT timezone, region_code, country, category, COUNT(*) AS row_count
FROM public.sales_data
GROUP BY timezone, region_code, country, category;
GRANT IGNORE RLS TO ROLE "AWSIDC:analytics-admins";
GRANT USAGE ON SCHEMA rowlight TO ROLE "AWSIDC:analytics-admins";
GRANT SELECT ON rowlight.rows_of_sales_data TO ROLE "AWSIDC:analytics-admins";
