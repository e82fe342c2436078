"""What DHCP needs from a link beyond its UDP sockets.

Frames to clients that have no address yet, a probe sent from no address at all, and an ear for what
other servers say to clients.
"""
