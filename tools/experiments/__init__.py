"""Experiments: what the papers claim, measured with this library."""
