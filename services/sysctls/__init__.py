"""Kernel settings below /proc/sys."""
