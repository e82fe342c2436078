"""The box's own certificates, made in a process that ends when they are."""
