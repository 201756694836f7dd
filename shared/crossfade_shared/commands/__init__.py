"""The commands that talk to a controller. Results on standard output, notes on standard error."""
