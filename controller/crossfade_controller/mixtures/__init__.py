"""Mixtures: the append-only history of versions."""
