"""A network's guard at work: its ear on the link, its probes, what it tells.

What it concludes is `services/dhcp/guard.py`; here it meets the world.
"""
