"""Looks: from a fetched flake to a verdict on each of its hosts, as `eval`."""
