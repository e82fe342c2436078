"""Who holds a port, from the text of /proc/net/{udp,tcp,udp6,tcp6} (proc(5)).

A port is looked up by number only: the holder may be bound to any address or device.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Protocol = Literal["udp", "tcp"]
LISTENING = "0A"  # TCP_LISTEN, include/net/tcp_states.h


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has the port open."""

    name: str
    pid: int


def inodes(table: str, port: int, protocol: Protocol) -> frozenset[int]:
    """Inodes of the sockets in `table` that are bound to `port`; of TCP only those that listen.

    A line that cannot be read is passed over: the kernel may add columns and headings.
    """
    found = set()
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) < 10 or not words[9].isdigit():
            continue
        if protocol == "tcp" and words[3] != LISTENING:
            continue
        _, _, number = words[1].rpartition(":")
        if number.strip("0123456789ABCDEFabcdef") == "" and number and int(number, 16) == port:
            found.add(int(words[9]))
    return frozenset(found)


def taken(protocol: Protocol, port: int, link: str, holders: Iterable[Holder]) -> str:
    """Say who has the port and what to do.

    >>> taken("udp", 67, "br-lan", [Holder("dnsmasq", 123)])
    'UDP port 67 on br-lan is taken by dnsmasq (pid 123): stop it, or take br-lan from it.'
    """
    place = f" on {link}" if link else ""
    who = " and ".join(f"{one.name} (pid {one.pid})" for one in holders)
    if not who:
        return f"{protocol.upper()} port {port}{place} is taken by a process that cannot be seen."
    away = f", or take {link} from it" if link else ""
    return f"{protocol.upper()} port {port}{place} is taken by {who}: stop it{away}."
