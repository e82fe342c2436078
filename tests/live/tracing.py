"""Whether this kernel can trace packets as we ask it to: asked of nft, not of our code."""

import pytest

from tests.live.namespaces import Namespace

ASK = """
add table inet probe { flags owner; }
add chain inet probe c { type filter hook prerouting priority -310; }
add rule inet probe c meta nftrace set 1
"""
"""The table is gone when nft is."""


def needs_traces(inside: Namespace) -> None:
    """Skip, and say so, where the kernel lacks them (before Linux 5.12 nobody owns a table)."""
    if inside.fails("nft", ASK):
        pytest.skip("this kernel does not trace packets for the owner of a table")
