-- Loaded before anybody is granted anything, and once: COPY appends.
-- unless: SELECT 1 FROM public.sales_data LIMIT 1
COPY public.sales_data
FROM '{data_location}'
IAM_ROLE default
{data_format};
