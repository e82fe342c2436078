"""The kernel's netlink, read by hand for the rooms that ask it much: RFC 3549, linux/netlink.h."""
