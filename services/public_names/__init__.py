"""Names on the internet that follow the router's address: dyndns2 over HTTPS, and signed updates.

Part of the role `notice`: it has the owner's secrets and the way out, and no privilege.  dyndns2 is
what Dyn wrote down as its Remote Access API; updates are RFC 2136, signed by TSIG (RFC 8945).
"""
