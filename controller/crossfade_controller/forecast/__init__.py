"""The forecast: what a run will have drawn from each source by its end, and what that is worth."""
