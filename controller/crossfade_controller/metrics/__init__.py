"""Metrics: curves of a run, reduced on the server."""
