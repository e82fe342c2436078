"""The router as the binary cache of its networks: what is given away, written down and signed."""
