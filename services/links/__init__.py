"""The kernel's links, addresses and routes, through rtnetlink (RFC 3549)."""
