"""Files of hosts that were built elsewhere, as they come in."""
