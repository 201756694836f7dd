"""Guard rails: one projection of what was asked onto what is allowed, and it explains itself."""
