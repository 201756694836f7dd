"""Benchmarks: scores of checkpoints."""
