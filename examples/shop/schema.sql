-- The shop's database. `stock` belongs to the inventory, the rest to orders.
CREATE TABLE products (
    sku text PRIMARY KEY,
    name text NOT NULL,
    cents integer NOT NULL
);
CREATE TABLE reviews (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL REFERENCES products,
    stars integer NOT NULL,
    body text NOT NULL
);
CREATE TABLE orders (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer text NOT NULL,
    sku text NOT NULL REFERENCES products,
    quantity integer NOT NULL,
    cents integer NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE stock (
    sku text PRIMARY KEY,
    quantity integer NOT NULL CHECK (quantity >= 0)
);

INSERT INTO products VALUES
    ('kettle', 'Kettle', 3900),
    ('mug', 'Mug', 900),
    ('teapot', 'Teapot', 4500),
    ('green-tea', 'Green tea', 700),
    ('black-tea', 'Black tea', 600),
    ('gift-card', 'Gift card', 5000),
    ('samovar', 'Samovar', 24900);
INSERT INTO reviews (sku, stars, body)
SELECT sku, 3 + n % 3, 'Bought it again.' FROM products, generate_series(1, 4) AS n;
-- The samovar is sold out.
INSERT INTO stock SELECT sku, CASE sku WHEN 'samovar' THEN 0 ELSE 1000000 END FROM products;
-- Somebody with enough orders to make one query per order noticeable.
INSERT INTO orders (customer, sku, quantity, cents)
SELECT 'ada', sku, 1, cents FROM products, generate_series(1, 4) WHERE sku <> 'samovar';
