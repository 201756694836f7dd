"""Delivery: from the database to Redis, and from Redis to the database."""
