"""The audit: who did what, or tried to; append-only, each line bound to the one before it."""
