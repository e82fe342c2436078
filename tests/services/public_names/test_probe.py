from ipaddress import IPv6Address
from pathlib import Path

import pytest

from services.public_names import probe


def test_the_loop_of_this_machine_is_found() -> None:
    if not probe.IF_INET6.exists() or not Path("/proc/self/net/if_inet6").read_text():
        pytest.skip("this kernel has no IPv6")
    assert IPv6Address("::1") in {one.address for one in probe.owned()}
