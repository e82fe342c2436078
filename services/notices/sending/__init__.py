"""The way out to the servers that take notices."""
