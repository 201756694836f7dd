"""Text to token shards, and the corpus that a run reads."""
