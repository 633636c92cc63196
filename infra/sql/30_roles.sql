-- IAM Identity Center's groups arrive as roles named namespace:group; a role that does not exist is not granted.
-- unless: SELECT 1 FROM svv_roles WHERE role_name = '{namespace}:amer-sales'
CREATE ROLE "{namespace}:amer-sales";
-- unless: SELECT 1 FROM svv_roles WHERE role_name = '{namespace}:emea-sales'
CREATE ROLE "{namespace}:emea-sales";
-- unless: SELECT 1 FROM svv_roles WHERE role_name = '{namespace}:apac-sales'
CREATE ROLE "{namespace}:apac-sales";
-- unless: SELECT 1 FROM svv_roles WHERE role_name = '{namespace}:exec-global'
CREATE ROLE "{namespace}:exec-global";
-- unless: SELECT 1 FROM svv_roles WHERE role_name = '{namespace}:analytics-admins'
CREATE ROLE "{namespace}:analytics-admins";
