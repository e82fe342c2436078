"""The state directory: what is in it, whose it is, and how it is mended while roles run."""
