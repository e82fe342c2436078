"""The time for the router and its networks (RFC 5905): chronyd asks, we answer at home."""
