"""DOOR: measures how long a change of the LAN's address takes, by us and by the kernel's tools."""

from statistics import median
from typing import Any

from services.bench.cable.driver import cable, peer, version
from services.bench.change.homes import PORT
from services.bench.track import compared, turns

SERVER, CLIENT = "10.98.2.1/24", "10.98.2.2/24"
CHANGES = 6
ROUNDS = 3


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """`rounds` turns of 6 changes each.  Raises Unreachable."""
    told = {"name": "ip -batch, nft -f", "version": version(peer("ip"), "-V")}
    samples = turns(rounds, _taken)
    ours, theirs = samples["ours"], samples["peer"]
    mine, its = (median(seconds / amount for amount, seconds in one) for one in (ours, theirs))
    return compared(
        "lan-address-change",
        "changes/s",
        ours,
        told,
        theirs,
        seconds={"ours": round(mine, 3), "peer": round(its, 3)},
        beyond_the_kernel_seconds=round(mine - its, 3),
    )


def _taken(who: str) -> tuple[float, float]:
    with cable(PORT, SERVER, CLIENT) as lies:  # each time in namespaces where nothing was yet
        found = lies.measured("services.bench.change.client", who, str(CHANGES))
        return found["changes"], found["seconds"]
