"""What foreign code is told of names: what the internet says, and no address at home.

It asks at a port of its own on loopback (`appliance/plan/egress.py`); of the names that it may have
addresses of, the owner listed each for a source.
"""

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network

from appliance.model.foreign_names import LEADS_HOME
from services.dns.reply import read_reply
from services.dns.wire import Malformed, no_such_name, read_query

LINK = "lo"
EVERYWHERE = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
"""Its questions come from whatever address of ours they would have left by."""


def told(
    question: bytes, said: bytes, reached: Collection[bytes], *, led_home: bool = False
) -> bytes:
    """The answer `said` to `question`, or that there is no such name where it leads home.

    `reached` are the names in wire form that may; `led_home`: `said` did so before its addresses
    were taken out.  Who asks with EDNS is told the reason, too (RFC 8914).
    """
    try:
        query = read_query(question)
        private = led_home or read_reply(said).private
    except Malformed:
        return said
    return no_such_name(query, LEADS_HOME) if private and query.name not in reached else said
