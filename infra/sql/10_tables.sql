-- for each schema to be made:
-- makes: schema | {schema} | |
CREATE SCHEMA IF NOT EXISTS {schema};

-- The sales of the company: one row for each order line.
-- for each sales table to be made:
-- makes: table | | public.sales_data |
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

-- for each other table to be made:
-- makes: table | | {table} |
CREATE TABLE IF NOT EXISTS {table} (
    {columns}
);
