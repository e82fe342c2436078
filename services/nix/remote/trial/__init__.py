"""A trial of a builder, step by step."""
