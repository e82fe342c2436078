"""Machines that wait for the owner and show a code."""
