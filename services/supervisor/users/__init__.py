"""Who runs what on this computer."""
