-- IAM Identity Center's groups arrive as roles named namespace:group; a role that does not exist is not granted.
-- for each group:
-- makes: role | {role} | |
CREATE ROLE "{role}";
