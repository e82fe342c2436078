"""Who waits for whom, which caches are there, what is asked again: real sockets, real memory."""

import asyncio
import json
import socket
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.model.caches import Cache
from services.nix.driver import Caches, Nix
from services.nix.store import store_in
from services.nix.verdict import Answer

KEY = f"cache.example.org-1:{'A' * 43}="


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one


def soon(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 60))


def at(one: socket.socket) -> Cache:
    return Cache("c", f"http://127.0.0.1:{one.getsockname()[1]}", (KEY,))


def test_a_cache_that_takes_connections_is_there(listening: socket.socket) -> None:
    cache = at(listening)
    assert soon(Caches().there([cache])) == (cache,)


def test_a_cache_that_is_not_there_is_left_alone_for_a_while() -> None:
    async def thrice() -> list[bool]:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            caches, cache = Caches(), at(one)
            before = await caches.there([cache])
            one.listen()
            after = await caches.there([cache])
            caches.forgive(cache)
            return [bool(before), bool(after), bool(await caches.there([cache]))]

    assert soon(thrice()) == [False, False, True]


def asked_of(folder: Path, *says: str) -> tuple[Answer, int]:
    """What is answered by a broker whose jobs fail with these words in turn, "" for success; and
    how often it was asked."""
    left = list(says)

    async def job(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        word = left.pop(0)
        told = json.dumps({"action": "msg", "level": 0, "msg": word, "raw_msg": word})
        lines = [{"err": f"@nix {told}\n"}] if word else [{"out": "found"}]
        for line in (*lines, {"exit": 1 if word else 0, "reason": "done", "what": ""}):
            writer.write(json.dumps(line).encode() + b"\n")
        writer.close()

    async def run() -> Answer:
        nix = Nix(store_in(folder, Path("/nix"), system_store=False), folder / "broker", folder)
        async with await asyncio.start_unix_server(job, nix.broker):
            return await nix.ask("look", {})

    return soon(run()), len(says) - len(left)


def test_a_job_whose_connection_the_daemon_dropped_is_done_again(tmp_path: Path) -> None:
    answer, times = asked_of(tmp_path, "reading from file: Connection reset by peer", "")
    assert (answer.exit, answer.out, times) == (0, "found", 2)


def test_a_job_that_failed_by_itself_is_not_done_again(tmp_path: Path) -> None:
    answer, times = asked_of(tmp_path, "undefined variable 'pkg'", "")
    assert (answer.exit, times) == (1, 1)


def test_a_daemon_that_stays_away_is_told(tmp_path: Path) -> None:
    answer, times = asked_of(tmp_path, *["cannot connect to socket at 's'"] * 3)
    assert (answer.exit, answer.error, times) == (1, "cannot connect to socket at 's'", 3)
