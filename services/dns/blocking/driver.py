"""The door to the lists: asks the broker for what is due, keeps it, and hands out what is blocked.

The last good list goes on when a new one cannot be had.
"""

import asyncio
import base64
import sqlite3
from collections.abc import Callable
from contextlib import aclosing, suppress
from pathlib import Path

from appliance.errors import NixieError
from appliance.model.dns import Blocking
from appliance.store import names
from services.dns.blocked import Blocked, Hashes
from services.dns.lists import due_at, of_owner
from services.processes.client import ask

OF_OWNER = "your own names"
"""What the list is called that the owner wrote into the configuration."""


class NotFetched(Exception):
    """The text says why."""


class Lists:
    """The lists that the configuration names.  `changed` is called when what is blocked changed."""

    def __init__(
        self, own: sqlite3.Connection, broker: Path, changed: Callable[[Blocked], None]
    ) -> None:
        self._own, self._broker, self._changed = own, broker, changed
        self._blocking = Blocking()
        self._loaded: dict[str, Hashes] = {}
        self._work: asyncio.Task[None] | None = None

    def want(self, blocking: Blocking) -> None:
        """From now on these."""
        if blocking == self._blocking:
            return
        self._blocking = blocking
        urls = [one.url for one in blocking.lists]
        self._loaded = {url: one for url, one in self._loaded.items() if url in urls}
        for url in urls:
            self._load(url)
        with suppress(sqlite3.Error):  # a full disk: they are forgotten another time
            names.forget_lists(self._own, urls)
        self._tell()

    def look(self, now: float) -> None:
        """Fetch what is due, one list at a time."""
        if not self._blocking.lists or (self._work is not None and not self._work.done()):
            return
        rows = {one.url: one for one in names.lists(self._own)}
        every = self._blocking.refresh_hours
        for one in self._blocking.lists:
            if now >= due_at(rows.get(one.url), every, now):
                self._work = asyncio.get_running_loop().create_task(self._fetch(one.url, now))
                return

    def close(self) -> None:
        """Stop fetching."""
        if self._work:
            self._work.cancel()

    def _load(self, url: str) -> None:
        if url not in self._loaded and (found := names.hashes(self._own, url)):
            self._loaded[url] = Hashes(*found)

    def _tell(self) -> None:
        every = dict(self._loaded)
        if self._blocking.names:
            every[OF_OWNER] = Hashes(b"", of_owner(self._blocking.names))
        self._changed(Blocked(every, self._blocking.allowed))

    async def _fetch(self, url: str, now: float) -> None:
        try:
            exact, below = await self._fetched(url)
            names.keep_list(self._own, url, bytes(exact), bytes(below), now)
        except (NotFetched, NixieError, OSError) as error:
            self._keep_problem(url, str(error), now)
            return
        except sqlite3.Error as error:
            self._keep_problem(url, f"It cannot be kept: {error}.", now)
            return
        self._loaded.pop(url, None)
        if url in [one.url for one in self._blocking.lists]:
            self._load(url)
            self._tell()

    def _keep_problem(self, url: str, problem: str, now: float) -> None:
        with suppress(sqlite3.Error):  # a full disk: it is tried again at the next look
            names.keep_problem(self._own, url, problem, now)

    async def _fetched(self, url: str) -> tuple[bytearray, bytearray]:
        """The hashes of the list.  Raises NotFetched, Unreachable."""
        found = {"exact": bytearray(), "below": bytearray()}
        rest, wrong = "", ""
        async with aclosing(ask(self._broker, "list", {"url": url})) as answers:
            async for answer in answers:
                wrong += answer.get("err", "")
                *lines, rest = (rest + answer.get("out", "")).split("\n")
                for line in lines:
                    word, _, coded = line.partition(" ")
                    if word in found:
                        found[word] += base64.b64decode(coded)
                if answer.get("exit", 0):
                    raise NotFetched(wrong.strip().splitlines()[-1] if wrong else answer["what"])
        return found["exact"], found["below"]
