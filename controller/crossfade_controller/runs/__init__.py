"""Runs: what is trained, on which sources, and how far it is."""
