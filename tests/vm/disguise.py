"""QEMU's BIOS ROM made to look like another one to the router.

The ROM is iPXE of 2019, so the router sends it the script at once.  What a plain PXE ROM would not
say is taken out of its DHCP packets on their way in, at the places where this one build has it (see
`tests/captures/dhcp/ipxe2019-bios-virtio.hex`).  All else is real: its TFTP, its PXE stack, and the
loader that runs on that stack, whose own packets are left alone.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.live.standing import Router

PLAIN = {290: 0xE1, 321: 0xE0}
"""Options 77 and 175 become two that nobody knows: a plain PXE ROM."""

WITHOUT_HTTP = {341: 0x7F}
"""The feature HTTP inside option 175 becomes another: an old iPXE that has to be chained."""

RULES = """
table netdev disguise {{
  chain in {{
    type filter hook ingress device "lan0" priority 0;
    udp dport 67 @ih,2568,8 0xaf @ih,2640,32 0xeb030100 {changes} udp checksum set 0
  }}
}}
"""
"""Only packets with option 175 in that place and iPXE's version 1.0.0 in it are changed."""


@contextmanager
def disguised(router: Router, as_what: dict[int, int]) -> Iterator[None]:
    """BIOS machines behind `router` look like that for the length of a block."""
    changes = " ".join(f"@ih,{at * 8},8 set {code:#x}" for at, code in as_what.items())
    nft = ["ip", "netns", "exec", router.namespace, "nft"]
    rules = RULES.format(changes=changes)
    subprocess.run([*nft, "-f", "-"], input=rules, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run([*nft, "delete", "table", "netdev", "disguise"], check=True)
