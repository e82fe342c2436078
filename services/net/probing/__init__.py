"""The router asks itself whether a change on trial works."""
