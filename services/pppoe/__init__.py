"""PPPoE (RFC 2516): pppd keeps the session, and its hook only reports.

`wan` reads the report, `net` makes the routes; the address is the session's own, so pppd sets it.
"""
