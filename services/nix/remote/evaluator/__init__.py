"""Evaluation on a builder, for a router that has no memory to spare for it."""
