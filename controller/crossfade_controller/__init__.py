"""The controller: a service that keeps the history of runs and publishes mixtures."""
