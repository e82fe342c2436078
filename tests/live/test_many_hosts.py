"""A flake of 200 hosts: looked at one by one, within bounds, on a router whose pages go on."""

import os
import time
from itertools import pairwise

import pytest

from appliance.store.reads import Reads
from tests.live.bad_place import Bad, bad
from tests.live.nix_place import NIX
from tests.live.test_heavy_host import peak_kib
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

HOSTS = 200
LARGEST_KIB = 64 << 10
"""What the build role may hold at its most: it starts with about 30 MiB."""
PAUSE_SECONDS = 1.0
"""Of who reads pages; nothing is measured by it."""
FLAKE = f"""{{
  outputs = {{ self }}: {{
    nixosConfigurations = builtins.listToAttrs (map (name: {{
      inherit name;
      value = import ../host.nix name {{ }};
    }}) (builtins.genList (n: "h${{toString n}}") {HOSTS}));
  }};
}}
"""


def test_200_hosts_are_looked_at_and_foreseen_in_bounded_memory_while_pages_are_read() -> None:
    with bad("many") as here:
        (here.folder / "changes/flake.nix").write_text(FLAKE)
        source = here.add(here.url("changes"))
        seen = read_while_looked_at(here, source)
        assert here.settled(source)["state"] == "ready"
        hosts = here.hosts(source)
        assert len(hosts) == HOSTS
        assert {one["kind"] for one in hosts.values()} == {"native"}
        reads = Reads(here.router.state)
        outlooks = until(
            lambda: len(told := reads.outlooks()) == HOSTS and told, "each is foreseen", 900
        )
        assert all(one.needs for one in outlooks.values())
        held = peak_kib(here.router.pid("build"))
        print(f"{HOSTS} hosts, {len(seen)} pages, {held} KiB at most")
        assert held < LARGEST_KIB
    steps = [after - before for before, after in pairwise(seen)]
    assert max(steps) < HOSTS / 10  # a few looks between two pages, however long they take


def read_while_looked_at(here: Bad, source: str) -> list[int]:
    """How many hosts had their verdict, by each page of the source that was read meanwhile."""
    seen: list[int] = []

    def settled() -> bool:
        time.sleep(PAUSE_SECONDS)
        assert "changes" in here.page(f"/sources/{source}")
        seen.append(sum(one["kind"] != "looking" for one in here.hosts(source).values()))
        return here.router.client.get(f"/sources/{source}")["state"] in {"ready", "unreadable"}

    until(settled, "it is looked at", 900)
    return seen
