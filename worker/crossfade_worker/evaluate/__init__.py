"""Scores checkpoints with lm-eval on held-out documents, in a process of its own, and posts the scores."""
