"""A host that takes 2 GiB and ten seconds to evaluate, on a router whose pages go on."""

import os
from pathlib import Path

import pytest

from tests.live.bad_place import Bad, bad
from tests.live.nix_place import NIX
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and network namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

HEAVY = """{
  outputs = { self }: let
    host = import ../host.nix;
    record = n: { inherit n; next = n + 1; name = "record-${toString n}"; };
    records = builtins.genList record 7000000;
  in {
    nixosConfigurations = {
      ember = host "ember" { };
      heavy = host "heavy" {
        parameters = [ "records=${toString (builtins.length (builtins.deepSeq records records))}" ];
      };
    };
  };
}
"""
GIBIBYTE = 1 << 30
ROLES_KIB = {"build": 96 << 10, "web": 192 << 10}
"""What these two may hold at most, whatever a flake does."""


def test_a_host_of_two_gibibytes_is_evaluated_while_pages_are_read() -> None:
    with bad("heavy", NIXIE_LOOK_GIBIBYTES="4") as here:
        source = written(here)
        pages = read_while_looked_at(here, source)
        assert pages > 10
        hosts = here.hosts(source)
        assert {one["kind"] for one in hosts.values()} == {"native"}, hosts
        held = foreseen(here, f"{source}/heavy")
        assert 1.8 * GIBIBYTE < held < 4 * GIBIBYTE
        for role, most in ROLES_KIB.items():
            assert peak_kib(here.router.pid(role)) < most
        assert here.built(f"{source}/ember")["state"] == "built"


def test_with_less_memory_it_is_refused_and_the_others_are_not() -> None:
    with bad("light", NIXIE_LOOK_GIBIBYTES="1") as here:
        source = written(here)
        assert here.settled(source)["state"] == "ready"
        hosts = here.hosts(source)
        assert hosts["ember"]["kind"] == "native"
        assert "GiB of memory" in hosts["heavy"]["reason"]
        assert "NIXIE_LOOK_GIBIBYTES" in hosts["heavy"]["reason"]
        assert "GiB of memory" in here.page(f"/hosts/{source}/heavy")


def written(here: Bad) -> str:
    (here.folder / "changes/flake.nix").write_text(HEAVY)
    return here.add(here.url("changes"))


def read_while_looked_at(here: Bad, source: str) -> int:
    """How often the Overview was read until the source was settled."""
    pages = 0

    def settled() -> bool:
        nonlocal pages
        assert "Overview" in here.page("/")
        pages += 1
        return here.router.client.get(f"/sources/{source}")["state"] in {"ready", "unreadable"}

    until(settled, "it is looked at", 300)
    return pages


def foreseen(here: Bad, host: str) -> int:
    """Bytes that its evaluation took, as its page says."""
    source, _, name = host.partition("/")
    text = until(
        lambda: (
            "to evaluate; this router has" in (it := here.page(f"/hosts/{source}/{name}")) and it
        ),
        "the page says what it takes",
        60,
    )
    amount, unit = text.partition(" to evaluate; this router has")[0].rsplit(" ", 2)[-2:]
    return int(float(amount) * {"GiB": GIBIBYTE, "MiB": 1 << 20, "GB": 10**9}[unit])


def peak_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
