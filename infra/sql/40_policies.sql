-- Row-level security: each region's role sees the rows of its time zones.
-- unless: SELECT 1 FROM svv_rls_policy WHERE polname = 'amer_region_filter'
CREATE RLS POLICY amer_region_filter WITH (timezone VARCHAR(50)) USING (timezone LIKE 'America%');
-- unless: SELECT 1 FROM svv_rls_policy WHERE polname = 'eu_region_filter'
CREATE RLS POLICY eu_region_filter WITH (timezone VARCHAR(50)) USING (timezone LIKE 'Europe%');
-- unless: SELECT 1 FROM svv_rls_policy WHERE polname = 'apac_region_filter'
CREATE RLS POLICY apac_region_filter WITH (timezone VARCHAR(50)) USING (timezone LIKE 'Asia%');

-- A policy that was there already may have had another condition.
ALTER RLS POLICY amer_region_filter USING (timezone LIKE 'America%');
ALTER RLS POLICY eu_region_filter USING (timezone LIKE 'Europe%');
ALTER RLS POLICY apac_region_filter USING (timezone LIKE 'Asia%');

-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'public' AND relname = 'sales_data'
--   AND polname = 'amer_region_filter' AND grantee = '{namespace}:amer-sales'
ATTACH RLS POLICY amer_region_filter ON public.sales_data TO ROLE "{namespace}:amer-sales";
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'public' AND relname = 'sales_data'
--   AND polname = 'eu_region_filter' AND grantee = '{namespace}:emea-sales'
ATTACH RLS POLICY eu_region_filter ON public.sales_data TO ROLE "{namespace}:emea-sales";
-- unless: SELECT 1 FROM svv_rls_attached_policy
--   WHERE relschema = 'public' AND relname = 'sales_data'
--   AND polname = 'apac_region_filter' AND grantee = '{namespace}:apac-sales'
ATTACH RLS POLICY apac_region_filter ON public.sales_data TO ROLE "{namespace}:apac-sales";

-- OR: somebody in two regions sees the rows of both. Under AND, Redshift's default, a row would have to be in
-- both regions at once, and they would see nothing.
ALTER TABLE public.sales_data ROW LEVEL SECURITY ON CONJUNCTION TYPE OR;
