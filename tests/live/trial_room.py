"""One change without Keep, and what becomes of it: for a router in namespaces or in a machine.

The router is as it was when its kernel prints the same as before, and it serves.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tests.live.net_room import without_the_stranger
from tests.live.waiting import until

SECONDS = 6
SHOWN = (
    ("ip", "-br", "-4", "addr"),
    ("ip", "-br", "link", "show", "master", "br-lan"),
    ("ip", "-4", "route"),
    ("nft", "-s", "list", "table", "inet", "nixie"),
)
MADE_ANEW = re.compile(r"@if\d+|([0-9a-f]{2}:){5}[0-9a-f]{2}")

Config = dict[str, Any]
Mistake = Callable[[Config], None]


class Tried(Protocol):
    """A router with somebody on its networks."""

    @property
    def client(self) -> Any:
        """Its API."""

    def shows(self, *words: str) -> str:
        """What a command inside it prints."""

    def trial(self, change: str) -> str:
        """How that change stands, by net's own word; "" before net has it."""

    def is_whole(self) -> bool:
        """Is everybody served?"""

    def answers(self) -> bool:
        """Does the API answer?"""


@dataclass(frozen=True)
class Patience:
    """How long things may take there: `grace` beyond the deadline, `start` of a whole router."""

    grace: float = 120
    start: float = 120


def picture(tried: Tried, *more: tuple[str, ...]) -> str:
    """Addresses, ports, filter and what `more` commands show, as the kernel's tools print them.

    Not what it does not mean: the order of counters, and cards that a start makes anew.
    """
    printed = "\n".join(tried.shows(*words) for words in (*SHOWN, *more))
    return "\n".join(sorted(MADE_ANEW.sub("", without_the_stranger(printed)).splitlines()))


def undone_in_time(
    tried: Tried,
    mistake: Mistake,
    trouble: Callable[[], None],
    *more: tuple[str, ...],
    seconds: int = SECONDS,
    patience: Patience = Patience(),
    shows: bool = True,
) -> None:
    """Make the mistake, let the trouble come, press nothing: by the deadline everything is back.

    `shows` says whether the kernel shows such a mistake.
    """
    before = picture(tried, *more)
    config = tried.client.get("/config")["config"]
    mistake(config)
    change = tried.client.post("/config", config, seconds=seconds)["wish"]
    until(lambda: tried.trial(change) in ("pending", "undone"), "it is tried", patience.start)
    deadline = time.monotonic() + seconds
    shown = picture(tried, *more)
    if shows and tried.trial(change) == "pending":  # else it was over while we looked
        assert shown != before
    trouble()
    left = max(deadline - time.monotonic(), 0) + patience.grace
    until(
        lambda: (tried.trial(change), picture(tried, *more)) == ("undone", before),
        "it is back",
        left,
    )
    until(tried.is_whole, "everything is served", patience.start)
    until(tried.answers, "the API answers", patience.start)
    told = tried.client.get("/change")
    assert (told["id"], told["state"]) == (change, "undone")
