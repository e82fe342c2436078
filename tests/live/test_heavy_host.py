"""A host that takes 2 GiB and ten seconds to evaluate, on a router whose pages go on."""

import os
import subprocess
from contextlib import suppress
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
        parameters = [
          "records=${toString (builtins.length (builtins.deepSeq records records))}"
          "counted=${toString (COUNTED)}"
        ];
      };
    };
  };
}
"""
COUNTED = """let
  count = f: builtins.foldl' (sum: n: sum + f n) 0 (builtins.genList (n: n) 1000);
in builtins.foldl' (sum: _: sum + count (n: 1)) 0 (builtins.genList (n: n) ROUNDS)"""
"""ROUNDS thousand function calls, and no memory to speak of."""
GIBIBYTE = 1 << 30
WORK_SECONDS = 10.0
TRIED = 2_000
ROLES_KIB = {"build": 96 << 10, "web": 192 << 10}
"""What these two may hold at most, whatever a flake does."""


def test_a_host_of_two_gibibytes_and_ten_seconds_is_evaluated_while_pages_are_read() -> None:
    with bad("heavy", NIXIE_LOOK_GIBIBYTES="4") as here:
        source = written(here)
        work, pages = read_while_evaluated(here, source)
        assert work >= WORK_SECONDS
        assert pages > work / 3  # both are slow where the computer is
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
    counted = COUNTED.replace("ROUNDS", str(rounds()))
    (here.folder / "changes/flake.nix").write_text(HEAVY.replace("COUNTED", counted))
    return here.add(here.url("changes"))


def rounds() -> int:
    """How many thousand calls keep one processor of this computer busy for WORK_SECONDS."""
    words = ("--extra-experimental-features", "nix-command", "eval", "--store", "dummy://")
    expression = COUNTED.replace("ROUNDS", str(TRIED))

    def work() -> float:
        before = os.times().children_user
        subprocess.run([NIX, *words, "--expr", expression], check=True, capture_output=True)
        return os.times().children_user - before

    return round(TRIED * WORK_SECONDS / min(work() for _ in range(3)))


def read_while_evaluated(here: Bad, source: str) -> tuple[float, int]:
    """The seconds of processor time that the evaluation of "heavy" took, and how many pages were
    answered while it ran."""
    work, pages = 0.0, 0

    def settled() -> bool:
        nonlocal work, pages
        before = evaluation(here)
        assert "Overview" in here.page("/")
        after = evaluation(here)
        pages += before > 0 and after > 0
        work = max(work, after)
        return here.router.client.get(f"/sources/{source}")["state"] in {"ready", "unreadable"}

    until(settled, "it is looked at", 900)
    return work, pages


def evaluation(here: Bad) -> float:
    """Processor time that the evaluation of "heavy" has taken so far, in seconds; 0 without one."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (place / "cmdline").read_bytes().split(b"\0")
            if words[1:2] == [b"eval"] and b'"heavy"' in words[-2] and is_of(here, place):
                told = (place / "stat").read_text().rpartition(")")[2].split()
                return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def is_of(here: Bad, place: Path) -> bool:
    return str(here.router.state).encode() in (place / "environ").read_bytes()


def foreseen(here: Bad, host: str) -> int:
    """Bytes that its evaluation took, as its page says."""
    source, _, name = host.partition("/")
    text = until(
        lambda: (
            "to evaluate; this router has" in (it := here.page(f"/hosts/{source}/{name}")) and it
        ),
        "the page says what it takes",
    )
    amount, unit = text.partition(" to evaluate; this router has")[0].rsplit(" ", 2)[-2:]
    return int(float(amount) * {"GiB": GIBIBYTE, "MiB": 1 << 20, "GB": 10**9}[unit])


def peak_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
