"""Putting questions to several upstreams as if they were one."""
