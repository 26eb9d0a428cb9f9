CREATE TABLE categories (
    id SERIAL PRIMARY KEY,
    name VARCHAR(50) NOT NULL UNIQUE,
    parent_id INTEGER REFERENCES categories(id)
);
CREATE TABLE customers (
    id SERIAL PRIMARY KEY,
    first_name VARCHAR(50) NOT NULL,
    last_name VARCHAR(50) NOT NULL,
    email VARCHAR(255) NOT NULL UNIQUE,
    phone VARCHAR(20),
    birth_date DATE,
    created_at TIMESTAMP NOT NULL DEFAULT now(),
    is_active BOOLEAN NOT NULL,
    n_orders INTEGER NOT NULL
);
CREATE TABLE addresses (
    id SERIAL PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers(id),
    street VARCHAR(100) NOT NULL,
    city VARCHAR(60) NOT NULL,
    postal_code VARCHAR(12),
    country_code CHAR(2) NOT NULL,
    latitude DECIMAL(9,6),
    longitude DECIMAL(9,6)
);
CREATE TABLE products (
    id SERIAL PRIMARY KEY,
    category_id INTEGER NOT NULL REFERENCES categories(id),
    sku VARCHAR(20) NOT NULL UNIQUE,
    name VARCHAR(120) NOT NULL,
    description TEXT,
    price NUMERIC(10,2) NOT NULL CHECK (price > 0),
    stock INTEGER NOT NULL CHECK (stock >= 0),
    weight REAL,
    color VARCHAR(20),
    rating NUMERIC(2,1) CHECK (rating BETWEEN 1 AND 5)
);
CREATE TABLE orders (
    id SERIAL PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers(id),
    address_id INTEGER REFERENCES addresses(id),
    ordered_at TIMESTAMP NOT NULL,
    shipped_at TIMESTAMP,
    delivered_at TIMESTAMP,
    status VARCHAR(12) NOT NULL CHECK (status IN ('pending','paid','shipped','delivered','cancelled')),
    subtotal NUMERIC(12,2),
    tax NUMERIC(12,2),
    total NUMERIC(12,2) NOT NULL,
    currency CHAR(3) NOT NULL,
    CHECK (shipped_at >= ordered_at)
);
CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders(id),
    line_no SMALLINT NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products(id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_price NUMERIC(10,2) NOT NULL,
    discount NUMERIC(3,2) NOT NULL,
    line_total NUMERIC(12,2),
    PRIMARY KEY (order_id, line_no)
);
CREATE TABLE reviews (
    id SERIAL PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products(id),
    customer_id INTEGER NOT NULL REFERENCES customers(id),
    stars SMALLINT NOT NULL CHECK (stars BETWEEN 1 AND 5),
    title VARCHAR(100),
    body TEXT,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (product_id, customer_id)
);
CREATE TABLE payments (
    id SERIAL PRIMARY KEY,
    order_id INTEGER NOT NULL UNIQUE REFERENCES orders(id),
    amount NUMERIC(12,2) NOT NULL,
    method VARCHAR(20) NOT NULL,
    paid_at TIMESTAMP,
    card_number VARCHAR(19)
);
CREATE TABLE wishes (
    customer_id INTEGER NOT NULL REFERENCES customers(id),
    product_id INTEGER NOT NULL REFERENCES products(id),
    PRIMARY KEY (customer_id, product_id)
);
