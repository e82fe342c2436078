"""A cache is tried, step by step."""
