"""The product: sign in, exchange, query as the person, draw."""
