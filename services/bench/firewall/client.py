"""DOOR: swaps 1,000 rules in the namespace where it runs: `client ours|peer SWAPS`.

Prints {"swaps": …, "seconds": …}.  Ours is the step as `net` performs it, the peer `nft -f` with a
file that flushes and fills the same chain.
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from appliance.plan.firewall import State, steps, wanted
from services.bench.firewall.rules import PAIR
from services.firewall.driver import FirewallDriver

FORWARD = re.compile(r"\tchain forward \{.*?\n\t\}", re.DOTALL)


async def ours(swaps: int) -> float:
    """Seconds for `swaps` swaps by our driver."""
    driver, states = FirewallDriver(), [wanted(config) for config in PAIR]
    await _put(driver, states[0])
    began = time.perf_counter()
    for number in range(swaps):
        (step,) = steps(states[(number + 1) % 2], states[number % 2])
        await driver.perform(step)
    return time.perf_counter() - began


async def peer(swaps: int) -> float:
    """Seconds for `swaps` swaps by `nft -f`."""
    driver = FirewallDriver()
    with tempfile.TemporaryDirectory(prefix="nixie-bench-") as folder:
        files = []
        for number, config in enumerate(PAIR):
            await _put(driver, wanted(config))
            files.append(Path(folder, f"{number}.nft"))
            files[-1].write_text(_refill(_nft("-s", "list", "table", "inet", "nixie")))
        began = time.perf_counter()
        for number in range(swaps):
            _nft("-f", str(files[number % 2]))
        return time.perf_counter() - began


async def _put(driver: FirewallDriver, state: State) -> None:
    for step in steps(state, await driver.observe()):
        await driver.perform(step)


def _refill(listed: str) -> str:
    """A file for `nft -f` that flushes and fills the chain of `listed`."""
    found = FORWARD.search(listed)
    assert found is not None
    return f"flush chain inet nixie forward\ntable inet nixie {{\n{found[0]}\n}}\n"


def _nft(*words: str) -> str:
    return subprocess.run(["nft", *words], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    who, swaps = sys.argv[1], int(sys.argv[2])
    taken = asyncio.run((ours if who == "ours" else peer)(swaps))
    print(json.dumps({"swaps": swaps, "seconds": taken}))
