"""Names: ours answered from leases and reservations, the rest forwarded and cached.

RFC 1035, 2308 (negative answers), 6761 and 6303 (names and reverse zones that stay at home), 6891
(EDNS), 7766 (TCP), 8482 (ANY).  The hot path is bytes: `wire.py`, `reply.py` and `cache.py`;
`zone.py` uses dnslib for what is ours; `upstream.py` keeps the questions that are on their way.
"""
