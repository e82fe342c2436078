"""The owner's own computer: a host of a flake is built there, to be pushed."""
