"""Waking machines that are switched off."""
