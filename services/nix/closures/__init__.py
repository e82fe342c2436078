"""Closures: what the systems of images are made of, asked of the store that has them and noted."""
