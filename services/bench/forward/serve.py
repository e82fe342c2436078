"""DOOR: the `net` role alone holds the home, in the namespace where it runs: `serve STATE`."""

import asyncio
import sys
from pathlib import Path

from services.bench.change.homes import PAIR
from services.bench.change.open import inventory
from services.net.serve import serve


def main(state: Path) -> None:
    """Serve until killed."""
    inventory(state, PAIR[0]).dispose()
    asyncio.run(serve(state))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
