"""Who began each connection, in the kernel's answers: linux/netfilter/nfnetlink_conntrack.h."""

from services.netlink.wire import FAMILY_BYTES, asked, attributes

GET, NEW = 1 << 8 | 1, 1 << 8  # NFNL_SUBSYS_CTNETLINK with IPCTNL_MSG_CT_*
ORIGINAL, ADDRESSES = 1, 1  # CTA_TUPLE_ORIG, CTA_TUPLE_IP
SENDERS = {1: 4, 3: 16}  # CTA_IP_V4_SRC, CTA_IP_V6_SRC, each with its length


def question() -> bytes:
    """Ask for every connection of both families."""
    return asked(GET, bytes(FAMILY_BYTES))


def sender(body: bytes | memoryview) -> bytes:
    """The packed address of who began this one; b"" when it is not there."""
    ends = _inside(_inside(body[FAMILY_BYTES:], ORIGINAL), ADDRESSES)
    return next((one for kind, one in attributes(ends) if len(one) == SENDERS.get(kind)), b"")


def _inside(body: bytes | memoryview, wanted: int) -> bytes:
    """The value of an attribute, b"" when it is not there."""
    return next((value for kind, value in attributes(body) if kind == wanted), b"")
