"""The kernel's table of connections: told before it is full, for then new ones are refused."""
