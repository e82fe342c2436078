"""What owners send that is too large for memory: files, written down as they come."""
