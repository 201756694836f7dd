"""Events: what happened to a run, as it happens."""
