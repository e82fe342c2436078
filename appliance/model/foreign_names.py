"""Where foreign code asks for names, and what it is told beside them."""

from typing import Final

NAMES_PORT: Final = 1053
"""Where the resolver hears foreign code, on loopback alone (`appliance/plan/egress.py`)."""
LEADS_HOME: Final = 18  # RFC 8914 §4.19, prohibited
"""The reason by which it says there that a name leads into the owner's own network."""
