"""Measurements on this machine: medians and ratios of one run."""
