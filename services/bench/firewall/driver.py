"""DOOR: measures how fast 1,000 rules are swapped, by us and by `nft -f`, turn by turn."""

from typing import Any

from services.bench.cable.driver import cable, peer, version
from services.bench.track import compared, turns

LINK, SERVER, CLIENT = "nxbf", "10.98.1.1/24", "10.98.1.2/24"
SWAPS = 10
ROUNDS = 5


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """`rounds` turns of 10 swaps each.  Raises Unreachable."""
    told = {"name": "nft -f", "version": version(peer("nft"), "--version")}
    with cable(LINK, SERVER, CLIENT) as lies:

        def taken(who: str) -> tuple[float, float]:
            found = lies.measured("services.bench.firewall.client", who, str(SWAPS))
            return found["swaps"], found["seconds"]

        samples = turns(rounds, taken)
    ours, theirs = samples["ours"], samples["peer"]
    return compared("firewall-1000-rules", "swaps/s", ours, told, theirs)
