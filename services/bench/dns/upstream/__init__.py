"""A name server far away: it knows every name, and its answers take a while."""
