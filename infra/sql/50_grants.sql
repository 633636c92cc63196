-- Row-level security takes rows away and grants nothing: each role still needs USAGE and SELECT. These come last,
-- when row-level security is on, so that nobody ever sees more than their rows.
GRANT USAGE ON SCHEMA public TO
    ROLE "{namespace}:amer-sales",
    ROLE "{namespace}:emea-sales",
    ROLE "{namespace}:apac-sales",
    ROLE "{namespace}:exec-global";
GRANT SELECT ON public.sales_data TO
    ROLE "{namespace}:amer-sales",
    ROLE "{namespace}:emea-sales",
    ROLE "{namespace}:apac-sales",
    ROLE "{namespace}:exec-global";
GRANT IGNORE RLS TO ROLE "{namespace}:exec-global";

-- A plan then tells people the condition of the policies that hold for them, which the app says in words; it never
-- tells rows. Without it the app says that row-level security is on, and not by which condition.
GRANT EXPLAIN RLS TO
    ROLE "{namespace}:amer-sales",
    ROLE "{namespace}:emea-sales",
    ROLE "{namespace}:apac-sales",
    ROLE "{namespace}:exec-global";

-- The administrators see how the warehouse is used, and no row of sales.
GRANT ACCESS SYSTEM TABLE TO ROLE "{namespace}:analytics-admins";
