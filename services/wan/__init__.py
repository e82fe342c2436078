"""The way out: a DHCP client (RFC 2131), and a watch on the gateway.

It reports; `net` gives the address and the routes.  `lease.py` and `gauge.py` are machines without
any I/O, `driver.py` is the one cable they speak over.
"""
