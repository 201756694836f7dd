"""Monitoring: what Prometheus is told of the controller and of its runs."""
