"""Idempotency: a request that is repeated under the same key does its work once."""
