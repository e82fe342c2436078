"""A flake of 200 hosts: looked at one by one, within bounds."""

import os
import time
from pathlib import Path

import pytest

from tests.live.nix_place import NIX, place
from tests.live.test_nix import FLAKE, flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

HOSTS = 200
LARGEST_KIB = 64 << 10
"""What the build role may hold at its most: it starts with about 30 MiB."""


def many() -> dict[str, str | bytes]:
    """The tiny flake with 200 hosts that differ."""
    files = flake("ember")
    start = FLAKE.index("nixosConfigurations = {")
    made = (
        "nixosConfigurations = builtins.listToAttrs (builtins.genList (n: let name = "
        f'"h${{toString n}}"; in {{ inherit name; value = host name {{ }}; }}) {HOSTS});'
        "\n    };\n}\n"
    )
    files["flake.nix"] = FLAKE[:start].replace('changes.stamp or "1"', '"1"') + made
    return files


def peak_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def test_200_hosts_are_looked_at_and_foreseen_in_bounded_memory() -> None:
    with place() as here:
        began = time.monotonic()
        source = here.add(f"path:{here.flake('many', many())}")
        assert here.settled(source, 900).state == "ready"
        looked = time.monotonic() - began
        verdicts = here.verdicts(source)
        assert len(verdicts) == HOSTS
        assert {one.kind for one in verdicts.values()} == {"native"}
        outlooks = until(
            lambda: len(told := here.desk.reads.outlooks()) == HOSTS and told,
            "each is foreseen",
            300,
        )
        assert all(one.needs for one in outlooks.values())
        assert here.role is not None
        held = peak_kib(here.role.pid)
        print(f"{HOSTS} hosts looked at in {looked:.0f} s, {held} KiB at most")
        assert held < LARGEST_KIB
