"""Prefixes that the provider delegates (RFC 8415 §6.3): dhcpcd asks, and its hook only reports.

`net` reads the report and assigns; dhcpcd itself may change nothing.
"""
