"""How the processes stand, for those who show it."""
