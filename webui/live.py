"""The door of the event stream: bells, not payloads.

An event in any role's file rings the bell that its class names; a file that changed without an
event rings its own.  The browser then fetches again what it shows.  A lost bell costs nothing: a
new stream begins with one of each.  Files are followed only while somebody listens.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from starlette.requests import Request
from starlette.responses import StreamingResponse

from appliance.store import journal
from appliance.store.follow import Follower, follow
from appliance.store.recall.open import recall_path
from webui.session import anybody

FILE_BELLS: Mapping[str, frozenset[str]] = {
    "nixie": frozenset({"sources", "machines"}),
    "net": frozenset({"changes", "devices"}),
    "leases": frozenset({"leases"}),
    "boot": frozenset({"boots"}),
    "build": frozenset({"builds"}),
    "wan": frozenset({"wan"}),
    "notice": frozenset({"notices"}),
}
"""What a change of a file rings when no event says more."""

BELLS = (
    "sources", "builds", "machines", "boots", "leases", "devices", "changes", "wan", "events",
    "notices", "questions", "drops", "builders", "caches",
)  # fmt: skip
MEMORIES: Mapping[str, str] = {"dns": "questions", "net": "drops"}
"""What rings when a role remembers something new."""
AGAIN_SECONDS = 2.0  # between two tries to reach a role's memory
PAUSE_SECONDS = 0.5  # between two bursts to one browser
ASK_SECONDS = 60.0  # between two looks whether the session still lives
QUIET_SECONDS = 15.0  # then a comment, so that nobody thinks the line is dead


class Listener:
    """One open stream: bells that rang since it last looked."""

    def __init__(self) -> None:
        self._rung: set[str] = set(BELLS)
        self._any = asyncio.Event()
        self._any.set()

    def ring(self, bells: frozenset[str]) -> None:
        """Remember that these rang."""
        self._rung |= bells
        self._any.set()

    async def heard(self) -> tuple[str, ...]:
        """Bells in order, () after a quiet while."""
        try:
            await asyncio.wait_for(self._any.wait(), QUIET_SECONDS)
        except TimeoutError:
            return ()
        rung, self._rung = self._rung, set()
        self._any.clear()
        return tuple(bell for bell in BELLS if bell in rung)


class Bells:
    """Follows the roles' files for every open stream together."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._listeners: set[Listener] = set()
        self._following: tuple[asyncio.Task[None], ...] = ()

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """A listener for as long as the stream is open."""
        listener = Listener()
        self._listeners.add(listener)
        if all(one.done() for one in self._following):
            self._following = tuple(map(asyncio.get_running_loop().create_task, self._all()))
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                for one in self._following:
                    one.cancel()

    async def lines(self, allowed: Callable[[], bool]) -> AsyncIterator[str]:
        """Server-sent events until `allowed` says no, asked once a minute in a thread."""
        loop = asyncio.get_running_loop()
        ask_at = loop.time() + ASK_SECONDS
        with self.listening() as listener:
            yield "retry: 2000\n\n"
            while True:
                bells = await listener.heard()
                if loop.time() > ask_at:
                    if not await asyncio.to_thread(allowed):
                        return
                    ask_at = loop.time() + ASK_SECONDS
                yield "".join(f"event: {bell}\ndata: 1\n\n" for bell in bells) or ": quiet\n\n"
                await asyncio.sleep(PAUSE_SECONDS)

    def _all(self) -> Iterator[Coroutine[None, None, None]]:
        yield self._follow()
        for role, bell in MEMORIES.items():
            yield self._remember(recall_path(self._state, role), bell)

    async def _remember(self, path: Path, bell: str) -> None:
        """Ring whenever a role remembers something new."""
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_unix_connection(path)
                with closing(writer):
                    writer.write(b'{"bells": true}\n')
                    while await reader.readline():
                        for listener in self._listeners:
                            listener.ring(frozenset({bell}))
            await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self) -> None:
        followers = {Follower(self._state / f"{name}.db"): name for name in FILE_BELLS}
        cursors: dict[str, int] = {}
        try:
            async for changed in follow(followers):
                for follower in changed:
                    name = followers[follower]
                    bells = _rung(follower, name, cursors)
                    for listener in self._listeners:
                        listener.ring(bells)
        finally:
            for follower in followers:
                follower.close()


def stream(request: Request) -> StreamingResponse:
    """The answer that never ends, for as long as whoever asked may look."""
    bells: Bells = request.app.state.bells
    return StreamingResponse(
        bells.lines(lambda: anybody(request).visitor is not None),
        media_type="text/event-stream",
    )


def _rung(follower: Follower, name: str, cursors: dict[str, int]) -> frozenset[str]:
    """The bells of one file's change; moves its cursor."""
    connection = follower.connection
    if connection is None:
        return FILE_BELLS[name]
    try:
        if name not in cursors:
            cursors[name] = journal.last(connection)
            return frozenset(BELLS)  # what came before the cursor may be newer than the page
        entries = list(journal.read(connection, cursors[name]))
        cursors[name] = journal.last(connection)
    except sqlite3.Error:  # its role is making the tables right now
        return FILE_BELLS[name]
    rung = frozenset(type(entry.event).bell for entry in entries)
    return rung | {"events"} if rung else FILE_BELLS[name]
