"""DHCPv4: who gets which address, and what a firmware is told to boot.

Law: RFC 2131 (messages, table 4, §4.1 delivery), RFC 2132 (options), RFC 3396 (long options),
RFC 4578 (PXE options), RFC 3046 and 5107 (relays), RFC 6842 (the client-id is echoed).  Only the
doors `serve.py`, `link/driver.py` and `watch/driver.py` touch the world.
"""
