"""Optimisation: AdamW under a warm-up, stable, decay schedule."""
