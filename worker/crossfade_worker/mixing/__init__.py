"""Mixing: which sequences the next global batch holds, and how every rank comes to agree on it."""
